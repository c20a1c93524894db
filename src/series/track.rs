//! Data collected for the gates of one endpoint while the history is read.

use super::mixture::Mixture;
use super::request::{WindowLimit, WindowValue};
use super::stage::StageTrack;
use super::thinned::Thinned;
use super::tick::{Tick, WINDOW_S, percentile_table};
use super::totals::{Interval, Totals};
use crate::locust::{CsvError, HistoryRow};

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
    pub(super) stages: Vec<StageTrack>,
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
        let is_first = self.rows == 0;
        for stage in &mut self.stages {
            stage.take(row, now, tick, is_first)?;
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
            self.mixture.add(&percentile_table(row)?, window.requests);
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
