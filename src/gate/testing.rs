//! Results and verdicts for the tests of this module.

use super::{BaselineAnswer, BaselineQuery, LimitSource, NoHistory, Options, PlacedGate, judge};
use crate::results::{Endpoint, Failure, Percentile, Results};
use crate::series::StatsHistory;
use crate::verdict::{Origin, Verdict};

/// An endpoint as Locust's CSV has it, every percentile the given p95.
pub(super) fn endpoint(label: &str, requests: u64, failures: u64, p95_ms: f64) -> Endpoint {
    let (method, name) = label.split_once(' ').unwrap_or(("", label));
    Endpoint {
        method: method.into(),
        name: name.into(),
        requests,
        failures,
        median_ms: Some(p95_ms / 2.0),
        avg_ms: Some(p95_ms / 2.0),
        min_ms: Some(1.0),
        max_ms: Some(p95_ms * 2.0),
        requests_per_s: Some(requests as f64 / 60.0),
        percentiles: [(Percentile::P50, p95_ms / 2.0), (Percentile::P95, p95_ms), (Percentile::P99, p95_ms * 1.5)]
            .into(),
        ..Endpoint::default()
    }
}

/// Results with these endpoints and their sum.
pub(super) fn results(endpoints: Vec<Endpoint>) -> Results {
    let requests = endpoints.iter().map(|endpoint| endpoint.requests).sum();
    let failures = endpoints.iter().map(|endpoint| endpoint.failures).sum();
    let p95 = endpoints.iter().filter_map(|endpoint| endpoint.percentile(Percentile::P95)).fold(0.0, f64::max);
    Results::new(Endpoint { method: String::new(), ..endpoint("Aggregated", requests, failures, p95) }, endpoints)
}

/// A failure of Locust's list.
pub(super) fn failure(label: &str, error: &str, occurrences: u64) -> Failure {
    let (method, name) = label.split_once(' ').unwrap_or(("", label));
    Failure::new(method, name, error, occurrences)
}

/// Gates as if they were given with `--gate`.
pub(super) fn gates(texts: &[&str]) -> Vec<PlacedGate> {
    texts
        .iter()
        .map(|text| PlacedGate { gate: text.parse().unwrap_or_else(|error| panic!("{error}")), origin: Origin::Flag })
        .collect()
}

/// The verdict without history.
pub(super) fn verdict(texts: &[&str], results: &Results) -> Verdict {
    judge(&gates(texts), results, None, &NoHistory, &Options::default())
}

/// The verdict with a history of the run.
pub(super) fn verdict_over(texts: &[&str], results: &Results, history: &str) -> Verdict {
    let history = StatsHistory::text("history.csv", history.as_bytes());
    judge(&gates(texts), results, Some(history), &NoHistory, &Options::default())
}

/// A history that gives the same answer to everything.
pub(super) struct Always(pub(super) BaselineAnswer);

impl LimitSource for Always {
    fn compare(&self, _: &BaselineQuery<'_>) -> BaselineAnswer {
        self.0.clone()
    }
}

/// A learned limit.
pub(super) fn learned(limit: f64, median: f64, runs: u32) -> BaselineAnswer {
    BaselineAnswer::Limit {
        limit,
        median,
        runs,
        recent: vec![median; 3],
        warn_only: false,
        reason: String::new(),
        shown: None,
        new_failures: false,
    }
}

/// The rows as a person would list them.
pub(super) fn listed(verdict: &Verdict) -> String {
    let mut text = format!("{}: {}\n", verdict.outcome, verdict.sentence);
    for row in &verdict.rows {
        let allowed = if row.allowed { " (allowed)" } else { "" };
        text.push_str(&format!(
            "{}{allowed} | {} | {} | {} {} {} | {}\n",
            row.outcome,
            row.gate,
            row.subject,
            row.measure,
            row.observed_text(),
            row.limit_text(),
            row.reason
        ));
    }
    text
}
