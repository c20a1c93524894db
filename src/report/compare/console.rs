//! The comparison for a terminal or a build log.

use std::io::{self, Write};

use super::{COLUMNS, differences_text, headline, side_text, value_text};
use crate::clean;
use crate::text::{Align, Table, counted, wrapped};
use crate::verdict::{EndpointMove, RunComparison};

/// Endpoints shown that did not move; more are counted.
const MOST_STILL: usize = 20;
/// Endpoints shown that moved.
const MOST_MOVED: usize = 200;
/// Names listed of endpoints that one run alone called.
const MOST_NAMES: usize = 10;

/// Writes the comparison within `width` columns.
///
/// # Errors
/// When the sink cannot be written.
pub fn write(sink: &mut dyn Write, comparison: &RunComparison, width: usize) -> io::Result<()> {
    let width = width.max(60);
    let sides = [side_text('A', &comparison.a), side_text('B', &comparison.b)];
    for text in std::iter::once(format!("{}.", headline(comparison))).chain(sides).chain(differences_text(comparison)) {
        for line in wrapped(&clean::line(&text), width) {
            writeln!(sink, "{line}")?;
        }
    }
    let (moved, still): (Vec<_>, Vec<_>) = comparison.endpoints.iter().partition(|one| one.moved());
    let shown = moved.iter().take(MOST_MOVED).chain(still.iter().take(MOST_STILL)).copied();
    write!(sink, "\n{}", table(shown.chain([&comparison.total])).render_within(width, 1))?;
    let more = moved.len().saturating_sub(MOST_MOVED) + still.len().saturating_sub(MOST_STILL);
    if more > 0 {
        writeln!(sink, "  … {} more", counted(more, "endpoint"))?;
    }
    for (words, keys) in [("Only A calls", &comparison.only_a), ("Only B calls", &comparison.only_b)] {
        if !keys.is_empty() {
            let names: Vec<String> =
                keys.iter().take(MOST_NAMES).map(|key| clean::line(&key.to_string()).into()).collect();
            let more = keys.len().saturating_sub(MOST_NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(sink, "{words} {}{more}", names.join(", "))?;
        }
    }
    writeln!(sink)?;
    for line in wrapped(&comparison.noise, width) {
        writeln!(sink, "{line}")?;
    }
    Ok(())
}

fn table<'a>(endpoints: impl Iterator<Item = &'a EndpointMove>) -> Table {
    // A build log has no room for p99.
    let columns = || COLUMNS.iter().filter(|(measure, _)| *measure != "p99");
    let values = columns().map(|(_, head)| (*head, Align::Right));
    let mut table = Table::new([("", Align::Left), ("endpoint", Align::Left)].into_iter().chain(values));
    for one in endpoints {
        let values = columns().map(|(measure, _)| value_text(one.value(measure)));
        let head = [one.word().to_owned(), clean::line(&one.label()).into_owned()];
        table.row(head.into_iter().chain(values).collect());
    }
    table
}
