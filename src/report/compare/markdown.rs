//! The comparison as Markdown, for a comment or a wiki.

use std::fmt::Write as _;

use super::{COLUMNS, differences_text, headline, side_text, value_text};
use crate::report::align;
use crate::report::escape::markdown as escape;
use crate::text::counted;
use crate::verdict::{EndpointMove, RunComparison};

/// Rows of each table; more are counted.
const MOST_ROWS: usize = 200;

/// The comparison as Markdown.
#[must_use]
pub fn markdown(comparison: &RunComparison) -> String {
    let mut out = format!("### {}\n\n", escape::prose(&headline(comparison)));
    let sides = [side_text('A', &comparison.a), side_text('B', &comparison.b)];
    for text in sides.into_iter().chain(differences_text(comparison)) {
        let _ = writeln!(out, "- {}", escape::prose(&text));
    }
    let (moved, still): (Vec<_>, Vec<_>) = comparison.endpoints.iter().partition(|one| one.moved());
    out.push('\n');
    let shown: Vec<_> = moved.iter().copied().chain([&comparison.total]).collect();
    rows(&mut out, &shown);
    if !still.is_empty() {
        let _ = write!(out, "\n<details><summary>{} within noise</summary>\n\n", counted(still.len(), "endpoint"));
        rows(&mut out, &still);
        out.push_str("\n</details>\n");
    }
    for (words, keys) in [("Only A calls", &comparison.only_a), ("Only B calls", &comparison.only_b)] {
        if !keys.is_empty() {
            let names: Vec<String> = keys.iter().take(20).map(|key| escape::code(&key.to_string())).collect();
            let more = keys.len().saturating_sub(20);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = write!(out, "\n{words} {}{more}.\n", names.join(", "));
        }
    }
    let _ = write!(out, "\n{}\n", escape::prose(&comparison.noise));
    align::tables(&out)
}

fn rows(out: &mut String, endpoints: &[&EndpointMove]) {
    let heads: Vec<&str> = COLUMNS.iter().map(|(_, head)| *head).collect();
    let _ = writeln!(out, "| Endpoint | Moved | {} |", heads.join(" | "));
    let _ = writeln!(out, "| --- | --- |{}", " ---: |".repeat(heads.len()));
    for one in endpoints.iter().take(MOST_ROWS) {
        let name = one.key.as_ref().map_or_else(|| one.label(), |key| escape::code(&key.to_string()));
        let values: Vec<String> = COLUMNS.iter().map(|(measure, _)| value_text(one.value(measure))).collect();
        let _ = writeln!(out, "| {name} | {} | {} |", one.word(), values.join(" | "));
    }
    if endpoints.len() > MOST_ROWS {
        let _ = write!(out, "\n{} more.\n", counted(endpoints.len() - MOST_ROWS, "endpoint"));
    }
}
