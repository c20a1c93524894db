//! Running totals that are followed for findings: parsed only where they are kept.

use super::thinned::Thinned;
use super::totals::Totals;
use crate::locust::{CsvError, HistoryRow, KeptRow};

/// Points kept of each series that findings are looked for in, beside the newest.
pub(super) const MOST_POINTS: usize = 360;

/// The running totals of one endpoint while the history streams by.
#[derive(Debug)]
pub(super) struct Followed {
    totals: Thinned<Totals>,
    /// When the newest row was written, Unix seconds.
    newest_s: i64,
    /// The newest row, where it was passed over.
    newest: Option<KeptRow>,
    /// Spares an allocation for each row that is passed over.
    spare: KeptRow,
}

impl Followed {
    pub(super) fn new() -> Self {
        Self { totals: Thinned::new(MOST_POINTS), newest_s: i64::MIN, newest: None, spare: KeptRow::default() }
    }

    /// Whether only the time of the next row is needed now, and the row itself perhaps later.
    pub(super) fn passes_over_next(&mut self) -> bool {
        !self.totals.keeps_next()
    }

    /// Takes in the next row, unless the clock was set back, which would break every difference.
    pub(super) fn take(&mut self, row: &HistoryRow<'_>) -> Result<(), CsvError> {
        let t_s = row.timestamp()?;
        if t_s < self.newest_s {
            return Ok(());
        }
        self.newest_s = t_s;
        if self.totals.keeps_next() {
            self.totals.push(Totals::with_percentiles(row)?);
            if let Some(passed) = self.newest.take() {
                self.spare = passed;
            }
        } else {
            let mut kept = self.newest.take().unwrap_or_else(|| std::mem::take(&mut self.spare));
            row.keep_in(&mut kept);
            self.newest = Some(kept);
            self.totals.skip();
        }
        Ok(())
    }

    /// The newest row, when it was passed over and has to be read now.
    pub(super) fn passed_over(&mut self) -> Option<KeptRow> {
        self.newest.take()
    }

    /// Sets the newest totals.
    pub(super) fn set_newest(&mut self, totals: Totals) {
        self.totals.set_newest(totals);
    }

    /// The totals that are kept, the newest ones last.
    pub(super) fn finish(self) -> Vec<Totals> {
        self.totals.finish()
    }
}
