//! What is gathered of one endpoint while the history streams by.

use super::Limited;
use super::drift::Series;
use super::mixture::Mixture;
use crate::gate::Measure;
use crate::locust::{CsvError, HistoryRow};
use crate::results::Percentile;

/// The length of a window, s: Locust's percentiles of the history look back about this far
/// (`locust/stats.py`, `CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`).
pub(super) const WINDOW_S: i64 = 10;

/// Sums since the start of the run, at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Totals {
    /// Unix seconds.
    pub(super) t_s: i64,
    pub(super) requests: u64,
    pub(super) failures: u64,
    /// All response times together, ms; `None` where the history holds no average.
    pub(super) time_ms: Option<f64>,
}

impl Totals {
    fn of(row: &HistoryRow<'_>, t_s: i64) -> Result<Self, CsvError> {
        let requests = row.total_requests()?;
        let time_ms = row.total_average_ms()?.map(|average| average * requests as f64);
        Ok(Self { t_s, requests, failures: row.total_failures()?, time_ms })
    }

    const fn nothing_until(t_s: i64) -> Self {
        Self { t_s, requests: 0, failures: 0, time_ms: Some(0.0) }
    }
}

/// What happened between two moments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) seconds: f64,
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) average_ms: Option<f64>,
}

impl Span {
    pub(super) fn between(from: Totals, to: Totals) -> Self {
        let requests = to.requests.saturating_sub(from.requests);
        let average_ms = match (from.time_ms, to.time_ms) {
            (Some(before), Some(after)) if requests > 0 => Some(((after - before) / requests as f64).max(0.0)),
            _ => None,
        };
        Self {
            seconds: (to.t_s - from.t_s) as f64,
            requests,
            failures: to.failures.saturating_sub(from.failures),
            average_ms,
        }
    }

    /// The value of a measure in this span, its percentiles taken from the row at its end. `None` where nothing was
    /// measured; throughput and the number of requests are 0 then, which is a measurement.
    fn value(&self, measure: &Measure, row: &HistoryRow<'_>) -> Result<Option<f64>, CsvError> {
        let percentile = |percentile| if self.requests > 0 { row.percentile(percentile) } else { Ok(None) };
        Ok(match measure {
            Measure::Percentile(wanted) => percentile(*wanted)?,
            Measure::Median => percentile(Percentile::P50)?,
            Measure::Max => percentile(Percentile::P100)?,
            Measure::Avg => self.average_ms,
            Measure::Rps => (self.seconds > 0.0).then(|| self.requests as f64 / self.seconds),
            Measure::Requests => Some(self.requests as f64),
            Measure::Failures => (self.requests > 0).then_some(self.failures as f64),
            Measure::ErrorRate => (self.requests > 0).then(|| self.failures as f64 * 100.0 / self.requests as f64),
            Measure::Min | Measure::Errors(_) | Measure::Drift(_) => None,
        })
    }
}

/// The moment of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    pub(super) t_s: i64,
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
    pub(super) limited: Limited,
    pub(super) after_ramp_up: bool,
    pub(super) held: u64,
    pub(super) judged: u64,
}

/// What is gathered of one endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    pub(super) rows: u64,
    pub(super) shares: Vec<Share>,
    pub(super) drifts: Vec<(Measure, Series)>,
    /// Whether percentiles after the ramp-up are wanted.
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
        let now = Totals::of(row, tick.t_s)?;
        if self.rows == 0 {
            self.last = Totals::nothing_until(tick.before_s);
            self.whole_window = self.last;
        }
        self.rows += 1;
        if now.requests < self.last.requests {
            // `locust --reset-stats` starts counting anew when the ramp-up is over.
            let anew = Totals::nothing_until(self.last.t_s);
            (self.whole_window, self.steady_window, self.steady_start) = (anew, anew, anew);
            self.mixture.clear();
        }
        if self.epoch != Some(tick.epoch) {
            self.epoch = Some(tick.epoch);
            self.begin_steady(if tick.t_s == tick.steady_from_s { now } else { self.last });
        }
        if now.t_s - self.whole_window.t_s >= WINDOW_S {
            let span = Span::between(self.whole_window, now);
            self.whole_window = now;
            judge(&mut self.shares, false, &span, row)?;
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
        for (_, series) in &mut self.drifts {
            *series = Series::default();
        }
        for share in self.shares.iter_mut().filter(|share| share.after_ramp_up) {
            (share.held, share.judged) = (0, 0);
        }
    }

    fn close_steady(&mut self, now: Totals, row: &HistoryRow<'_>) -> Result<(), CsvError> {
        let span = Span::between(self.steady_window, now);
        self.steady_window = now;
        judge(&mut self.shares, true, &span, row)?;
        for (measure, series) in &mut self.drifts {
            if let Some(value) = span.value(measure, row)? {
                series.push(now.t_s as f64, value);
            }
        }
        if self.wants_mixture && span.requests > 0 {
            let mut table = Vec::with_capacity(Percentile::LOCUST.len());
            for percentile in row.percentiles() {
                if let Some(value) = row.percentile(percentile)? {
                    table.push((percentile, value));
                }
            }
            table.sort_by_key(|(percentile, _)| *percentile);
            self.mixture.add(&table, span.requests);
        }
        Ok(())
    }
}

fn judge(shares: &mut [Share], after_ramp_up: bool, span: &Span, row: &HistoryRow<'_>) -> Result<(), CsvError> {
    for share in shares.iter_mut().filter(|share| share.after_ramp_up == after_ramp_up) {
        if let Some(value) = span.value(&share.limited.measure, row)? {
            share.judged += 1;
            share.held += u64::from(share.limited.operator.holds(value, share.limited.limit));
        }
    }
    Ok(())
}
