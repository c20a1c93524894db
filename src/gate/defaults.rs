//! The gates that apply where none is written.

use super::{Condition, Gate, Measure, PlacedGate, Scope, Selector};
use crate::results::Percentile;
use crate::verdict::{Operator, Origin, Severity};

/// The tolerated change of the default gates, %: below it a difference between two runs of the same code is common.
const TOLERANCE_PERCENT: f64 = 20.0;

/// Every endpoint's p50, p95 and error rate against the history of good runs. Throughput is judged where it tells
/// something: of endpoints that good runs called and this run did not, and of all requests together where users spend
/// at least half of their time waiting for the service.
///
/// A row of these gates that has too few requests behind it is allowed to be inconclusive: the user did not write it.
#[must_use]
pub fn default_gates() -> Vec<PlacedGate> {
    let endpoints = Some("**");
    [
        (Measure::Percentile(Percentile::P50), endpoints, Operator::LessOrEqual, TOLERANCE_PERCENT),
        (Measure::Percentile(Percentile::P95), endpoints, Operator::LessOrEqual, TOLERANCE_PERCENT),
        (Measure::ErrorRate, endpoints, Operator::LessOrEqual, TOLERANCE_PERCENT),
        (Measure::Rps, endpoints, Operator::GreaterOrEqual, -TOLERANCE_PERCENT),
        (Measure::Rps, None, Operator::GreaterOrEqual, -TOLERANCE_PERCENT),
    ]
    .map(|(measure, selector, operator, change_percent)| PlacedGate {
        gate: Gate {
            severity: Severity::Fail,
            measure,
            selector: selector.and_then(Selector::new),
            condition: Condition::VsBaseline { operator, change_percent },
            scope: Scope::WholeRun,
        },
        origin: Origin::Default,
    })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_gates_are_gates_one_could_write() {
        let texts: Vec<_> = default_gates().into_iter().map(|placed| placed.gate.to_string()).collect();
        assert_eq!(
            texts,
            [
                "p50 of \"**\" <= +20% vs baseline",
                "p95 of \"**\" <= +20% vs baseline",
                "error_rate of \"**\" <= +20% vs baseline",
                "rps of \"**\" >= -20% vs baseline",
                "rps >= -20% vs baseline"
            ]
        );
        assert!(
            default_gates().iter().all(|placed| placed.gate.to_string().parse::<Gate>().as_ref() == Ok(&placed.gate))
        );
    }
}
