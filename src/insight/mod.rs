//! What the numbers mean over time: findings that help to read a result and never change a verdict.
//!
//! Each finding has a file of its own. They look at three things: what was measured ([`Results`]), the run's time
//! series ([`RunSeries`]), and, where there is one, what is usual ([`UsualValues`]).

mod always_failed;
mod baseline;
mod change_point;
mod creep;
mod drift;
mod failures;
mod names;
mod saturation;
mod spike;
mod words;

pub use baseline::{Usual, UsualValues};

use crate::results::Results;
use crate::series::RunSeries;
use crate::verdict::Finding;

/// Everything worth knowing about a run that is not a verdict, the most important first. A healthy run has none.
#[must_use]
pub fn find(results: &Results, series: &RunSeries, baseline: Option<&UsualValues>) -> Vec<Finding> {
    let against_the_past = [
        always_failed::find(results),
        baseline.and_then(|usual| baseline::faster_because_failing(results, usual)),
        baseline.and_then(|usual| baseline::common_mode(results, usual)),
        baseline.and_then(|usual| creep::find(results, usual)),
    ]
    .into_iter()
    .flatten()
    .chain(baseline.into_iter().flat_map(|usual| change_point::find(results, usual)));
    let in_the_run = [
        saturation::find(series),
        spike::find(series),
        drift::find(series),
        failures::find(results),
        names::find(results),
    ];
    against_the_past.chain(in_the_run.into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::locust::{read_failures, read_stats};
    use crate::results::{Endpoint, Failure, Percentile, TimePoint, Timeline};
    use crate::series::StatsHistory;

    /// An endpoint whose p95 is twice its median.
    pub(super) fn endpoint(method: &str, name: &str, requests: u64, failures: u64, median_ms: f64) -> Endpoint {
        Endpoint {
            method: method.into(),
            name: name.into(),
            requests,
            failures,
            median_ms: Some(median_ms),
            percentiles: BTreeMap::from([(Percentile::P50, median_ms), (Percentile::P95, median_ms * 2.0)]),
            ..Endpoint::default()
        }
    }

    pub(super) fn results(endpoints: Vec<Endpoint>) -> Results {
        let sum = |of: fn(&Endpoint) -> u64| endpoints.iter().map(of).fold(0, u64::saturating_add);
        let (requests, failures) = (sum(|interval| interval.requests), sum(|interval| interval.failures));
        Results::new(endpoint("", "Aggregated", requests, failures, 20.0), endpoints)
    }

    fn fixture(folder: &str) -> Vec<Finding> {
        let file = |name: &str| {
            let path = format!("{}/tests/fixtures/locust/{folder}/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::File::open(path).unwrap()
        };
        let stats = read_stats("stats", file("run_stats.csv")).unwrap();
        let mut results = results(stats.endpoints);
        results.total = stats.total;
        results.failures = read_failures("failures", file("run_failures.csv")).unwrap();
        let series =
            RunSeries::read(&results, Some(StatsHistory::stream("history", file("run_stats_history.csv")))).unwrap();
        find(&results, &series, None)
    }

    #[test]
    fn healthy_runs_have_no_findings() {
        for script in ["s1_basic", "s2_auth", "s3_checkout", "s4_reports"] {
            assert_eq!(fixture(&format!("healthy/{script}")), [], "{script}");
        }
    }

    #[test]
    fn runs_with_errors_have_their_failures_told() {
        let sentences = |folder: &str| fixture(folder).into_iter().map(|finding| finding.sentence).collect::<Vec<_>>();
        insta::assert_debug_snapshot!([sentences("errors/s1_basic"), sentences("errors/s2_auth")], @r#"
        [
            [
                "3 of 136 requests failed (2.21 %), all of them gateway errors (502, 504).",
            ],
            [
                "13 of 198 requests failed (6.57 %), all of them connections broken off.",
            ],
        ]
        "#);
    }

    fn any_number() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), 0.0..1e6_f64, any::<f64>()]
    }

    prop_compose! {
        fn any_endpoint()(
            method in "GET|POST|", name in "[/a-c?=&0-9\\[\\]-]{0,12}|.{0,6}", requests in any::<u64>(),
            failures in 0..1_000_u64, median in proptest::option::of(any_number()), p95 in any_number(),
        ) -> Endpoint {
            let percentiles = BTreeMap::from([(Percentile::P95, p95)]);
            Endpoint { method, name, requests, failures, median_ms: median, percentiles, ..Endpoint::default() }
        }
    }

    prop_compose! {
        fn any_point()(
            t_s in prop_oneof![any::<i64>(), 0..200_i64], users in prop_oneof![any::<u32>(), 0..20_u32], p50 in proptest::option::of(any_number()),
            total_requests in prop_oneof![any::<u64>(), 0..500_u64], total_failures in prop_oneof![any::<u64>(), 0..500_u64],
        ) -> TimePoint {
            TimePoint { t_s, users, p50_ms: p50, total_requests, total_failures, ..TimePoint::default() }
        }
    }

    proptest! {
        #[test]
        fn no_run_is_too_strange(
            endpoints in proptest::collection::vec(any_endpoint(), 0..12), usual in proptest::collection::vec(any_endpoint(), 0..12),
            points in proptest::collection::vec(any_point(), 0..60), errors in proptest::collection::vec((".{0,40}", any::<u64>()), 0..6),
        ) {
            let mut run = results(endpoints);
            run.timeline = Timeline { points };
            let failure = |(error, occurrences)| Failure::new("GET", "/", error, occurrences);
            run.failures = errors.into_iter().map(failure).collect();
            let baseline = UsualValues::of_run(&results(usual));
            let found = find(&run, &RunSeries::from_timeline(&run.timeline), Some(&baseline));
            prop_assert!(found.iter().all(|finding| !finding.sentence.is_empty() && !finding.next.is_empty()));
        }

        #[test]
        fn no_history_is_too_strange(rows in proptest::collection::vec(
            ("[0-9]{1,4}", "[0-9]{1,3}", "GET|", "/a|Aggregated", "[0-9]{1,4}", "[0-9]{1,4}", "[0-9]{1,4}(\\.[0-9])?|N/A"), 0..60,
        )) {
            let mut text = "Timestamp,User Count,Type,Name,Total Request Count,Total Failure Count,Total Average Response Time\n".to_owned();
            for (t, users, method, name, requests, failures, average) in rows {
                text.push_str(&[t, users, method, name, requests, failures, average].join(","));
                text.push('\n');
            }
            let run = results(vec![endpoint("GET", "/a", 5, 1, 20.0)]);
            let series = RunSeries::read(&run, Some(StatsHistory::text("history", text.as_bytes()))).unwrap();
            let _ = find(&run, &series, None);
        }
    }
}
