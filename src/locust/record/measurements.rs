//! What was measured of one endpoint over some time.

use super::line::EndpointLine;
use crate::results::Histogram;

/// What was measured of one endpoint over some time; additive.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Measurements {
    /// Requests that passed.
    pub(crate) passed: u64,
    /// Requests that failed.
    pub(crate) failed: u64,
    /// Of both, those without a response time.
    pub(crate) untimed: u64,
    /// Sum of the response times, ms.
    pub(crate) sum_ms: f64,
    /// Shortest response time, ms.
    pub(crate) min_ms: Option<f64>,
    /// Longest response time, ms.
    pub(crate) max_ms: f64,
    /// Sum of the response sizes.
    pub(crate) bytes: f64,
    /// Response times of those that passed.
    pub(crate) passed_times: Histogram,
    /// Response times of those that failed.
    pub(crate) failed_times: Histogram,
}

impl Measurements {
    pub(crate) fn requests(&self) -> u64 {
        self.passed + self.failed
    }

    /// Mean response time, ms.
    pub(crate) fn mean_ms(&self) -> Option<f64> {
        let timed = self.requests() - self.untimed;
        (timed > 0).then(|| self.sum_ms / timed as f64)
    }

    /// Mean size of a response, bytes.
    pub(crate) fn mean_bytes(&self) -> Option<f64> {
        (self.requests() > 0).then(|| self.bytes / self.requests() as f64)
    }

    /// Response times of all requests.
    pub(crate) fn times(&self) -> Histogram {
        let mut all = self.passed_times.clone();
        all.merge(&self.failed_times);
        all
    }
}

/// One endpoint's deltas of one second in one process, kept small: a long run has many.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slice {
    /// The endpoint's place in the record.
    pub(crate) endpoint: usize,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    untimed: u64,
    sum_ms: f64,
    min_ms: Option<f64>,
    max_ms: f64,
    bytes: f64,
    passed_times: Box<[(u64, u64)]>,
    failed_times: Box<[(u64, u64)]>,
}

impl Slice {
    /// The method and name stay behind; `endpoint` refers to them.
    pub(super) fn of(endpoint: usize, line: EndpointLine) -> Self {
        let (_, _, passed, failed, untimed, sum_ms, min_ms, max_ms, bytes, passed_times, failed_times) = line;
        Self {
            endpoint,
            passed,
            failed,
            // The launcher counts these among the others.
            untimed: untimed.min(passed.saturating_add(failed)),
            sum_ms,
            min_ms,
            max_ms,
            bytes,
            passed_times: passed_times.into(),
            failed_times: failed_times.into(),
        }
    }

    /// The response times of all its requests: (µs, count).
    pub(crate) fn times(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.passed_times.iter().chain(&self.failed_times).copied()
    }

    /// Adds these requests to a total.
    pub(crate) fn add_to(&self, total: &mut Measurements) {
        total.passed += self.passed;
        total.failed += self.failed;
        total.untimed += self.untimed;
        total.sum_ms += self.sum_ms;
        total.min_ms = [total.min_ms, self.min_ms].into_iter().flatten().reduce(f64::min);
        total.max_ms = total.max_ms.max(self.max_ms);
        total.bytes += self.bytes;
        for (micros, count) in &self.passed_times {
            total.passed_times.add(*micros, *count);
        }
        for (micros, count) in &self.failed_times {
            total.failed_times.add(*micros, *count);
        }
    }
}
