//! Data collected for the gates of one endpoint while the history is read.

use super::mixture::Mixture;
use super::request::{WindowLimit, WindowValue};
use super::thinned::Thinned;
use super::totals::{Interval, Totals};
use crate::locust::{CsvError, HistoryRow};
use crate::results::Percentile;

/// The length of a window, s: Locust's percentiles of the history look back about this far
/// (`locust/stats.py`, `CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`).
pub(super) const WINDOW_S: i64 = 10;

/// Maximum number of windows kept for a drift; slopes are computed between all pairs of them.
const MOST_DRIFT_POINTS: usize = 120;

impl WindowValue {
    /// The value in a window, its percentiles taken from the row at its end. `None` where nothing was measured.
    fn of(self, window: &Interval, row: &HistoryRow<'_>) -> Result<Option<f64>, CsvError> {
        match self {
            Self::Percentile(wanted) if window.requests > 0 => row.percentile(wanted),
            Self::Percentile(_) => Ok(None),
            Self::Counted(value) => Ok(value(window)),
        }
    }
}

/// The moment of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    pub(super) t_s: i64,
    /// Users running.
    pub(super) users: u32,
    /// The moment before; the same one at the start.
    pub(super) before_s: i64,
    /// When the most users were first seen, so far.
    pub(super) steady_from_s: i64,
    /// Rises each time more users are seen than ever before: what counted as steady until then was ramp-up.
    pub(super) epoch: u32,
}

/// How many windows kept a limit.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) limit: WindowLimit,
    pub(super) after_ramp_up: bool,
    pub(super) held: u64,
    pub(super) judged: u64,
}

/// A value in each window after the ramp-up.
#[derive(Debug, Clone)]
pub(super) struct DriftSeries {
    pub(super) value: WindowValue,
    /// Seconds and values.
    pub(super) points: Thinned<(f64, f64)>,
}

impl DriftSeries {
    pub(super) const fn new(value: WindowValue) -> Self {
        Self { value, points: Thinned::new(MOST_DRIFT_POINTS) }
    }
}

/// The data collected for one endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    pub(super) rows: u64,
    pub(super) shares: Vec<Share>,
    pub(super) drifts: Vec<DriftSeries>,
    /// Whether percentiles after the ramp-up were requested.
    pub(super) wants_mixture: bool,
    pub(super) mixture: Mixture,
    pub(super) steady_start: Totals,
    pub(super) last: Totals,
    epoch: Option<u32>,
    whole_window: Totals,
    steady_window: Totals,
}

impl Track {
    /// Takes in the endpoint's next row.
    pub(super) fn take(&mut self, row: &HistoryRow<'_>, tick: Tick) -> Result<(), CsvError> {
        let now = Totals::at(tick.t_s, tick.users, row)?;
        if self.rows == 0 {
            self.last = Totals::nothing_until(tick.before_s);
            self.whole_window = self.last;
        }
        self.rows += 1;
        if now.requests < self.last.requests {
            // `locust --reset-stats` sets all counters to 0 when the ramp-up is over.
            let reset = Totals::nothing_until(self.last.t_s);
            (self.whole_window, self.steady_window, self.steady_start) = (reset, reset, reset);
            self.mixture.clear();
        }
        if self.epoch != Some(tick.epoch) {
            self.epoch = Some(tick.epoch);
            self.begin_steady(if tick.t_s == tick.steady_from_s { now } else { self.last });
        }
        if now.t_s - self.whole_window.t_s >= WINDOW_S {
            let window = Interval::between(&self.whole_window, &now);
            self.whole_window = now;
            judge(&mut self.shares, false, &window, row)?;
        }
        if now.t_s - self.steady_window.t_s >= WINDOW_S {
            self.close_steady(now, row)?;
        }
        self.last = now;
        Ok(())
    }

    fn begin_steady(&mut self, at: Totals) {
        self.steady_start = at;
        self.steady_window = at;
        self.mixture.clear();
        for drift in &mut self.drifts {
            *drift = DriftSeries::new(drift.value);
        }
        for share in self.shares.iter_mut().filter(|share| share.after_ramp_up) {
            (share.held, share.judged) = (0, 0);
        }
    }

    fn close_steady(&mut self, now: Totals, row: &HistoryRow<'_>) -> Result<(), CsvError> {
        let window = Interval::between(&self.steady_window, &now);
        self.steady_window = now;
        judge(&mut self.shares, true, &window, row)?;
        for drift in &mut self.drifts {
            if let Some(value) = drift.value.of(&window, row)? {
                drift.points.push((now.t_s as f64, value));
            }
        }
        if self.wants_mixture && window.requests > 0 {
            let mut table = Vec::with_capacity(Percentile::LOCUST.len());
            for percentile in row.percentiles() {
                if let Some(value) = row.percentile(percentile)? {
                    table.push((percentile, value));
                }
            }
            table.sort_by_key(|(percentile, _)| *percentile);
            self.mixture.add(&table, window.requests);
        }
        Ok(())
    }
}

fn judge(shares: &mut [Share], after_ramp_up: bool, window: &Interval, row: &HistoryRow<'_>) -> Result<(), CsvError> {
    for share in shares.iter_mut().filter(|share| share.after_ramp_up == after_ramp_up) {
        if let Some(value) = share.limit.value.of(window, row)? {
            share.judged += 1;
            share.held += u64::from(share.limit.operator.holds(value, share.limit.limit));
        }
    }
    Ok(())
}
