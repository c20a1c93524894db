//! The value of a measure.

use std::collections::HashMap;

use crate::gate::{ErrorClass, Measure};
use crate::results::{Endpoint, EndpointKey, FailureKind, Results, not_delivered};
use crate::series::WindowValue;

/// A value, or why there is none, in words.
pub(super) type Observed = Result<f64, String>;

/// The value of a measure in one record: everything but error classes and drifts.
pub(super) fn observe(measure: &Measure, endpoint: &Endpoint) -> Observed {
    if endpoint.requests == 0 {
        let known = measure.plain().and_then(|plain| plain.without_requests);
        return known.ok_or_else(|| "no request was measured".to_owned());
    }
    measure.value(endpoint).ok_or_else(|| match measure {
        Measure::Percentile(wanted) => not_delivered("the results hold", *wanted, endpoint.percentiles.keys().copied()),
        _ => format!("{measure} is not in the results"),
    })
}

/// The value of a measure in a window of the run; unknown where windows have none, which no gate asks for.
pub(super) fn window_value(measure: &Measure) -> WindowValue {
    measure.window().unwrap_or(WindowValue::Counted(|_| None))
}

/// Failures by endpoint and kind.
pub(super) struct FailureIndex<'a> {
    by_endpoint: HashMap<(&'a str, &'a str), Vec<(FailureKind, u64)>>,
    all: Vec<(FailureKind, u64)>,
}

impl<'a> FailureIndex<'a> {
    pub(super) fn of(results: &'a Results) -> Self {
        let mut index = Self { by_endpoint: HashMap::new(), all: Vec::new() };
        for failure in &results.failures {
            let entry = (failure.kind(), failure.occurrences);
            index.by_endpoint.entry((&failure.method, &failure.name)).or_default().push(entry);
            index.all.push(entry);
        }
        index
    }

    /// The failures of a class, and how many failures of the endpoint the list says nothing about: Locust writes its
    /// files one after the other, the list may be missing, and the text of a check does not name the status.
    pub(super) fn count(&self, key: Option<&EndpointKey>, class: ErrorClass, failures: u64) -> Classified {
        let list = match key {
            None => self.all.as_slice(),
            Some(key) => self.by_endpoint.get(&(&key.method, &key.name)).map_or(&[][..], Vec::as_slice),
        };
        let sum = |wanted: &dyn Fn(FailureKind) -> bool| {
            list.iter().filter(|(kind, _)| wanted(*kind)).fold(0_u64, |sum, (_, count)| sum.saturating_add(*count))
        };
        let known = sum(&|kind| kind != FailureKind::Unknown);
        Classified { of_class: sum(&|kind| class.contains(kind)), unlisted: failures.saturating_sub(known) }
    }
}

/// Failures of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Classified {
    /// Failures that surely are of it.
    pub(super) of_class: u64,
    /// Failures of unknown class.
    pub(super) unlisted: u64,
}
