//! What a learned error-rate limit cannot say: that errors are new, and that a limit is no limit.

use super::limit::min_delta;
use super::statistics::{FAIL_SPREADS, Failed, normal};

/// From this error rate on, %, a limit allows so much that meeting it says nothing.
pub(super) const SILLY_PERCENT: f64 = 50.0;

/// Whether a run fails where the good runs never did, by more than chance and by more than what counts. Bursts are not
/// allowed for: this warns, and a warning may come early.
pub(super) fn are_new(good: &[Failed], this: Failed) -> bool {
    let before = Failed::pooled(good);
    if before.failures > 0 || before.requests == 0 || 100.0 * this.fraction() <= min_delta::PERCENTAGE_POINTS {
        return false;
    }
    // The chance that all failures are among this run's requests, if each request were as likely to fail.
    let (mine, all) = (this.requests as f64, (this.requests + before.requests) as f64);
    let chance =
        (0..this.failures.min(this.requests)).map(|failed| ((mine - failed as f64) / (all - failed as f64)).ln());
    this.failures >= 2 && chance.sum::<f64>() < normal::upper_tail(FAIL_SPREADS).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(before: (u64, u64), requests: u64, failures: u64) -> bool {
        are_new(&[Failed { requests: before.0, failures: before.1 }], Failed { requests, failures })
    }

    #[test]
    fn errors_where_there_were_none_are_new_unless_they_are_chance_or_too_few_to_count() {
        assert!(new((930, 0), 132, 8));
        assert!(new((930, 0), 5, 3));
        assert!(!new((930, 1), 132, 8), "there were errors before");
        assert!(!new((930, 0), 132, 0) && !new((930, 0), 132, 1));
        assert!(!new((930, 0), 132, 2), "two of 132 are chance after 930 without");
        assert!(!new((90_000, 0), 10_000, 50), "half a percent does not count");
        assert!(!new((20, 0), 100, 3), "so few requests before show nothing");
        assert!(!new((0, 0), 100, 90));
        assert!(new((u64::MAX / 4, 0), 1_000, 900));
    }
}
