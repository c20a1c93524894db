//! The limit learned from the values of the good runs.

use crate::locust::bucket_width;
use crate::series::median;
use crate::verdict::{Operator, Severity, Unit};

use super::statistics::{
    Cause, FAIL_SPREADS, Failed, PRIOR_SPREAD, WARN_SPREADS, dispersion, for_rows, margin, most_failures, normal,
    shrunk, spread_about,
};
use crate::text::counted;

/// The smallest difference from the median that counts: below it a change is real at most, never relevant.
pub mod min_delta {
    /// Response times, ms. A load generator's own scatter is of this size.
    pub const MS: f64 = 5.0;
    /// Throughput, requests/s: one request per minute.
    pub const PER_SECOND: f64 = 1.0 / 60.0;
    /// Requests.
    pub const COUNT: f64 = 1.0;
    /// Error rates, percentage points.
    pub const PERCENTAGE_POINTS: f64 = 0.5;
}

/// What a gate asks of a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitSpec {
    /// How the value is compared with the limit.
    pub operator: Operator,
    /// The tolerated change, %: +10 is 10 % more, -15 is 15 % less.
    pub change_percent: f64,
    /// What a miss means.
    pub severity: Severity,
    /// Rows that can fail the build, this one among them.
    pub rows: usize,
}

/// A learned limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// The limit: a value misses when `value operator limit` does not hold.
    pub limit: f64,
    /// The median of the good runs.
    pub median: f64,
    /// What decided the limit, in words.
    pub why: String,
}

/// How values scatter before any was seen, and how they were rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variability {
    /// Their unit: [`Unit::Ms`], [`Unit::PerSecond`] or [`Unit::Count`].
    pub unit: Unit,
    /// The spread to expect (standard deviation of the logarithm).
    pub prior_spread: f64,
    /// Whether Locust rounded them to two significant digits.
    pub rounded: bool,
}

impl Variability {
    /// Values of this unit without anything known about their scatter.
    #[must_use]
    pub const fn new(unit: Unit, rounded: bool) -> Self {
        Self { unit, prior_spread: PRIOR_SPREAD, rounded }
    }

    const fn min_delta(&self) -> f64 {
        match self.unit {
            Unit::Ms => min_delta::MS,
            Unit::PerSecond => min_delta::PER_SECOND,
            Unit::Count | Unit::Percent => min_delta::COUNT,
        }
    }

    /// Where logarithms begin: Locust shows less than half a millisecond as 0.
    const fn floor(&self) -> f64 {
        match self.unit {
            Unit::Ms | Unit::Count => 0.5,
            Unit::PerSecond | Unit::Percent => 0.001,
        }
    }
}

impl LimitSpec {
    /// Spreads, and rows that count, by severity: a warning may come early and turns no build red.
    const fn strictness(&self) -> (f64, usize) {
        match self.severity {
            Severity::Fail => (FAIL_SPREADS, self.rows),
            Severity::Warn => (WARN_SPREADS, 0),
        }
    }

    /// Whether the gate asks for an improvement: at most 10 % *less* time, for example.
    pub(super) fn asks_for_improvement(&self) -> bool {
        if self.operator.wants_less() { self.change_percent < 0.0 } else { self.change_percent > 0.0 }
    }
}

/// How the limit of a response time or a throughput came about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ValueParts {
    pub(super) median: f64,
    /// The scatter of the good runs, and what is expected of it before any was seen.
    pub(super) seen: f64,
    pub(super) expected: f64,
    /// Both mixed, and widened for one more run.
    pub(super) spread: f64,
    /// Spreads that a miss must be away, and rows that are judged at once.
    pub(super) spreads: f64,
    pub(super) rows: usize,
    /// What is tolerated, the spreads, and what many rows need, as natural logarithms of a factor above 1.
    pub(super) demands: [f64; 3],
    pub(super) cause: Cause,
    /// The limit by the widest of them.
    pub(super) by_margin: f64,
    /// The smallest difference that counts, and one step of Locust's rounding.
    pub(super) delta: f64,
    pub(super) bucket: f64,
    pub(super) limit: f64,
}

impl ValueParts {
    /// `None` without values. Not for a gate that asks for an improvement.
    pub(super) fn of(values: &[f64], nature: &Variability, demand: &LimitSpec) -> Option<Self> {
        let median = median(values.iter().copied())?;
        let less = demand.operator.wants_less();
        let floor = nature.floor();
        let logs: Vec<f64> = values.iter().map(|value| value.max(floor).ln()).collect();
        let center = median.max(floor);
        let seen = spread_about(center.ln(), &logs);
        let spread = shrunk(seen, values.len(), nature.prior_spread);
        let tolerance = if less {
            (demand.change_percent / 100.0).ln_1p()
        } else {
            -(-demand.change_percent.abs() / 100.0).max(-1.0).ln_1p()
        };
        let (spreads, rows) = demand.strictness();
        let margin = margin(tolerance, spread, spreads, rows);
        let factor = margin.log.exp();
        let by_margin = if less { center * factor } else { center / factor };
        let bucket = if nature.rounded { bucket_width(by_margin) } else { 0.0 };
        let delta = nature.min_delta();
        let least = delta.max(bucket);
        let limit = if less { by_margin.max(median + least) } else { by_margin.min(median - least).max(0.0) };
        let demands = [tolerance, spreads * spread, for_rows(spread, rows)];
        let expected = nature.prior_spread;
        let cause = margin.cause;
        Some(Self { median, seen, expected, spread, spreads, rows, demands, cause, by_margin, delta, bucket, limit })
    }

    fn is_by_delta(&self, less: bool) -> bool {
        if less { self.limit > self.by_margin } else { self.limit < self.by_margin }
    }
}

/// The limit for a response time or a throughput:
/// `median × exp(max(ln(1 + tolerance), k × spread, what many rows need))`, at least the smallest relevant difference
/// and one bucket of Locust's rounding away; mirrored where less is worse. `None` without values.
#[must_use]
pub fn value_limit(values: &[f64], nature: &Variability, demand: &LimitSpec) -> Option<Learned> {
    let less = demand.operator.wants_less();
    if demand.asks_for_improvement() {
        let middle = median(values.iter().copied())?;
        let limit = middle * (1.0 + demand.change_percent / 100.0).max(0.0);
        return Some(Learned { limit, median: middle, why: "an improvement is asked for".into() });
    }
    let parts = ValueParts::of(values, nature, demand)?;
    let ValueParts { spread, spreads, rows, delta, bucket, .. } = parts;
    let why = if parts.is_by_delta(less) && bucket >= delta {
        format!("one step of Locust's rounding, {}", nature.unit.show(bucket))
    } else if parts.is_by_delta(less) {
        format!("the smallest difference that counts, {}", nature.unit.show(delta))
    } else {
        match parts.cause {
            Cause::Tolerance => format!("{}{} % tolerated", if less { "+" } else { "" }, demand.change_percent),
            Cause::Spread => format!("{spreads} times the scatter of {:.1} %", 100.0 * spread.exp_m1()),
            Cause::ManyRows => {
                format!("a scatter of {:.1} % with {rows} rows judged at once", 100.0 * spread.exp_m1())
            }
        }
    };
    Some(Learned { limit: parts.limit, median: parts.median, why })
}

/// The limit for an error rate, %: the widest of what the pooled good runs explain (one-sided exact test), the tolerated
/// relative change, and the smallest relevant change in percentage points. `None` without runs, or for a gate that
/// wants more errors.
#[must_use]
pub fn error_rate_limit(good: &[Failed], requests: u64, demand: &LimitSpec) -> Option<Learned> {
    let rates: Vec<f64> = good.iter().filter(|run| run.requests > 0).map(|run| 100.0 * run.fraction()).collect();
    let middle = median(rates.iter().copied())?;
    if !demand.operator.wants_less() || requests == 0 {
        return None;
    }
    if demand.asks_for_improvement() {
        let pooled = 100.0 * Failed::pooled(good).fraction();
        let tolerated = pooled * (1.0 + demand.change_percent / 100.0).max(0.0);
        return Some(Learned { limit: tolerated, median: middle, why: "an improvement is asked for".into() });
    }
    let ErrorParts { all, explained, tolerated, relevant, .. } = ErrorParts::of(good, requests, demand);
    let (limit, why) = [
        (
            explained,
            format!("what {} of {} before explain", counted(all.failures, "failure"), counted(all.requests, "request")),
        ),
        (tolerated, format!("+{} % tolerated", demand.change_percent)),
        (relevant, format!("the smallest change that counts, {} percentage points", min_delta::PERCENTAGE_POINTS)),
    ]
    .into_iter()
    .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Learned { limit: limit.min(100.0), median: middle, why })
}

/// How the limit of an error rate came about; rates in %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ErrorParts {
    /// All good runs together.
    pub(super) all: Failed,
    /// How much more failures scatter than coin flips would.
    pub(super) dispersion: f64,
    /// The chance that is left to so many failures.
    pub(super) alpha: f64,
    /// The rate that the good runs explain, the tolerated one, and the smallest one that counts.
    pub(super) explained: f64,
    pub(super) tolerated: f64,
    pub(super) relevant: f64,
}

impl ErrorParts {
    /// The parts for a run of so many requests, at least one.
    pub(super) fn of(good: &[Failed], requests: u64, demand: &LimitSpec) -> Self {
        let all = Failed::pooled(good);
        let pooled = 100.0 * all.fraction();
        let (spreads, rows) = demand.strictness();
        // With many rows the chance is divided by √rows, so that after both runs it is divided by their number.
        let alpha = normal::upper_tail(spreads) / (rows.max(1) as f64).sqrt();
        Self {
            all,
            dispersion: dispersion(good),
            alpha,
            explained: 100.0 * most_failures(good, requests, alpha) as f64 / requests as f64,
            tolerated: pooled * (1.0 + demand.change_percent / 100.0).max(0.0),
            relevant: pooled + min_delta::PERCENTAGE_POINTS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(operator: Operator, change_percent: f64) -> LimitSpec {
        LimitSpec { operator, change_percent, severity: Severity::Fail, rows: 1 }
    }

    fn ms(values: &[f64], change: f64) -> Learned {
        value_limit(values, &Variability::new(Unit::Ms, true), &demand(Operator::LessOrEqual, change)).unwrap()
    }

    #[test]
    fn steady_runs_leave_the_tolerance_to_decide() {
        let learned = ms(&[500.0; 8], 20.0);
        assert_eq!((learned.limit.round(), learned.median), (600.0, 500.0));
        assert_eq!(learned.why, "+20 % tolerated");
    }

    #[test]
    fn scattered_runs_widen_the_limit() {
        let learned = ms(&[400.0, 450.0, 500.0, 550.0, 620.0], 10.0);
        assert!((650.0..850.0).contains(&learned.limit), "{learned:?}");
        assert!(learned.why.starts_with("3 times the scatter of"), "{}", learned.why);
    }

    #[test]
    fn small_differences_and_one_rounding_step_never_count() {
        assert_eq!(ms(&[12.0; 5], 10.0).limit, 17.0);
        // 10 % above 1,000 ms is one step of Locust's rounding: 1,050 true ms may read as 1,100.
        let learned = ms(&[9_900.0; 20], 2.0);
        assert_eq!(learned.limit, 10_900.0);
        assert_eq!(learned.why, "one step of Locust's rounding, 1,000 ms");
    }

    #[test]
    fn throughput_is_mirrored_and_goes_both_ways() {
        let per_second = |operator, change| {
            value_limit(&[100.0; 20], &Variability::new(Unit::PerSecond, false), &demand(operator, change))
                .unwrap()
                .limit
        };
        assert!((per_second(Operator::GreaterOrEqual, -15.0) - 85.0).abs() < 1e-9);
        assert!((per_second(Operator::LessOrEqual, 25.0) - 125.0).abs() < 1e-9);
        assert_eq!(per_second(Operator::GreaterOrEqual, -100.0), 0.0);
        assert_eq!(per_second(Operator::GreaterOrEqual, 5.0), 105.0);
    }

    #[test]
    fn an_error_rate_must_rise_visibly_and_relevantly() {
        let good = vec![Failed { requests: 10_000, failures: 10 }; 5];
        let learned = error_rate_limit(&good, 10_000, &demand(Operator::LessOrEqual, 10.0)).unwrap();
        // 0.1 % + 0.5 percentage points; the exact bound alone would be lower.
        assert!((learned.limit - 0.6).abs() < 1e-9, "{learned:?}");
        // With few requests the exact bound decides.
        let few = vec![Failed { requests: 100, failures: 1 }; 5];
        let learned = error_rate_limit(&few, 100, &demand(Operator::LessOrEqual, 10.0)).unwrap();
        assert!((4.0..12.0).contains(&learned.limit), "{learned:?}");
        assert!(learned.why.starts_with("what 5 failures of 500 requests"), "{}", learned.why);
    }

    #[test]
    fn nothing_measured_gives_no_limit_and_zeros_do_no_harm() {
        assert!(value_limit(&[], &Variability::new(Unit::Ms, true), &demand(Operator::Less, 10.0)).is_none());
        assert_eq!(ms(&[0.0; 5], 10.0).limit, 5.0);
        assert!(error_rate_limit(&[], 10, &demand(Operator::Less, 10.0)).is_none());
        assert!(error_rate_limit(&[Failed::default()], 10, &demand(Operator::Less, 10.0)).is_none());
    }
}
