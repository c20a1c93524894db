//! The failures of all runs of a build together: errors that each run alone may have by chance show in their sum.

use std::collections::HashMap;

use crate::results::{Endpoint, Results};
use crate::verdict::{Row, Unit};

/// The requests and failures of several runs of a build, added up. Only rates of failed requests can be judged by it.
#[must_use]
pub fn pooled(runs: &[&Results]) -> Results {
    let Some(first) = runs.first() else { return Results::new(Endpoint::default(), Vec::new()) };
    let total = summed(runs.iter().map(|results| &results.total));
    let mut of_all: HashMap<(&str, &str), Vec<&Endpoint>> = HashMap::new();
    for endpoint in runs.iter().flat_map(|results| &results.endpoints) {
        of_all.entry((&endpoint.method, &endpoint.name)).or_default().push(endpoint);
    }
    let endpoints = first.endpoints.iter().map(|endpoint| {
        let same = of_all.get(&(endpoint.method.as_str(), endpoint.name.as_str()));
        summed(same.into_iter().flatten().copied())
    });
    Results::new(total, endpoints.collect())
}

/// The requests and failures of one endpoint in several runs, added up.
fn summed<'a>(endpoints: impl Iterator<Item = &'a Endpoint>) -> Endpoint {
    endpoints.fold(Endpoint::default(), |sum, one| Endpoint {
        method: one.method.clone(),
        name: one.name.clone(),
        requests: sum.requests.saturating_add(one.requests),
        failures: sum.failures.saturating_add(one.failures),
        failures_unknown: sum.failures_unknown || one.failures_unknown,
        ..sum
    })
}

/// Whether a row compares the share or the number of failed requests, which all runs decide together.
pub(super) fn is_rate(row: &Row) -> bool {
    match row.unit {
        Unit::Percent => row.measure == "error_rate",
        Unit::Count => row.measure == "failures",
        Unit::Ms | Unit::PerSecond => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_failures_are_added_up_by_endpoint() {
        let run = |counts: &[(&str, u64, u64)]| {
            let endpoint = |(name, requests, failures): &(&str, u64, u64)| Endpoint {
                name: (*name).to_owned(),
                requests: *requests,
                failures: *failures,
                median_ms: Some(5.0),
                ..Endpoint::default()
            };
            let total = counts.iter().fold((0, 0), |all, one| (all.0 + one.1, all.1 + one.2));
            Results::new(endpoint(&("all", total.0, total.1)), counts.iter().map(endpoint).collect())
        };
        let both = pooled(&[&run(&[("/a", 100, 8), ("/b", 50, 0)]), &run(&[("/b", 60, 1)])]);
        let told: Vec<_> = both.endpoints.iter().map(|one| (one.name.as_str(), one.requests, one.failures)).collect();
        assert_eq!(told, [("/a", 100, 8), ("/b", 110, 1)]);
        assert_eq!((both.total.requests, both.total.failures, both.total.median_ms), (210, 9, None));
        assert_eq!(pooled(&[]).total.requests, 0);
    }
}
