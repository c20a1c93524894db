//! The value of a measure.

use std::collections::HashMap;

use crate::gate::{ErrorClass, Measure};
use crate::results::{Endpoint, EndpointKey, FailureKind, Percentile, Results, not_delivered};
use crate::series::{Interval, WindowValue};

/// A value, or why there is none, in words.
pub(super) type Observed = Result<f64, String>;

/// The value of a measure that one record tells: everything but error classes and drifts.
pub(super) fn observe(measure: &Measure, endpoint: &Endpoint) -> Observed {
    let missing = || format!("{measure} is not in the results");
    let no_requests = "no request was measured";
    match measure {
        Measure::Requests => return Ok(endpoint.requests as f64),
        Measure::Rps if endpoint.requests == 0 => return Ok(0.0),
        _ if endpoint.requests == 0 => return Err(no_requests.to_owned()),
        _ => {}
    }
    match measure {
        Measure::Percentile(wanted) => endpoint
            .percentile(*wanted)
            .ok_or_else(|| not_delivered("the results hold", *wanted, endpoint.percentiles.keys().copied())),
        Measure::Median => match &endpoint.histogram {
            Some(histogram) if !histogram.is_empty() => histogram.percentile(Percentile::P50),
            _ => endpoint.median_ms.or_else(|| endpoint.percentile(Percentile::P50)),
        }
        .ok_or_else(missing),
        Measure::Avg => endpoint.avg_ms.ok_or_else(missing),
        Measure::Min => endpoint.min_ms.ok_or_else(missing),
        Measure::Max => endpoint.max_ms.ok_or_else(missing),
        Measure::Rps => endpoint.requests_per_s.ok_or_else(missing),
        Measure::Requests => Ok(endpoint.requests as f64),
        Measure::Failures => Ok(endpoint.failures as f64),
        Measure::ErrorRate => endpoint.error_rate().ok_or_else(|| no_requests.to_owned()),
        Measure::Errors(_) | Measure::Drift(_) => Err(missing()),
    }
}

/// The value of a measure in a window of the run. Throughput and the number of requests are 0 in a window without
/// requests, which is a measurement; everything else is unknown there.
pub(super) const fn window_value(measure: &Measure) -> WindowValue {
    match measure {
        Measure::Percentile(wanted) => WindowValue::Percentile(*wanted),
        Measure::Median => WindowValue::Percentile(Percentile::P50),
        Measure::Max => WindowValue::Percentile(Percentile::P100),
        Measure::Avg => WindowValue::Counted(|window| window.average_ms),
        Measure::Rps => WindowValue::Counted(|window| {
            let seconds = window.seconds();
            (seconds > 0.0).then(|| window.requests as f64 / seconds)
        }),
        Measure::Requests => WindowValue::Counted(|window| Some(window.requests as f64)),
        Measure::Failures => WindowValue::Counted(|window| (window.requests > 0).then_some(window.failures as f64)),
        Measure::ErrorRate => WindowValue::Counted(error_rate),
        Measure::Min | Measure::Errors(_) | Measure::Drift(_) => WindowValue::Counted(|_| None),
    }
}

fn error_rate(window: &Interval) -> Option<f64> {
    (window.requests > 0).then(|| window.failures as f64 * 100.0 / window.requests as f64)
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

    /// The failures of a class, and how many failures of the endpoint the list does not tell about (Locust writes its
    /// files one after the other, and the list may be missing).
    pub(super) fn count(&self, key: Option<&EndpointKey>, class: ErrorClass, failures: u64) -> Classified {
        let list = match key {
            None => self.all.as_slice(),
            Some(key) => self.by_endpoint.get(&(&key.method, &key.name)).map_or(&[][..], Vec::as_slice),
        };
        let sum = |wanted: &dyn Fn(FailureKind) -> bool| {
            list.iter().filter(|(kind, _)| wanted(*kind)).fold(0_u64, |sum, (_, count)| sum.saturating_add(*count))
        };
        Classified { of_class: sum(&|kind| class.contains(kind)), unlisted: failures.saturating_sub(sum(&|_| true)) }
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
