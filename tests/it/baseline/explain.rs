//! `baseline explain` through the binary: a limit step by step, for each of the ways limits come about.

use insta::assert_snapshot;
use loadforge_ci::baseline::RunHistory;
use loadforge_ci::results::Endpoint;

use super::support::{endpoint, folder, good_with, record, results};
use crate::tool::Tool;

/// Eight good runs of a service of so many endpoints.
fn tool(endpoints: u32) -> Tool {
    let tool = Tool::new();
    let mut history = RunHistory::open(tool.path("loadforge-history")).unwrap();
    for day in 0..8 {
        history.append(&good_with(day as u64, day, build(endpoints, day, 1.0))).unwrap();
    }
    tool
}

fn build(endpoints: u32, day: i64, machine: f64) -> Vec<Endpoint> {
    let one = |index: u32| {
        let scatter = 1.0 + 0.03 * f64::from((day as u32 * 53 + index * 29) % 11) / 11.0;
        endpoint(&format!("GET /{index}"), 2_000, 2, (40.0 * f64::from(index) * scatter * machine).round())
    };
    (1..=endpoints).map(one).collect()
}

/// The tool after a run of the ninth day, on a machine slower by this factor.
fn with_run(endpoints: u32, machine: f64) -> Tool {
    let tool = tool(endpoints);
    folder(&tool.path("loadforge-results"), &record(99, 8), &results(build(endpoints, 8, machine)), None);
    tool
}

fn explained(tool: &Tool, row: &str) -> String {
    tool.run(&["baseline", "explain", row, "--baseline-max-age", "3650d"]).expect(0).stdout
}

#[test]
fn the_limit_of_a_service_is_explained_step_by_step() {
    assert_snapshot!(explained(&with_run(9, 1.1), "p95 of \"GET /4\""), @r#"
    p95 of GET /4: run 99 of 2026-05-09 against 8 good runs
    Gate: p95 of "**" <= +20% vs baseline

    1. Good runs
       8 good runs of 2026-05-01 to 2026-05-08 have it, oldest first: 163, 162, 161, 160, 164, 163, 162,
       161. Their median is 162 ms.

    2. Usual value
       What each good run did to all 9 endpoints (-1.1 % to +0.3 %) is taken out by medians in turn over
       endpoints and runs (median polish). What is usual for this endpoint is then 162 ms.

    3. Spread
       Its own good runs lie 0.4 % from it, as a standard deviation. An endpoint of this service with as
       many requests usually lies 3.5 % away, which counts like 10 more runs. Both mixed: 2.7 %.

    4. Slow runs
       4.7 % of all values are taken to be slow for no reason of the code: what the good runs showed,
       with 8 % of 100 values assumed beforehand.

    5. Environment of this run
       Half of the endpoints of this run changed by +9 % or more. That is the environment, and makes 177
       ms of the usual value (+9 %).

    6. Scatter of one more run
       One more run scatters by 4.4 % about that: the spread, widened because medians of 8 runs and 9
       endpoints are uncertain, and because endpoints answer unevenly to an environment (35 % of it).

    7. Limit for two runs
       The widest of what is tolerated (+20 %), 3 times the scatter (+14 %) and what 27 rows judged at
       once need (+28 %), on top of the environment: two runs must exceed 227 ms. The limit: 227 ms.

    8. Limit for three runs
       The widest of what is tolerated (+20 %), 2 times the scatter (+9.1 %) and what 27 rows judged at
       once need (+7.9 %), on top of the environment: three runs must all exceed 212 ms. The limit: 212
       ms.

    9. How many runs decide
       One run decides here, by the limit for two. With `--confirm` up to three runs decide.

    10. What the report says
       limit from 8 good runs between 160 ms and 164 ms: a scatter of 4.4 % with 27 rows judged at once;
       raised because this run is 9 % slower everywhere.

    Limit: <= 227 ms. This run: 176 ms, which meets it.
    "#);
}

#[test]
fn with_few_endpoints_the_simple_rule_is_explained() {
    assert_snapshot!(explained(&with_run(3, 1.1), "GET /3 p95"), @r#"
    p95 of GET /3: run 99 of 2026-05-09 against 8 good runs
    Gate: p95 of "**" <= +20% vs baseline

    1. Good runs
       8 good runs of 2026-05-01 to 2026-05-08 have it, oldest first: 123, 123, 122, 121, 121, 120, 123,
       122. Their median is 122 ms.

    2. Usual value
       The endpoint is judged by its own good runs alone: telling it from its environment takes 5
       endpoints and 5 good runs that measured them. The median is 122 ms.

    3. Spread
       The good runs lie 0.9 % from it, as a standard deviation. Before any was seen, 5.9 % is expected,
       which counts like 3 more runs. Both mixed, and widened because the median of 8 runs is uncertain:
       3.6 %.

    4. Margin
       The widest of what is tolerated (+20 %), 3 spreads (+11 % as a factor) and what 9 rows judged at
       once need (+24 %): 152 ms.

    5. Smallest difference
       A difference counts from 5 ms on, and from one step of Locust's rounding, 10 ms. The limit: 152
       ms.

    6. What the report says
       limit from 8 good runs between 120 ms and 123 ms: a scatter of 3.6 % with 9 rows judged at once.

    Limit: <= 152 ms. This run: 134 ms, which meets it.
    "#);
}

#[test]
fn the_limit_of_an_error_rate_is_explained() {
    assert_snapshot!(explained(&with_run(9, 1.0), "error_rate of \"GET /4\""), @r#"
    error_rate of GET /4: run 99 of 2026-05-09 against 8 good runs
    Gate: error_rate of "**" <= +20% vs baseline

    1. Good runs
       8 good runs of 2026-05-01 to 2026-05-08 have it, oldest first: 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1,
       0.1. Their median is 0.1 %.

    2. Usual value
       16 of 16,000 requests failed in all good runs together: 0.1 %.

    3. Bursts
       Failures come in bursts: they scatter 1.0 times as much as coin flips, so each count is divided
       by that.

    4. What the good runs explain
       With 2,000 requests in this run, up to 0.5 % is explained with a chance of at least 0.026 %
       (one-sided exact test).

    5. Limit
       The highest of that, what is tolerated (+20 %: 0.12 %) and the smallest change that counts (0.5
       percentage points more: 0.6 %).

    6. What the report says
       limit from 8 good runs at 0.1 %: the smallest change that counts, 0.5 percentage points.

    Limit: <= 0.6 %. This run: 0.1 %, which meets it.
    "#);
}

#[test]
fn without_a_run_the_newest_recorded_one_is_explained_as_on_its_day() {
    let text = explained(&tool(9), "p95 of \"/4\"");
    assert!(text.starts_with("p95 of GET /4: run 7 of 2026-05-08 against 7 good runs\n"), "{text}");
}

#[test]
fn json_has_the_numbers_of_each_step_and_the_limit_of_the_report() {
    let tool = with_run(9, 1.0);
    let gate = "p95 of \"**\" <= +20% vs baseline";
    let row = ["baseline", "explain", "GET /4 p95", "--gate", gate, "--format", "json", "--baseline-max-age", "3650d"];
    let explained: serde_json::Value = serde_json::from_str(&tool.run(&row).expect(0).stdout).unwrap();
    tool.run(&["gate", "--gate", gate, "--baseline-max-age", "3650d"]).expect(0);
    let verdict = tool.json("loadforge-results/verdict.json");
    let row =
        verdict["rows"].as_array().unwrap().iter().find(|row| row["subject"]["endpoint"]["name"] == "/4").unwrap();
    let (ours, reported) = (explained["limit"].as_f64().unwrap(), row["limit"].as_f64().unwrap());
    assert!((ours / reported - 1.0).abs() < 1e-9, "{ours}, {reported}");
    let names: Vec<&str> =
        explained["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Good runs",
            "Usual value",
            "Spread",
            "Slow runs",
            "Environment of this run",
            "Scatter of one more run",
            "Limit for two runs",
            "Limit for three runs",
            "How many runs decide",
            "What the report says"
        ]
    );
    assert!(explained["steps"][6]["numbers"]["limit"].as_f64().unwrap() > 100.0);
}

#[test]
fn what_cannot_be_explained_says_what_to_do() {
    let tool = with_run(9, 1.0);
    let says = |row: &str, code: i32| {
        tool.run(&["baseline", "explain", row, "--baseline-max-age", "3650d"]).expect(code).stderr
    };
    assert!(says("p95 of \"GET /44\"", 2).contains("did you mean 'p95 of \"GET /4\"'?"));
    assert!(says("p95 of \"**\"", 2).contains("means 9 endpoints"));
    assert!(says("p95 < 1s", 2).contains("has a written limit"));
    let empty = Tool::new().run(&["baseline", "explain", "p95"]).expect(2).stderr;
    assert!(empty.contains("no good run is recorded in loadforge-history"), "{empty}");
}
