//! Whether the load generator did what it did in the good runs. Users who mostly think send a request every so often,
//! however fast the service is: in a closed loop `users / rps − mean response time` is the time they think, and it is
//! the same in every run of a script (measured with real Locust: to 1 %). Where it grew, users were lost, or the
//! generator was too busy to send what they wanted to.

use super::record::EndpointRecord;
use super::statistics::{FAIL_SPREADS, shrunk, spread_about, throughput_variance};
use crate::series::median;
use crate::text::signed_percent;

/// From this share of waiting users on, the throughput says how fast the service is.
const BUSY: f64 = 0.5;
/// Fewer good runs show no constant.
const ENOUGH_RUNS: usize = 5;
/// A smaller change is no sign of trouble, as a factor.
const LEAST: f64 = 1.05;
/// How much the time users think scatters from run to run before any run was seen.
const PRIOR: f64 = 0.01;
/// More failed requests than usual, as a fraction of all, change what users do next.
const SAME_ERRORS: f64 = 0.005;

/// What each user did on average, s.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cycle {
    /// From one request to the next.
    whole_s: f64,
    /// Of it, waiting for the answer.
    waiting_s: f64,
}

impl Cycle {
    fn of(total: &EndpointRecord, users: u32) -> Option<Self> {
        let rate = total.requests_per_s.filter(|rate| *rate > 0.0)?;
        let cycle = Self { whole_s: f64::from(users) / rate, waiting_s: total.avg_ms? / 1_000.0 };
        (cycle.thinking_s() > 0.0 && cycle.whole_s.is_finite()).then_some(cycle)
    }

    fn thinking_s(self) -> f64 {
        self.whole_s - self.waiting_s
    }

    fn busy(self) -> f64 {
        self.waiting_s / self.whole_s
    }
}

/// Why the load generator of a run is in doubt, in a sentence without a full stop; `None` where nothing speaks against
/// it, or nothing can be told: too few good runs, users who mostly wait for the service, or more failures than usual.
pub(super) fn doubt(good: &[&EndpointRecord], this: &EndpointRecord, users: Option<u32>) -> Option<String> {
    let users = users.filter(|users| *users > 0)?;
    let now = Cycle::of(this, users)?;
    let before: Vec<Cycle> = good.iter().filter_map(|total| Cycle::of(total, users)).collect();
    if before.len() < ENOUGH_RUNS {
        return None;
    }
    let usual = |value: fn(Cycle) -> f64| median(before.iter().map(|cycle| value(*cycle)));
    let (thinking, whole, busy) = (usual(Cycle::thinking_s)?, usual(|cycle| cycle.whole_s)?, usual(Cycle::busy)?);
    let failed = median(good.iter().map(|total| total.failed().fraction()))?;
    if busy >= BUSY || this.failed().fraction() > failed + SAME_ERRORS {
        return None;
    }
    let logs: Vec<f64> = before.iter().map(|cycle| cycle.thinking_s().ln()).collect();
    let of_runs = shrunk(spread_about(thinking.ln(), &logs), logs.len(), PRIOR);
    let spread = of_runs.hypot(throughput_variance(this.requests).sqrt());
    let margin = LEAST.ln().max(FAIL_SPREADS * spread);
    let (longer, rarer) = ((now.thinking_s() / thinking).ln(), (now.whole_s / whole).ln());
    // A script may pace its users: the faster the service is, the longer they think, and they send as much as ever.
    (longer > margin && rarer > 0.5 * margin).then(|| {
        format!(
            "the load generator sent less than its users should: each of them paused {:.2} s between requests, and {:.2} s \
             in {} good runs ({}); users were lost, or the generator was at its limit",
            now.thinking_s(),
            thinking,
            before.len(),
            signed_percent(100.0 * (now.thinking_s() / thinking - 1.0))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of `users` users who think for a second and wait for `ms`.
    fn run(users: f64, ms: f64, requests: u64) -> EndpointRecord {
        let requests_per_s = Some(users / (1.0 + ms / 1_000.0));
        EndpointRecord { requests, requests_per_s, avg_ms: Some(ms), ..EndpointRecord::default() }
    }

    fn doubted(this: &EndpointRecord) -> Option<String> {
        let good: Vec<EndpointRecord> = [99.0, 100.0, 101.0, 100.5, 99.5].map(|ms| run(50.0, ms, 20_000)).into();
        doubt(&good.iter().collect::<Vec<_>>(), this, Some(50))
    }

    #[test]
    fn lost_users_are_seen_and_a_slow_service_is_none() {
        insta::assert_snapshot!(
            doubted(&run(45.0, 100.0, 18_000)).unwrap(),
            @"the load generator sent less than its users should: each of them paused 1.12 s between requests, and 1.00 s in 5 good runs (+12 %); users were lost, or the generator was at its limit"
        );
        assert_eq!(doubted(&run(50.0, 100.0, 20_000)), None);
        assert_eq!(doubted(&run(50.0, 400.0, 16_000)), None);
        assert_eq!(doubted(&run(50.0, 20.0, 21_000)), None);
        // Two users of fifty are within what runs differ by.
        assert_eq!(doubted(&run(49.0, 100.0, 19_600)), None);
    }

    #[test]
    fn a_paced_script_that_becomes_faster_lost_nobody() {
        // One request each 1.1 s, whatever the service takes.
        let paced = EndpointRecord { requests_per_s: Some(50.0 / 1.1), avg_ms: Some(20.0), ..run(50.0, 20.0, 20_000) };
        assert_eq!(doubted(&paced), None);
    }

    #[test]
    fn what_shows_nothing_is_not_doubted() {
        let lost = run(40.0, 100.0, 16_000);
        assert!(doubted(&lost).is_some());
        assert_eq!(doubted(&run(40.0, 100.0, 60)), None, "few requests");
        assert_eq!(doubted(&EndpointRecord { failures: 800, ..lost.clone() }), None, "failures change what users do");
        assert_eq!(doubted(&EndpointRecord { avg_ms: None, ..lost.clone() }), None);
        let good = [run(50.0, 100.0, 20_000)];
        assert_eq!(doubt(&[&good[0]; 4], &lost, Some(50)), None, "four good runs");
        assert_eq!(doubt(&[&good[0]; 5], &lost, None), None);
        // Users who mostly wait send as much as the service answers.
        let busy = run(50.0, 3_000.0, 20_000);
        assert_eq!(doubt(&[&busy; 5], &run(40.0, 3_000.0, 16_000), Some(50)), None);
    }
}
