//! Requests that had not ended when the run was stopped: a row that they could turn is no pass.
//!
//! Such a request is in no count and no time. It is at least as slow as anything, and it may have failed.

use super::decide::{Comparison, Decision};
use super::rows;
use super::sample::slower_than;
use crate::gate::{Measure, PlacedGate, Scatter};
use crate::results::{NeverEnded, Results};
use crate::text::counted;
use crate::verdict::{Operator, Origin, Outcome, Row, Severity, Subject, Unit};

/// Leaves a row open that passes and that `open` requests could turn.
pub(super) fn check(row: &mut Row, comparison: &Comparison<'_>, open: u64) {
    if row.outcome != Outcome::Pass || open == 0 || !turned(comparison, open) {
        return;
    }
    let reason = format!(
        "{} meets {}, and {} had not ended when the run was stopped: they could turn it",
        row.observed_text(),
        row.limit_text(),
        counted(open, "request")
    );
    rows::settle(row, comparison.observed, Decision::Open(reason));
}

/// Whether the condition would not hold if the open requests had ended as badly as they can.
fn turned(comparison: &Comparison<'_>, open: u64) -> bool {
    let Comparison { measure, operator, limit, unit, endpoint, classified, .. } = *comparison;
    if matches!(operator, Operator::Greater | Operator::GreaterOrEqual) {
        return false;
    }
    let requests = endpoint.requests.saturating_add(open);
    let share = |failures: u64| failures as f64 * 100.0 / requests as f64;
    match measure.scatter() {
        _ if matches!(measure, Measure::Errors(_)) => {
            let of_class = classified.map_or(0, |classified| classified.of_class).saturating_add(open);
            let value = if unit == Unit::Count { of_class as f64 } else { share(of_class) };
            !operator.holds(value, limit)
        }
        Scatter::Percentile(percentile) => {
            let slower = slower_than(endpoint, operator, limit).saturating_add(open);
            // Locust's rank rule: the value at ascending rank ⌊n·q⌋ + 1, capped at n.
            let rank = ((requests as f64 * percentile.fraction()) as u64 + 1).min(requests);
            requests.saturating_sub(slower) < rank
        }
        Scatter::Failures => {
            let failures = endpoint.failures.saturating_add(open);
            let value = if unit == Unit::Count { failures as f64 } else { share(failures) };
            !operator.holds(value, limit)
        }
        // A mean and a maximum have no bound when one value has none.
        _ => measure.is_time() && *measure != Measure::Min,
    }
}

/// A row for each endpoint none of whose requests had ended: it is in no result. It is inconclusive where no gate is
/// written, and warns where there are some.
pub(super) fn rows(gates: &[PlacedGate], results: &Results) -> Vec<Row> {
    let by_default = gates.iter().all(|placed| placed.origin == Origin::Default);
    let open = results.evidence.iter().flat_map(|evidence| &evidence.never_ended);
    let unanswered =
        |open: &&NeverEnded| results.endpoint(&open.endpoint).is_none_or(|endpoint| endpoint.requests == 0);
    open.filter(unanswered)
        .map(|open| {
            let (severity, outcome) =
                if by_default { (Severity::Fail, Outcome::Inconclusive) } else { (Severity::Warn, Outcome::Warn) };
            let requests = counted(open.requests, "request");
            let subject = Subject::Endpoint(open.endpoint.clone());
            Row {
                severity,
                outcome,
                reason: format!("it never answered: {requests} had not ended when the run was stopped").into(),
                ..Row::open("every endpoint answers", Origin::Default, subject, "requests", Unit::Count)
            }
        })
        .collect()
}
