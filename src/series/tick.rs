//! The moment of a row of the history, and the percentiles of the window that ends with it.

use crate::locust::{CsvError, HistoryRow};
use crate::results::Percentile;

/// The length of a window, s: Locust's percentiles of the history look back about this far
/// (`locust/stats.py`, `CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`).
pub(super) const WINDOW_S: i64 = 10;

/// The moment of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    pub(super) t_s: i64,
    /// The first moment of the run.
    pub(super) start_s: i64,
    /// Users running.
    pub(super) users: u32,
    /// The moment before; the same one at the start.
    pub(super) before_s: i64,
    /// When the most users were first seen, so far.
    pub(super) steady_from_s: i64,
    /// Rises each time more users are seen than ever before: what counted as steady until then was ramp-up.
    pub(super) epoch: u32,
}

/// The percentiles of the window that ends with a row, rising.
pub(super) fn percentile_table(row: &HistoryRow<'_>) -> Result<Vec<(Percentile, f64)>, CsvError> {
    let mut table = Vec::with_capacity(Percentile::LOCUST.len());
    for percentile in row.percentiles() {
        if let Some(value) = row.percentile(percentile)? {
            table.push((percentile, value));
        }
    }
    table.sort_by_key(|(percentile, _)| *percentile);
    Ok(table)
}
