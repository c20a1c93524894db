//! Running totals, and what happened between two of them.
//!
//! Differences of running totals are exact for any stretch of time, so thinning a long run out loses resolution and
//! nothing else; Locust's own sliding windows overlap, which would make any trend look surer than it is.

use crate::locust::{CsvError, HistoryRow};
use crate::results::{Percentile, TimePoint};

/// What was counted of one endpoint, or of all requests together, from the start of the run to one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Unix seconds.
    pub t_s: i64,
    /// Users running.
    pub users: u32,
    /// Requests, failed ones included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
    /// All response times together, ms; `None` where the history has no average.
    pub time_ms: Option<f64>,
    /// Median response time of the last 10 s or so, ms; used where there is no sum.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the last 10 s or so, ms; for charts.
    pub p95_ms: Option<f64>,
    /// 99th percentile of the last 10 s or so, ms; for charts.
    pub p99_ms: Option<f64>,
}

impl Totals {
    /// The counts of a row, without its percentiles.
    pub(super) fn of(row: &HistoryRow<'_>) -> Result<Self, CsvError> {
        Self::at(row.timestamp()?, row.users()?, row)
    }

    /// The same where time and users of the row are known.
    pub(super) fn at(t_s: i64, users: u32, row: &HistoryRow<'_>) -> Result<Self, CsvError> {
        let requests = row.total_requests()?;
        Ok(Self {
            t_s,
            users,
            requests,
            failures: row.total_failures()?,
            time_ms: row.total_average_ms()?.map(|average| average * requests as f64),
            ..Self::default()
        })
    }

    /// The same with the percentiles.
    pub(super) fn with_percentiles(row: &HistoryRow<'_>) -> Result<Self, CsvError> {
        Ok(Self {
            p50_ms: row.percentile(Percentile::P50)?,
            p95_ms: row.percentile(Percentile::P95)?,
            p99_ms: row.percentile(Percentile::P99)?,
            ..Self::of(row)?
        })
    }

    /// Nothing was counted until this moment.
    pub(super) const fn nothing_until(t_s: i64) -> Self {
        Self { t_s, users: 0, requests: 0, failures: 0, time_ms: Some(0.0), p50_ms: None, p95_ms: None, p99_ms: None }
    }
}

impl From<&TimePoint> for Totals {
    fn from(point: &TimePoint) -> Self {
        Self {
            t_s: point.t_s,
            users: point.users,
            requests: point.total_requests,
            failures: point.total_failures,
            time_ms: None,
            p50_ms: point.p50_ms,
            p95_ms: point.p95_ms,
            p99_ms: None,
        }
    }
}

/// What happened between two moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its begin, Unix seconds.
    pub from_s: i64,
    /// Its end, Unix seconds.
    pub to_s: i64,
    /// Users at its end.
    pub users: u32,
    /// Requests, failed ones included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
    /// Mean response time, ms; `None` without requests, or where the history has no average.
    pub average_ms: Option<f64>,
}

impl Interval {
    /// What happened from one moment to a later one of the same series.
    #[must_use]
    pub fn between(from: &Totals, to: &Totals) -> Self {
        let requests = to.requests.saturating_sub(from.requests);
        // Before the first request no response time had accumulated, whether or not the history has the value.
        let before_ms = from.time_ms.or((from.requests == 0).then_some(0.0));
        let average_ms = match (before_ms, to.time_ms) {
            (Some(before), Some(after)) if requests > 0 => Some(((after - before) / requests as f64).max(0.0)),
            _ => None,
        };
        Self {
            from_s: from.t_s,
            to_s: to.t_s,
            users: to.users,
            requests,
            failures: to.failures.saturating_sub(from.failures),
            average_ms,
        }
    }

    /// Its length, s.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.to_s as f64 - self.from_s as f64
    }
}
