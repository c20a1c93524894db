//! How numbers and lists are written in findings.

use crate::text::signed_percent;

/// `+34 %`, `-5 %`.
pub(super) fn change(ratio: f64) -> String {
    signed_percent(((ratio - 1.0) * 100.0).round())
}

/// The first `most` entries joined by `, `, and how many more there are.
pub(super) fn list(entries: &[String], most: usize) -> String {
    let shown = entries[..entries.len().min(most)].join(", ");
    match entries.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
