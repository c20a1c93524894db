//! No results, however odd, make judging panic or call something met that was not measured.

use proptest::prelude::*;

use super::*;
use crate::gate::testing::{Always, gates, learned, results};
use crate::results::{Failure, Percentile, Steady};

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    let number = || prop_oneof![0.0_f64..1e4, Just(0.0), Just(f64::MAX), Just(f64::NAN), Just(f64::INFINITY)];
    let count = || prop_oneof![0..1000_u64, Just(0), Just(u64::MAX / 4)];
    (
        ("[A-Z]{0,4}", "[a-z/]{0,6}"),
        (count(), count()),
        prop::collection::btree_map(
            (1..=100_u32).prop_map(|p| Percentile::from_percent(f64::from(p)).unwrap()),
            number(),
            0..4,
        ),
        (prop::option::of(number()), prop::option::of(number()), prop::option::of(number())),
        prop::collection::vec((0..u64::MAX / 2, 0..u64::MAX / 2), 0..4),
    )
        .prop_map(
            |((method, name), (requests, failures), percentiles, (avg_ms, min_ms, requests_per_s), buckets)| Endpoint {
                method,
                name,
                requests,
                failures,
                percentiles,
                avg_ms,
                min_ms,
                requests_per_s,
                histogram: (!buckets.is_empty()).then(|| buckets.into_iter().collect()),
                ..Endpoint::default()
            },
        )
}

fn any_results() -> impl Strategy<Value = Results> {
    let failures =
        prop::collection::vec(("[A-Z]{0,4}", "[a-z/]{0,6}", ".{0,30}", any::<u64>()), 0..4).prop_map(|list| {
            let failure = |(method, name, error, occurrences)| Failure::new(method, name, error, occurrences);
            list.into_iter().map(failure).collect::<Vec<_>>()
        });
    let endpoints = prop::collection::vec(any_endpoint(), 0..6);
    (any_endpoint(), endpoints, failures, prop::option::of(prop::collection::vec(any_endpoint(), 0..3))).prop_map(
        |(total, endpoints, failures, steady)| {
            let after_ramp_up =
                steady.map(|endpoints| Steady { from_s: 0, seconds: 1.0, total: Endpoint::default(), endpoints });
            Results { total, endpoints, failures, after_ramp_up, ..results(Vec::new()) }
        },
    )
}

proptest! {
    #[test]
    fn no_results_make_it_panic(
        results in any_results(),
        history in prop::option::of("(Timestamp,User Count,Name,Total Request Count,Total Failure Count,95%\n)?([0-9]{1,9},[0-9]{1,9},(Aggregated|a),[0-9]{1,9},[0-9]{1,9},[0-9]{1,9}\n){0,20}"),
    ) {
        let gates = gates(&[
            "p95 < 1s", "p99.99 of \"**\" > 1s", "median of \"*\" == 5ms", "avg of \"**\" < 5ms", "min < 1s", "max < 1s",
            "rps > 1/s", "requests > 5", "failures of \"**\" < 5", "error_rate of \"**\" < 1%", "error_rate == 100%",
            "errors(5xx) of \"**\" < 1%", "errors(other) < 5", "drift(p95) of \"**\" < 5%", "drift(rps) < 5%",
            "p95 < 1s after ramp-up", "avg of \"**\" < 1s after ramp-up", "rps > 1/s in 50% of windows",
            "p95 of \"**\" < 1s in 99% of windows after ramp-up", "p95 of \"**\" <= +10% vs baseline",
        ]);
        let answer = learned(10.0, 0.0, 3);
        let history = history.as_ref().map(|text| StatsHistory::text("h", text.as_bytes()));
        let verdict = judge(&gates, &results, history, &Always(answer), &Options::default());
        prop_assert!(!verdict.sentence.is_empty());
        for row in &verdict.rows {
            prop_assert!(!row.reason.outcome.is_empty(), "{row:?}");
            prop_assert!(row.headroom_percent.is_none_or(f64::is_finite));
            // What could not be measured is never judged.
            prop_assert!(row.observed.is_some() || !matches!(row.outcome, Outcome::Pass | Outcome::Fail), "{row:?}");
        }
    }
}
