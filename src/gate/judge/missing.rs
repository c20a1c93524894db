//! Endpoints that a run should have called and did not.

use std::collections::HashSet;

use crate::gate::Expected;
use crate::gate::Selector;
use crate::results::{Endpoint, Results};
use crate::verdict::Row;

/// The expected endpoints without a single request, each as if it had been measured with none: a throughput of 0 is a
/// fact, everything else is unknown. Where the results know no single endpoint at all, none is missing.
pub(super) struct Missing {
    endpoints: Vec<Endpoint>,
    runs: u32,
    /// Whether the list of endpoints was cut off: Locust writes the row of all requests last.
    cut_off: bool,
}

impl Missing {
    pub(super) fn of(mut expected: Expected, results: &Results) -> Self {
        if results.endpoints.is_empty() {
            expected.endpoints.clear();
        }
        let called: HashSet<(&str, &str)> = results
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.requests > 0)
            .map(|endpoint| (endpoint.method.as_str(), endpoint.name.as_str()))
            .collect();
        let missing =
            expected.endpoints.into_iter().filter(|key| !called.contains(&(key.method.as_str(), key.name.as_str())));
        let mut endpoints: Vec<Endpoint> =
            missing.map(|key| Endpoint { method: key.method, name: key.name, ..Endpoint::default() }).collect();
        endpoints.sort_unstable_by(|a, b| (&a.name, &a.method).cmp(&(&b.name, &b.method)));
        let cut_off = results.total.percentiles.is_empty() && results.total.histogram.is_none();
        Self { endpoints, runs: expected.runs, cut_off }
    }

    /// Those a selector means.
    pub(super) fn matching<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = &'a Endpoint> {
        self.endpoints.iter().filter(|endpoint| selector.matches(&endpoint.method, &endpoint.name))
    }

    /// Whether none is missing.
    pub(super) fn is_none(&self) -> bool {
        self.endpoints.is_empty()
    }

    pub(super) fn contains(&self, endpoint: &Endpoint) -> bool {
        let same = |one: &Endpoint| one.method == endpoint.method && one.name == endpoint.name;
        endpoint.requests == 0 && self.endpoints.iter().any(same)
    }

    /// Why a missing endpoint cannot be judged, if that is so.
    pub(super) fn unknown(&self) -> Option<String> {
        self.cut_off.then(|| format!("the results were cut off before it, and {}", self.runs_did()))
    }

    /// Says in a row's reason that its endpoint was not called.
    pub(super) fn explain(&self, row: &mut Row) {
        row.reason.prefix(&format!("this run never called it, and {}; ", self.runs_did()));
    }

    fn runs_did(&self) -> String {
        match self.runs {
            1 => "the last good run did call it".to_owned(),
            runs => format!("each of the last {runs} good runs did call it"),
        }
    }
}
