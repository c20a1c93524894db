//! No history makes the judging of parts of the run panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use loadforge_ci::gate::{NoHistory, Options, PlacedGate, judge};
use loadforge_ci::results::{Endpoint, Results};
use loadforge_ci::series::StatsHistory;
use loadforge_ci::verdict::Origin;

static GATES: LazyLock<Vec<PlacedGate>> = LazyLock::new(|| {
    ["p95 < 1s after ramp-up", "rps of \"**\" > 1/s in 99% of windows", "drift(avg) < 5%", "drift(p95) of \"**\" < 5%"]
        .map(|text| PlacedGate { gate: text.parse().expect("a gate"), origin: Origin::Flag })
        .into()
});

static RESULTS: LazyLock<Results> = LazyLock::new(|| {
    let endpoint = |method: &str, name: &str| Endpoint {
        method: method.into(),
        name: name.into(),
        requests: 100,
        ..Endpoint::default()
    };
    Results::new(endpoint("", "Aggregated"), vec![endpoint("GET", "/a")])
});

fuzz_target!(|bytes: &[u8]| {
    let history = StatsHistory::text("history.csv", bytes);
    let verdict = judge(&GATES, &RESULTS, Some(history), &NoHistory, &Options::default());
    assert!(!verdict.rows.is_empty());
});
