//! How far from the median of the good runs a value may lie.
//!
//! The unit of replication is the run, not the request: requests of one run share machines, caches and neighbors, so
//! a test on raw response times calls nearly every pair of equal runs different. Everything here is about run-level
//! values on a log scale, where the same margin means the same factor for every endpoint.

use super::normal::{upper_tail, upper_tail_integral};

/// Spreads a miss must be away from the median to fail the build.
pub const FAIL_SPREADS: f64 = 3.0;
/// Spreads a miss must be away from the median to be a warning.
pub const WARN_SPREADS: f64 = 2.0;

/// Of all clean builds, the share that may turn red after both runs. It is aimed well below the 2 % that is promised,
/// because spreads are estimated from few runs and error rates add their part.
const BUDGET: f64 = 0.0125;

/// How often an environment has a slow run, and by what factors: one run in twelve, 15 to 45 %. Ordinary scatter says
/// nothing about such runs, yet with many rows some row meets one twice.
pub const SLOW_SHARE: f64 = 0.08;
const SLOW_FACTORS: (f64, f64) = (1.15, 1.45);

/// What decided a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The change the gate tolerates.
    Tolerance,
    /// The scatter of the good runs.
    Spread,
    /// The number of rows that are judged at once.
    ManyRows,
}

/// How far a value may lie from the median, as a natural logarithm of a factor above 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// ln of the factor.
    pub log: f64,
    /// What decided it.
    pub cause: Cause,
}

/// The margin of a row: the widest of the tolerance, `spreads` × `spread`, and what `rows` rows judged at once need.
///
/// `tolerance_log` is ln(1 + tolerance); `spread` comes from [`shrunk`](super::shrunk); `rows` counts the rows that can
/// fail the build, 0 for a row that cannot.
#[must_use]
pub fn margin(tolerance_log: f64, spread: f64, spreads: f64, rows: usize) -> Margin {
    let tolerance = Margin { log: tolerance_log, cause: Cause::Tolerance };
    let scatter = Margin { log: spreads * spread, cause: Cause::Spread };
    let many = Margin { log: for_rows(spread, rows), cause: Cause::ManyRows };
    [scatter, many].into_iter().fold(tolerance, |widest, other| if other.log > widest.log { other } else { widest })
}

/// The margin at which, of `rows` rows judged twice, some row of a clean build fails both times in `BUDGET` of all
/// builds: each may be missed once with the chance √(budget / rows). Latency and throughput of an endpoint rise and
/// fall together, so two rows count as one.
#[must_use]
pub fn for_rows(spread: f64, rows: usize) -> f64 {
    if rows < 2 {
        return 0.0;
    }
    let chance = (2.0 * BUDGET / rows as f64).sqrt();
    let (mut low, mut high) = (0.0, farthest(spread));
    for _ in 0..24 {
        let middle = 0.5 * (low + high);
        if clean_run_beyond(middle, spread, SLOW_SHARE) > chance {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The chance that a run of unchanged code lies beyond `margin`: an ordinary run by its scatter, a slow run by its
/// scatter about a factor that is evenly spread between the two bounds (on the log scale). `share` of the runs is slow.
#[must_use]
pub fn clean_run_beyond(margin: f64, spread: f64, share: f64) -> f64 {
    let (least, most) = (SLOW_FACTORS.0.ln(), SLOW_FACTORS.1.ln());
    let slow = spread / (most - least)
        * (upper_tail_integral((margin - least) / spread) - upper_tail_integral((margin - most) / spread));
    (1.0 - share) * upper_tail(margin / spread) + share * slow
}

/// A margin that no run of unchanged code exceeds, for practical purposes.
#[must_use]
pub fn farthest(spread: f64) -> f64 {
    8.0 * spread + SLOW_FACTORS.1.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_demand_wins_and_says_so() {
        assert_eq!(margin(0.2, 0.05, 3.0, 1).cause, Cause::Tolerance);
        assert_eq!(margin(0.1, 0.05, 3.0, 1), Margin { log: 0.05 * 3.0, cause: Cause::Spread });
        let many = margin(0.1, 0.05, 3.0, 60);
        assert_eq!(many.cause, Cause::ManyRows);
        assert!((0.28..0.36).contains(&many.log), "{}", many.log);
    }

    #[test]
    fn more_rows_and_more_scatter_widen_the_margin() {
        let of = |spread, rows| margin(0.0, spread, 0.0, rows).log;
        assert!(of(0.05, 10) < of(0.05, 60) && of(0.05, 60) < of(0.05, 1_000));
        assert!(of(0.03, 60) < of(0.09, 60));
        assert_eq!(of(0.05, 0), 0.0);
    }

    #[test]
    fn at_the_margin_the_budget_is_spent() {
        let at = for_rows(0.07, 60);
        let builds = 30.0 * clean_run_beyond(at, 0.07, SLOW_SHARE).powi(2);
        assert!((builds - BUDGET).abs() < 1e-4, "{builds}");
    }
}
