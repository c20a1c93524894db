//! A saved test's own targets, which decide `run_passed`.
//!
//! LoadForge does not publish the exact rule. Here: a target that is missing is off, and so is an Apdex or p95 target
//! of 0. The 95th percentile of all requests together and the share of failed requests may equal their target but not
//! exceed it; an error target of 0 allows none. The Apdex score must be at least 0.85, which LoadForge's documentation
//! calls good.

use serde::{Deserialize, Serialize};

use super::engine::Delivery;
use crate::results::{Histogram, Percentile};

/// The least Apdex score that passes.
const GOOD_APDEX: f64 = 0.85;

/// Response times up to this many times the target are tolerated.
const TOLERATED: f64 = 4.0;

/// The targets of a saved test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Targets {
    /// Response time that satisfies, ms.
    pub(super) apdex_target: Option<f64>,
    /// Most for the 95th percentile, ms.
    pub(super) p95_target: Option<f64>,
    /// Most for the share of failed requests, %.
    pub(super) error_perc_target: Option<f64>,
}

impl Targets {
    /// Whether the run met all targets; nothing when it made no request.
    pub(super) fn met(&self, run: &Delivery) -> Option<bool> {
        let on = |target: Option<f64>| target.filter(|target| *target > 0.0);
        let error_rate = run.total.error_rate()?;
        let apdex_met = match (on(self.apdex_target), &run.passed_times) {
            (Some(target), Some(passed)) => apdex(passed, run.total.requests, target) >= GOOD_APDEX,
            // Recorded files hold no response times to count.
            _ => true,
        };
        let p95 = run.total.percentile(Percentile::P95).unwrap_or(0.0);
        let p95_met = on(self.p95_target).is_none_or(|target| p95 <= target);
        let errors_met = self.error_perc_target.is_none_or(|target| error_rate <= target);
        Some(apdex_met && p95_met && errors_met)
    }
}

/// (satisfied + tolerated / 2) / all, where a failed request counts as not satisfied (the Apdex technical
/// specification).
fn apdex(passed: &Histogram, all: u64, target_ms: f64) -> f64 {
    let within = |limit_ms: f64| {
        let counts = passed.buckets().filter(|(micros, _)| *micros as f64 <= limit_ms * 1000.0).map(|(_, count)| count);
        counts.sum::<u64>() as f64
    };
    let satisfied = within(target_ms);
    let tolerated = within(target_ms * TOLERATED) - satisfied;
    (satisfied + tolerated / 2.0) / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::engine::HistoryCsv;
    use crate::results::Endpoint;

    /// 100 requests: 80 of 100 ms, 18 of 300 ms, 2 failed after 10 ms.
    fn run() -> Delivery {
        let passed: Histogram = [(100_000, 80), (300_000, 18)].into_iter().collect();
        let mut histogram = passed.clone();
        histogram.add(10_000, 2);
        let total = Endpoint { requests: 100, failures: 2, histogram: Some(histogram), ..Endpoint::default() };
        Delivery {
            stats_csv: String::new(),
            history_csv: HistoryCsv::Text(String::new()),
            failures_csv: String::new(),
            total,
            passed_times: Some(passed),
        }
    }

    #[test]
    fn each_target_decides_alone_and_a_missing_one_is_off() {
        let met = |apdex_target, p95_target, error_perc_target| {
            Targets { apdex_target, p95_target, error_perc_target }.met(&run()).unwrap()
        };
        assert!(met(None, None, None));
        assert!(met(Some(0.0), Some(0.0), None));
        // Apdex: (80 + 18 / 2) / 100 = 0.89 at 100 ms; (0 + 80 / 2) / 100 = 0.4 at 50 ms.
        assert!(met(Some(100.0), None, None));
        assert!(!met(Some(50.0), None, None));
        assert!(met(None, Some(300.0), None));
        assert!(!met(None, Some(299.0), None));
        assert!(met(None, None, Some(2.0)));
        assert!(!met(None, None, Some(1.9)));
        assert!(!met(None, None, Some(0.0)));
    }

    #[test]
    fn without_requests_there_is_nothing_to_meet() {
        let empty = Delivery { total: Endpoint::default(), ..run() };
        assert_eq!(Targets::default().met(&empty), None);
    }
}
