//! What our own server adds to a result, put into the results: exact response times instead of rounded percentiles.

use std::collections::HashMap;

use crate::results::{
    Endpoint, EndpointKey, ExactEndpoint, ExactSteady, Extension, Histogram, Percentile, Results, Steady,
};

/// Adds the extension's exact histograms, steady part, failures, evidence and problems. An endpoint the CSV does not know is added.
pub fn add(results: &mut Results, extension: Extension) {
    let mut all = Histogram::default();
    // The first of equals, as a reader of the file would find it.
    let mut places: HashMap<EndpointKey, usize> = HashMap::with_capacity(results.endpoints.len());
    for (place, endpoint) in results.endpoints.iter().enumerate() {
        places.entry(endpoint.key()).or_insert(place);
    }
    for exact in extension.endpoints {
        let histogram = both(&exact);
        all.merge(&histogram);
        let next = results.endpoints.len();
        let key = EndpointKey { method: exact.method.clone(), name: exact.name.clone() };
        match *places.entry(key).or_insert(next) {
            // Two names that differ in a hidden value alone are one.
            place if place < next => results.endpoints[place].histogram.get_or_insert_default().merge(&histogram),
            _ => results.endpoints.push(endpoint(&exact, None)),
        }
    }
    if !all.is_empty() {
        results.total.histogram = Some(all);
    }
    results.after_ramp_up = extension.after_ramp_up.map(steady);
    if !extension.failures.is_empty() {
        results.failures = extension.failures;
    }
    results.evidence = extension.evidence;
    for problem in extension.problems {
        // The server knows better why nothing was sent than the count alone does.
        results.problems.retain(|known| known.kind != problem.kind);
        results.problems.push(problem);
    }
}

fn both(exact: &ExactEndpoint) -> Histogram {
    let mut all = exact.passed.clone();
    all.merge(&exact.failed);
    all
}

fn steady(exact: ExactSteady) -> Steady {
    let mut total = ExactEndpoint { name: "Aggregated".to_owned(), ..ExactEndpoint::default() };
    for exact_endpoint in &exact.endpoints {
        total.passed.merge(&exact_endpoint.passed);
        total.failed.merge(&exact_endpoint.failed);
    }
    let seconds = (exact.seconds > 0.0).then_some(exact.seconds);
    Steady {
        from_s: exact.from_s,
        seconds: exact.seconds,
        total: endpoint(&total, seconds),
        endpoints: exact.endpoints.iter().map(|exact_endpoint| endpoint(exact_endpoint, seconds)).collect(),
    }
}

/// An endpoint's record from its histograms alone; rates need the time they were measured in.
fn endpoint(exact: &ExactEndpoint, seconds: Option<f64>) -> Endpoint {
    let histogram = both(exact);
    let (requests, failures) = (histogram.count(), exact.failed.count());
    let sum_us: f64 = histogram.buckets().map(|(us, count)| us as f64 * count as f64).sum();
    let ms = |(us, _): (u64, u64)| us as f64 / 1000.0;
    let (first, last) = (histogram.buckets().next(), histogram.buckets().last());
    Endpoint {
        method: exact.method.clone(),
        name: exact.name.clone(),
        requests,
        failures,
        failures_unknown: false,
        median_ms: histogram.percentile(Percentile::P50),
        avg_ms: (requests > 0).then(|| sum_us / requests as f64 / 1000.0),
        min_ms: first.map(ms),
        max_ms: last.map(ms),
        avg_content_bytes: None,
        requests_per_s: seconds.map(|seconds| requests as f64 / seconds),
        failures_per_s: seconds.map(|seconds| failures as f64 / seconds),
        percentiles: Percentile::LOCUST
            .into_iter()
            .filter_map(|percentile| Some((percentile, histogram.percentile(percentile)?)))
            .collect(),
        histogram: Some(histogram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Problem, ProblemKind};
    use crate::series::{CsvFile, load};

    fn exact(name: &str, passed: &[(u64, u64)], failed: &[(u64, u64)]) -> ExactEndpoint {
        ExactEndpoint {
            method: "GET".into(),
            name: name.into(),
            passed: passed.iter().copied().collect(),
            failed: failed.iter().copied().collect(),
        }
    }

    #[test]
    fn exact_times_replace_rounded_ones_and_the_steady_part_is_computed() {
        let stats = "Type,Name,Request Count,Failure Count,50%\nGET,/a,3,1,12\n,Aggregated,3,1,12\n";
        let mut results = load(CsvFile::of("s", stats.as_bytes()), None, None).unwrap();
        let extension = Extension {
            endpoints: vec![exact("/a", &[(11_700, 2)], &[(20_000, 1)]), exact("/b", &[(5_000, 1)], &[])],
            after_ramp_up: Some(ExactSteady {
                from_s: 100,
                seconds: 4.0,
                endpoints: vec![exact("/a", &[(10_000, 1), (20_000, 1)], &[(30_000, 2)])],
            }),
            problems: vec![Problem::new(ProblemKind::UsersLost, "2 of 5")],
            ..Extension::default()
        };
        add(&mut results, extension);
        let p50 = |endpoint: &Endpoint| endpoint.percentile(Percentile::P50);
        assert_eq!(p50(&results.endpoints[0]), Some(11.7));
        assert_eq!((results.endpoints[1].label(), results.endpoints[1].requests), ("GET /b".into(), 1));
        assert_eq!(results.total.histogram.as_ref().map(Histogram::count), Some(4));
        let steady = results.after_ramp_up.unwrap();
        assert_eq!((steady.total.requests, steady.total.failures, steady.total.requests_per_s), (4, 2, Some(1.0)));
        assert_eq!(
            (steady.total.avg_ms, steady.total.min_ms, steady.total.max_ms),
            (Some(22.5), Some(10.0), Some(30.0))
        );
        assert_eq!(steady.total.error_rate(), Some(50.0));
        assert_eq!(results.problems[0].kind, ProblemKind::UsersLost);
    }
}
