//! Two runs side by side, for a terminal, as Markdown and as a page.

mod console;
mod markdown;
mod page;

pub use console::write;
pub use markdown::markdown;
pub use page::page;

use super::wording;
use crate::text::short_commit;
use crate::verdict::{RunComparison, SideOfComparison, Unit, ValueMove};

/// The measures of a table, each with its heading.
const COLUMNS: [(&str, &str); 5] =
    [("p50", "p50"), ("p95", "p95"), ("p99", "p99"), ("error_rate", "Failed"), ("rps", "Requests/s")];

/// `402 → 541 ms (+35 %)`; a dash where a run does not have it.
fn value_text(value: Option<&ValueMove>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let (a, b) = value.values;
    let change = match value.unit {
        Unit::Percent => String::new(),
        _ => value.change_percent.map_or_else(String::new, |change| format!(" ({})", wording::signed_percent(change))),
    };
    let from = value.unit.show(a);
    let unit = [" ms", " %", "/s"].into_iter().find(|unit| from.ends_with(unit)).unwrap_or_default();
    format!("{} → {}{change}", from.trim_end_matches(unit), value.unit.show(b))
}

/// Which run a side is: `A: loadforge-results, commit 4be1d2a, 2026-11-22 10:00 UTC, fail`.
fn side_text(letter: char, side: &SideOfComparison) -> String {
    let commit = side.commit.as_deref().map(|commit| format!("commit {}", short_commit(commit)));
    let at = side.at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let verdict = side.verdict.map(|verdict| verdict.to_string());
    let parts: Vec<String> = [Some(side.name.clone()), commit, at, verdict].into_iter().flatten().collect();
    format!("{letter}: {}", parts.join(", "))
}

/// The settings that differ, in a sentence; `None` where none does.
fn differences_text(comparison: &RunComparison) -> Option<String> {
    if comparison.differences.is_empty() {
        return None;
    }
    let shown = |text: &str| text.get(..8).filter(|_| text.len() == 64).unwrap_or(text).to_owned();
    let fields = comparison.differences.iter().map(|(field, a, b)| format!("{field} {} → {}", shown(a), shown(b)));
    Some(format!("The settings differ: {}.", fields.collect::<Vec<_>>().join(", ")))
}

/// What moved, in a sentence.
fn headline(comparison: &RunComparison) -> String {
    let all = crate::text::counted(comparison.endpoints.len(), "endpoint");
    let moved = comparison.endpoints.iter().filter(|one| one.moved()).count();
    match comparison.endpoints.first().filter(|one| one.moved()) {
        None => format!("Nothing moved beyond noise in {all}"),
        Some(most) => {
            let value = most.values.iter().filter(|value| value.direction != crate::verdict::Direction::WithinNoise);
            let words = value.map(|value| format!("{} {}", value.measure, value_text(Some(value))));
            format!("{moved} of {all} moved; most of all {}: {}", most.label(), words.collect::<Vec<_>>().join(", "))
        }
    }
}
