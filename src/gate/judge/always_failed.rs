//! Endpoints whose every request failed: never a pass, whatever gates are written.

use crate::gate::PlacedGate;
use crate::results::{Endpoint, Results};
use crate::verdict::{Operator, Origin, Outcome, Row, Severity, Subject, Unit};

/// Minimum number of failed requests that is not taken for chance.
const NO_ACCIDENT: u64 = 2;

/// A row for each endpoint whose every request failed, as if the gate `error_rate of "…" < 100%` were written. It fails
/// where no gate is written and warns where there are some; a single request that failed is inconclusive, or a warning.
///
/// No row where a gate about failures judged the endpoint, nor where every request of the run failed.
pub(super) fn rows(gates: &[PlacedGate], results: &Results, judged: &[Row]) -> Vec<Row> {
    if results.total.always_failed() {
        return Vec::new();
    }
    let by_default = gates.iter().all(|placed| placed.origin == Origin::Default);
    let dead = results.endpoints.iter().filter(|endpoint| endpoint.always_failed());
    dead.filter(|endpoint| !judged.iter().any(|row| judges_failures(row, endpoint)))
        .map(|endpoint| row(endpoint, results, by_default))
        .collect()
}

/// Whether a row has judged the failures of an endpoint.
fn judges_failures(row: &Row, endpoint: &Endpoint) -> bool {
    let of_failures = ["error_rate", "failures"].contains(&row.measure.as_str()) || row.measure.starts_with("errors(");
    of_failures
        && !row.is_waiting()
        && matches!(&row.subject, Subject::Endpoint(key) if key.method == endpoint.method && key.name == endpoint.name)
}

fn row(endpoint: &Endpoint, results: &Results, by_default: bool) -> Row {
    let requests = endpoint.requests;
    let cause = results.main_failure(Some(&endpoint.key())).map_or_else(String::new, |(text, _)| format!(": {text}"));
    let (severity, outcome) = match (by_default, requests >= NO_ACCIDENT) {
        (false, _) => (Severity::Warn, Outcome::Warn),
        (true, true) => (Severity::Fail, Outcome::Fail),
        (true, false) => (Severity::Fail, Outcome::Inconclusive),
    };
    let failed = match requests {
        1 => "its only request failed".to_owned(),
        _ => format!("every one of its {} requests failed", Unit::Count.show(requests as f64)),
    };
    let gate = format!("error_rate of \"{}\" < 100%", endpoint.label().replace('\\', r"\\").replace('"', "\\\""));
    Row {
        severity,
        outcome,
        observed: Some(100.0),
        operator: Some(Operator::Less),
        limit: Some(100.0),
        headroom_percent: Some(0.0),
        requests,
        reason: format!("{failed}{cause}").into(),
        ..Row::open(gate, Origin::Default, Subject::Endpoint(endpoint.key()), "error_rate", Unit::Percent)
    }
}
