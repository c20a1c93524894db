//! Runs and endpoints at least half of whose requests failed: what was measured is how long failures take.

use super::rows;
use crate::results::{Endpoint, Results};
use crate::verdict::{Operator, Outcome, Row, Subject, Unit};

/// Why the response times of a record are not judged.
pub(super) fn why_no_time(endpoint: &Endpoint) -> String {
    format!("{}, and how long a failure takes is not a response time", share(endpoint))
}

/// `450 of 500 requests failed`
fn share(endpoint: &Endpoint) -> String {
    let count = |number: u64| Unit::Count.show(number as f64);
    format!("{} of {} requests failed", count(endpoint.failures), count(endpoint.requests))
}

/// A row of the run itself where at least half of all requests failed and no gate judged these failures: whatever passed
/// says nothing of a service that works. `on_inconclusive: warn` does not let it pass.
///
/// No row where every request failed, which fails the run anyway.
pub(super) fn row(results: &Results, judged: &[Row]) -> Option<Row> {
    let total = &results.total;
    let most = total.requests.div_ceil(2);
    if !total.mostly_failed() || total.always_failed() || unjudged(results, judged) < most {
        return None;
    }
    let cause = results.main_failure(None).map_or_else(String::new, |(text, count)| {
        format!(", most often ({}) with {text}", Unit::Count.show(count as f64))
    });
    let reason = format!("{}{cause}; no gate judged that. Write one, such as `error_rate < 1%`", share(total));
    Some(Row {
        measure: rows::MOST_FAILED.to_owned(),
        unit: Unit::Percent,
        outcome: Outcome::Inconclusive,
        observed: total.error_rate(),
        operator: Some(Operator::Less),
        limit: Some(50.0),
        ..rows::about_the_run(results, &reason)
    })
}

/// How many failures no gate has judged.
fn unjudged(results: &Results, judged: &[Row]) -> u64 {
    let of = |subject: &Subject, failures: u64, requests: u64| {
        let about = judged.iter().filter(|row| row.subject == *subject && row.outcome != Outcome::Inconclusive);
        let judged = about.filter_map(|row| looked_at(row, failures, requests)).max().unwrap_or(0);
        failures.saturating_sub(judged)
    };
    let total = of(&Subject::All, results.total.failures, results.total.requests);
    let by_endpoint = results.endpoints.iter().map(|one| of(&Subject::Endpoint(one.key()), one.failures, one.requests));
    total.min(by_endpoint.fold(0, u64::saturating_add))
}

/// How many failures a row has looked at; `None` where it is about something else.
fn looked_at(row: &Row, failures: u64, requests: u64) -> Option<u64> {
    if ["error_rate", "failures"].contains(&row.measure.as_str()) {
        return Some(failures);
    }
    let observed = row.observed.filter(|_| row.measure.starts_with("errors("))?;
    let count = if row.unit == Unit::Percent { observed / 100.0 * requests as f64 } else { observed };
    Some(count.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::{Options, judge};
    use crate::exit::Exit;
    use crate::gate::testing::{endpoint, failure, gates, results};
    use crate::gate::{NoHistory, default_gates, exit};
    use crate::results::Results;
    use crate::verdict::{OnInconclusive, Verdict};

    /// A run nine tenths of whose requests failed, with time-outs, at both endpoints alike.
    fn broken() -> Results {
        let mut results = results(vec![endpoint("GET /", 1000, 900, 20.0), endpoint("POST /orders", 500, 450, 20.0)]);
        results.failures = vec![failure("GET /", "ReadTimeout()", 900), failure("POST /orders", "ReadTimeout()", 450)];
        results
    }

    fn judged(texts: &[&str], on_inconclusive: OnInconclusive) -> Verdict {
        let gates = if texts.is_empty() { default_gates() } else { gates(texts) };
        judge(&gates, &broken(), None, &NoHistory, &Options { on_inconclusive, ..Options::default() })
    }

    #[test]
    fn a_run_most_of_whose_requests_failed_is_green_by_no_gate_about_something_else() {
        for texts in [
            &["p95 < 500ms"][..],
            &["rps > 1/s", "requests > 100"],
            &["errors(5xx) == 0"],
            &["warn: p95 < 500ms"],
            &["error_rate of \"POST /orders\" < 95%"],
            &[],
        ] {
            for on_inconclusive in [OnInconclusive::Fail, OnInconclusive::Warn] {
                let verdict = judged(texts, on_inconclusive);
                assert_eq!(exit(&verdict), Exit::Inconclusive, "{texts:?}: {}", verdict.sentence);
                let words =
                    "1,350 of 1,500 requests failed, most often (1,350) with ReadTimeout(); no gate judged that";
                assert!(verdict.sentence.contains(words), "{texts:?}: {}", verdict.sentence);
            }
        }
    }

    #[test]
    fn a_gate_about_these_failures_decides_alone() {
        let exit = |texts: &[&str]| exit(&judged(texts, OnInconclusive::Warn));
        assert_eq!(exit(&["p95 < 500ms", "error_rate < 1%"]), Exit::GateFailed);
        for meant in ["error_rate < 95%", "failures < 2000", "errors(timeout) < 95%", "error_rate of \"**\" < 95%"] {
            assert_eq!(exit(&["p95 < 500ms", meant]), Exit::Passed, "{meant}");
        }
    }
}
