use insta::assert_snapshot;

use super::*;
use crate::exit::Exit;
use crate::gate::BaselineAnswer;
use crate::gate::testing::{Always, endpoint, failure, gates, learned, listed, results, verdict, verdict_over};
use crate::gate::{FieldDifference, NoHistory, default_gates, exit};
use crate::results::{EndpointKey, Evidence, Histogram, NeverEnded, Problem, ProblemKind, Steady};

fn shop() -> Results {
    let mut results = results(vec![
        endpoint("GET /products", 4000, 0, 240.0),
        endpoint("POST /login", 800, 24, 1070.0),
        endpoint("POST /carts/[id]/checkout", 40, 1, 900.0),
    ]);
    results.failures = vec![
        failure("POST /login", "HTTPError('503 Server Error: x for url: y')", 20),
        failure("POST /login", "HTTPError('401 Client Error: x for url: y')", 4),
        failure("POST /carts/[id]/checkout", "ReadTimeout('timed out')", 1),
    ];
    results
}

#[test]
fn all_gates_pass() {
    let verdict = verdict(&["p95 of \"GET /products\" < 500ms", "error_rate < 1%", "rps > 50/s"], &shop());
    assert_snapshot!(listed(&verdict), @r#"
    pass: All 3 gates passed: closest to its limit is error_rate of all requests together, 0.517 % (limit < 1 %)
    pass | p95 of "GET /products" < 500ms | GET /products | p95 240 ms < 500 ms | 240 ms meets < 500 ms
    pass | error_rate < 1% | all requests | error_rate 0.517 % < 1 % | 0.517 % meets < 1 %
    pass | rps > 50/s | all requests | rps 80.7/s > 50/s | 80.7/s meets > 50/s
    "#);
    assert_eq!(exit(&verdict), Exit::Passed);
}

#[test]
fn a_glob_gate_is_judged_for_each_endpoint() {
    let verdict = verdict(&["p95 of \"**\" < 800ms", "warn: error_rate of \"POST **\" <= 2.5%"], &shop());
    assert_snapshot!(listed(&verdict), @r#"
    fail: POST /login misses its goal: p95 1,070 ms, limit < 800 ms
    pass | p95 of "**" < 800ms | GET /products | p95 240 ms < 800 ms | 240 ms meets < 800 ms
    fail | p95 of "**" < 800ms | POST /login | p95 1,070 ms < 800 ms | 1,070 ms misses < 800 ms
    inconclusive | p95 of "**" < 800ms | POST /carts/[id]/checkout | p95 900 ms < 800 ms | too few requests: 40, and p95 needs 59; at this rate that takes a run of 2m, or 1.5 times the users
    warn | warn: error_rate of "POST **" <= 2.5% | POST /login | error_rate 3 % <= 2.5 % | 3 % misses <= 2.5 %
    inconclusive | warn: error_rate of "POST **" <= 2.5% | POST /carts/[id]/checkout | error_rate 2.5 % <= 2.5 % | too few requests: 40 with 1 failed, and a goal of 2.5 % needs 119; at this rate that takes a run of 3m, or 3 times the users
    "#);
    assert_eq!(exit(&verdict), Exit::GateFailed);
}

#[test]
fn a_warning_never_turns_the_build_red() {
    let verdict = verdict(&["warn: p95 < 800ms", "warn: p95 of \"/nothing\" < 1s", "requests > 10"], &shop());
    assert_snapshot!(listed(&verdict), @r#"
    warn: Passed with 1 warning: all requests together miss their goal: p95 1,070 ms, limit < 800 ms; 1 could not be judged
    warn | warn: p95 < 800ms | all requests | p95 1,070 ms < 800 ms | 1,070 ms misses < 800 ms
    inconclusive | warn: p95 of "/nothing" < 1s | /nothing | p95 – < 1,000 ms | no endpoint matches "/nothing"; there are only "POST /login", "GET /products", "POST /carts/[id]/checkout"
    pass | requests > 10 | all requests | requests 4,840 > 10 | 4,840 meets > 10
    "#);
    assert_eq!(exit(&verdict), Exit::Passed);
}

#[test]
fn an_unknown_number_of_failures_is_not_zero() {
    let mut results = results(vec![endpoint("GET /a", 1000, 0, 100.0)]);
    results.total.failures_unknown = true;
    let verdict =
        verdict(&["error_rate < 1%", "failures == 0", "errors(5xx) == 0", "avg < 1s", "requests > 10"], &results);
    let outcomes: Vec<_> = verdict.rows.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes[..4], [Outcome::Inconclusive; 4]);
    assert_eq!((outcomes[4], exit(&verdict)), (Outcome::Pass, Exit::Inconclusive));
    assert_eq!(verdict.rows[0].reason.to_string(), "the service did not say how many requests failed");
}

#[test]
fn thousands_of_gates_over_thousands_of_endpoints_are_judged_soon() {
    let endpoints = (0..5_000).map(|number| endpoint(&format!("GET /api/v1/things/{number}/details"), 1000, 0, 100.0));
    let results = results(endpoints.collect());
    let unmatched = (0..5_000).map(|number| format!("p95 of \"GET /api/v2/things/{number}/details\" < 1s"));
    let matched = (0..5_000).map(|number| format!("p95 of \"GET /api/v1/things/{number}/details\" < 1s"));
    let texts: Vec<String> = unmatched.chain(matched).collect();
    let verdict = verdict(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &results);
    let count = |outcome| verdict.rows.iter().filter(|row| row.outcome == outcome).count();
    assert_eq!((count(Outcome::Inconclusive), count(Outcome::Pass)), (5_000, 5_000));
    // The first ones are explained with near names, which takes a comparison with every endpoint; the rest more shortly.
    assert!(verdict.rows[0].reason.to_string().contains("the nearest are \"GET /api/v1/things/0/details\""));
    assert!(verdict.rows[4_999].reason.to_string().ends_with("the run called 5,000 endpoints"));
}

#[test]
fn a_single_star_that_matches_nothing_names_two() {
    let verdict = verdict(&["p95 of \"*\" < 1s"], &shop());
    assert!(verdict.rows[0].reason.to_string().contains("`**` matches every endpoint"), "{}", listed(&verdict));
}

#[test]
fn a_selector_that_matches_nothing_is_never_a_pass() {
    let texts = ["p95 of \"POST /logn\" < 800ms", "requests of \"/cart/*/checkout\" < 5", "errors(5xx) of \"/x\" == 0"];
    let verdict = verdict(&texts, &shop());
    assert_snapshot!(listed(&verdict), @r#"
    inconclusive: Not judged: no endpoint matches "POST /logn"; there are only "POST /login", "POST /carts/[id]/checkout", "GET /products" (and 2 more could not be judged)
    inconclusive | p95 of "POST /logn" < 800ms | POST /logn | p95 – < 800 ms | no endpoint matches "POST /logn"; there are only "POST /login", "POST /carts/[id]/checkout", "GET /products"
    inconclusive | requests of "/cart/*/checkout" < 5 | /cart/*/checkout | requests – < 5 | no endpoint matches "/cart/*/checkout"; there are only "POST /carts/[id]/checkout", "GET /products", "POST /login"
    inconclusive | errors(5xx) of "/x" == 0 | /x | errors(5xx) – == 0 | no endpoint matches "/x"; there are only "POST /login", "GET /products", "POST /carts/[id]/checkout"
    "#);
    assert_eq!(exit(&verdict), Exit::Inconclusive);
    let options = Options { on_inconclusive: OnInconclusive::Warn, ..Options::default() };
    let allowed = judge(&gates(&texts), &shop(), None, &NoHistory, &options);
    assert_eq!((allowed.outcome, exit(&allowed)), (Outcome::Warn, Exit::Passed));
}

#[test]
fn without_single_endpoints_the_reason_is_told() {
    let mut results = results(Vec::new());
    results.total = endpoint(" Aggregated", 500, 0, 100.0);
    results.notes = vec!["stats.csv was not delivered".into()];
    assert_snapshot!(listed(&verdict(&["p95 of \"/a\" < 800ms"], &results)), @r#"
    inconclusive: Not judged: the results hold no single endpoints, only all requests together; stats.csv was not delivered
    inconclusive | p95 of "/a" < 800ms | /a | p95 – < 800 ms | the results hold no single endpoints, only all requests together; stats.csv was not delivered
    "#);
}

#[test]
fn error_classes_count_failures_by_their_texts() {
    let verdict = verdict(
        &[
            "errors(5xx) of \"POST /login\" < 1%",
            "errors(503) of \"POST /login\" <= 20",
            "errors(auth) < 0.1%",
            "errors(timeout) == 0",
            "errors(gateway) == 0",
            "errors(4xx) of \"GET /products\" == 0",
        ],
        &shop(),
    );
    assert_snapshot!(listed(&verdict), @r#"
    fail: POST /login misses its goal: errors(5xx) 2.5 %, limit < 1 % (and 1 more failed)
    fail | errors(5xx) of "POST /login" < 1% | POST /login | errors(5xx) 2.5 % < 1 % | 2.5 % misses < 1 %
    pass | errors(503) of "POST /login" <= 20 | POST /login | errors(503) 20 <= 20 | 20 meets <= 20
    pass | errors(auth) < 0.1% | all requests | errors(auth) 0.0826 % < 0.1 % | 0.0826 % meets < 0.1 %
    fail | errors(timeout) == 0 | all requests | errors(timeout) 1 == 0 | 1 misses == 0
    pass | errors(gateway) == 0 | all requests | errors(gateway) 0 == 0 | 0 meets == 0
    pass | errors(4xx) of "GET /products" == 0 | GET /products | errors(4xx) 0 == 0 | 0 meets == 0
    "#);
}

#[test]
fn failures_without_a_text_leave_a_class_open() {
    let mut results = shop();
    results.failures.clear();
    let texts = [
        "errors(5xx) of \"POST /login\" == 0",
        "errors(5xx) of \"POST /login\" < 50%",
        "errors(5xx) of \"GET **\" == 0",
    ];
    assert_snapshot!(listed(&verdict(&texts, &results)), @r#"
    inconclusive: Not judged: errors(5xx) of POST /login: 24 of 24 failures say nothing of their class (not in failures.csv, or a check of the script), so they could be of this one
    inconclusive | errors(5xx) of "POST /login" == 0 | POST /login | errors(5xx) 0 == 0 | 24 of 24 failures say nothing of their class (not in failures.csv, or a check of the script), so they could be of this one
    pass | errors(5xx) of "POST /login" < 50% | POST /login | errors(5xx) 0 % < 50 % | 0 % meets < 50 %
    pass | errors(5xx) of "GET **" == 0 | GET /products | errors(5xx) 0 == 0 | 0 meets == 0
    "#);
}

#[test]
fn too_few_requests_are_inconclusive_unless_the_failure_is_clear() {
    let mut few = endpoint("GET /few", 10, 4, 900.0);
    few.min_ms = Some(700.0);
    let results = results(vec![endpoint("GET /fine", 20, 0, 100.0), endpoint("GET /odd", 20, 1, 600.0), few]);
    let verdict = verdict(&["p95 of \"**\" < 500ms", "error_rate of \"**\" < 1%", "max of \"**\" < 9s"], &results);
    assert_snapshot!(listed(&verdict), @r#"
    fail: GET /few misses its goal: error_rate 40 %, limit < 1 % (and 1 more failed)
    inconclusive | p95 of "**" < 500ms | GET /fine | p95 100 ms < 500 ms | too few requests: 20, and p95 needs 59; at this rate that takes a run of 3m, or 3 times the users
    inconclusive | p95 of "**" < 500ms | GET /odd | p95 600 ms < 500 ms | too few requests: 20, and p95 needs 59; at this rate that takes a run of 3m, or 3 times the users
    fail | p95 of "**" < 500ms | GET /few | p95 900 ms < 500 ms | 900 ms misses < 500 ms; clear with 10 requests too: 10 or more of them were beyond the limit
    inconclusive | error_rate of "**" < 1% | GET /fine | error_rate 0 % < 1 % | too few requests: 20 with 0 failed, and a goal of 1 % needs 299; at this rate that takes a run of 15m, or 15 times the users
    inconclusive | error_rate of "**" < 1% | GET /odd | error_rate 5 % < 1 % | too few requests: 20 with 1 failed, and a goal of 1 % needs 299; at this rate that takes a run of 15m, or 15 times the users
    fail | error_rate of "**" < 1% | GET /few | error_rate 40 % < 1 % | 40 % misses < 1 %; clear with 10 requests too: 4 of them failed
    pass | max of "**" < 9s | GET /fine | max 200 ms < 9,000 ms | 200 ms meets < 9,000 ms
    pass | max of "**" < 9s | GET /odd | max 1,200 ms < 9,000 ms | 1,200 ms meets < 9,000 ms
    pass | max of "**" < 9s | GET /few | max 1,800 ms < 9,000 ms | 1,800 ms meets < 9,000 ms
    "#);
}

#[test]
fn a_goal_of_no_failure_speaks_of_what_was_sent() {
    let results = results(vec![endpoint("GET /a", 5, 0, 10.0), endpoint("GET /b", 5, 1, 10.0)]);
    let outcomes: Vec<_> = verdict(&["error_rate of \"**\" == 0%", "failures of \"**\" <= 0"], &results)
        .rows
        .iter()
        .map(|row| row.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Pass, Outcome::Fail, Outcome::Pass, Outcome::Fail]);
}

#[test]
fn percentiles_that_were_not_delivered_name_their_neighbors() {
    assert_snapshot!(listed(&verdict(&["p97 < 1s", "p99.9 < 1s", "p20 < 1s"], &shop())), @r#"
    inconclusive: Not judged: p97 of all requests together: the results hold no p97; the nearest are p95 and p99 (and 2 more could not be judged)
    inconclusive | p97 < 1s | all requests | p97 – < 1,000 ms | the results hold no p97; the nearest are p95 and p99
    inconclusive | p99.9 < 1s | all requests | p99.9 – < 1,000 ms | the results hold no p99.9; the nearest is p99
    inconclusive | p20 < 1s | all requests | p20 – < 1,000 ms | the results hold no p20; the nearest is p50
    "#);
    let mut exact = shop();
    exact.total.histogram = Some((1..=5000).map(|ms| (ms * 100, 1)).collect::<Histogram>());
    let verdict = verdict(&["p97 < 485.2ms", "p97 < 485.1ms"], &exact);
    assert_eq!(verdict.rows.iter().map(|row| row.outcome).collect::<Vec<_>>(), [Outcome::Pass, Outcome::Fail]);
}

#[test]
fn a_doubtful_run_is_never_a_pass() {
    let mut doubtful = shop();
    doubtful.problems = vec![Problem::new(ProblemKind::GeneratorSaturated, "the load generator was at its CPU limit")];
    assert_snapshot!(listed(&verdict(&["rps > 1/s"], &doubtful)), @r#"
    inconclusive: Not judged: the load generator was at its CPU limit
    inconclusive | the run is sound | the run | requests 4,840 – | the load generator was at its CPU limit
    pass | rps > 1/s | all requests | rps 80.7/s > 1/s | 80.7/s meets > 1/s
    "#);
    assert_snapshot!(listed(&verdict(&["p95 < 1s"], &doubtful)), @r#"
    fail: All requests together miss their goal: p95 1,070 ms, limit < 1,000 ms; the run itself is doubtful: the load generator was at its CPU limit
    inconclusive | the run is sound | the run | requests 4,840 – | the load generator was at its CPU limit
    fail | p95 < 1s | all requests | p95 1,070 ms < 1,000 ms | 1,070 ms misses < 1,000 ms
    "#);
    let nothing = results(vec![endpoint("GET /a", 0, 0, 0.0)]);
    assert_snapshot!(listed(&verdict(&["requests >= 0", "failures < 5"], &nothing)), @r#"
    inconclusive: Not judged: the run measured no request (and 2 more could not be judged)
    inconclusive | the run is sound | the run | requests 0 – | the run measured no request
    inconclusive | requests >= 0 | all requests | requests – >= 0 | the run measured no request
    inconclusive | failures < 5 | all requests | failures – < 5 | the run measured no request
    "#);
    assert_snapshot!(listed(&verdict(&[], &shop())), @"inconclusive: Nothing was judged: no gate is written and there is no history to compare with. Write a gate such as `p95 < 500ms`, or add this run to the history with `loadforge-ci baseline add`: later runs are compared with it");
}

#[test]
fn loadforges_own_targets_are_one_more_row() {
    let mut results = shop();
    let with = |results: &Results, targets, targets_expected| {
        let options = Options { targets, targets_expected, ..Options::default() };
        listed(&judge(&gates(&["rps > 1/s"]), results, None, &NoHistory, &options))
    };
    assert_eq!(with(&results, TargetPolicy::Fail, false).lines().count(), 2);
    assert_snapshot!(with(&results, TargetPolicy::Fail, true), @r#"
    inconclusive: Not judged: LoadForge did not say whether the targets were met
    pass | rps > 1/s | all requests | rps 80.7/s > 1/s | 80.7/s meets > 1/s
    inconclusive | LoadForge targets | LoadForge targets | run_passed – – | LoadForge did not say whether the targets were met
    "#);
    results.targets_passed = Some(false);
    assert_snapshot!(with(&results, TargetPolicy::Fail, true), @r#"
    fail: LoadForge reports that a target of the saved test was missed
    pass | rps > 1/s | all requests | rps 80.7/s > 1/s | 80.7/s meets > 1/s
    fail | LoadForge targets | LoadForge targets | run_passed – – | LoadForge reports that a target of the saved test was missed
    "#);
    assert_snapshot!(with(&results, TargetPolicy::Warn, true), @r#"
    warn: Passed with 1 warning: LoadForge reports that a target of the saved test was missed
    pass | rps > 1/s | all requests | rps 80.7/s > 1/s | 80.7/s meets > 1/s
    warn | LoadForge targets | LoadForge targets | run_passed – – | LoadForge reports that a target of the saved test was missed
    "#);
    assert_eq!(with(&results, TargetPolicy::Ignore, true).lines().count(), 2);
}

#[test]
fn without_history_a_comparison_is_allowed_to_be_open() {
    assert_snapshot!(listed(&verdict(&["p95 <= +10% vs baseline", "rps > 1/s"], &shop())), @r#"
    pass: The gate passed: closest to its limit is rps of all requests together, 80.7/s (limit > 1/s); 1 comparison with history could not be made yet
    inconclusive (allowed) | p95 <= +10% vs baseline | all requests | p95 1,070 ms – | no baseline yet: no history of good runs was given
    pass | rps > 1/s | all requests | rps 80.7/s > 1/s | 80.7/s meets > 1/s
    "#);
    let only = verdict(&["p95 <= +10% vs baseline"], &shop());
    assert_snapshot!(listed(&only), @r"
    warn: Nothing was judged: p95 of all requests together, no baseline yet: no history of good runs was given. Write a gate such as `p95 < 500ms`, or add this run to the history with `loadforge-ci baseline add`: later runs are compared with it
    inconclusive (allowed) | p95 <= +10% vs baseline | all requests | p95 1,070 ms – | no baseline yet: no history of good runs was given
    ");
    assert_eq!(exit(&only), Exit::Passed);
}

#[test]
fn the_history_may_refuse_or_not_know_an_endpoint() {
    let gates = gates(&["p95 of \"GET **\" <= +10% vs baseline"]);
    let with = |answer| listed(&judge(&gates, &shop(), None, &Always(answer), &Options::default()));
    let differences = vec![FieldDifference { field: "users".into(), this_run: "200".into(), history: "50".into() }];
    assert_snapshot!(with(BaselineAnswer::Refused { differences, runs: 4 }), @r#"
    warn: Nothing was judged: p95 of GET /products, not compared: the 4 baseline runs used different settings (users: 200 here, 50 there). Write a gate such as `p95 < 500ms`, or add this run to the history with `loadforge-ci baseline add`: later runs are compared with it
    inconclusive (allowed) | p95 of "GET **" <= +10% vs baseline | GET /products | p95 240 ms – | not compared: the 4 baseline runs used different settings (users: 200 here, 50 there)
    "#);
    assert_snapshot!(with(BaselineAnswer::NewEndpoint { runs: 8 }), @r#"
    warn: Nothing was judged: p95 of GET /products, new endpoint: none of the last 8 good runs knows it. Write a gate such as `p95 < 500ms`, or add this run to the history with `loadforge-ci baseline add`: later runs are compared with it
    inconclusive (allowed) | p95 of "GET **" <= +10% vs baseline | GET /products | p95 240 ms – | new endpoint: none of the last 8 good runs knows it
    "#);
}

#[test]
fn a_learned_limit_fails_or_warns() {
    let with =
        |text: &str, answer| listed(&judge(&gates(&[text]), &shop(), None, &Always(answer), &Options::default()));
    assert_snapshot!(with("p95 of \"POST /login\" <= +10% vs baseline", learned(880.0, 800.0, 8)), @r#"
    fail: POST /login is 34 % slower than the last 8 good runs: p95 1,070 ms, limit 880 ms
    fail | p95 of "POST /login" <= +10% vs baseline | POST /login | p95 1,070 ms <= 880 ms | 1,070 ms misses <= 880 ms
    "#);
    assert_snapshot!(with("rps of \"POST /login\" >= -10% vs baseline", learned(18.0, 20.0, 1)), @r#"
    fail: POST /login has 33 % less throughput than the last good run: rps 13.3/s, limit 18/s
    fail | rps of "POST /login" >= -10% vs baseline | POST /login | rps 13.3/s >= 18/s | 13.3/s misses >= 18/s
    "#);
    assert_snapshot!(with("error_rate of \"POST /login\" <= +10% vs baseline", learned(1.0, 0.0, 8)), @r#"
    fail: POST /login fails more often than in the last 8 good runs: error_rate 3 %, limit 1 %
    fail | error_rate of "POST /login" <= +10% vs baseline | POST /login | error_rate 3 % <= 1 % | 3 % misses <= 1 %
    "#);
    let mut early = learned(880.0, 800.0, 3);
    if let BaselineAnswer::Limit { warn_only, reason, .. } = &mut early {
        *warn_only = true;
        *reason = "a warning only, since fewer than 5 good runs are known".into();
    }
    assert_snapshot!(with("p95 <= +10% vs baseline", early), @r#"
    warn: Passed with 1 warning: all requests together are 34 % slower than the last 3 good runs: p95 1,070 ms, limit 880 ms
    warn | p95 <= +10% vs baseline | all requests | p95 1,070 ms <= 880 ms | 1,070 ms misses <= 880 ms; a warning only, since fewer than 5 good runs are known
    "#);
}

#[test]
fn the_default_gates_leave_rare_endpoints_alone() {
    let verdict = judge(&default_gates(), &shop(), None, &Always(learned(2000.0, 1500.0, 8)), &Options::default());
    let rare = verdict.rows.iter().find(|row| row.measure == "p95" && row.requests == 40).unwrap();
    assert_eq!((rare.outcome, rare.allowed), (Outcome::Inconclusive, true), "{}", rare.reason);
    let written = judge(
        &gates(&["p95 of \"**\" <= +20% vs baseline"]),
        &shop(),
        None,
        &Always(learned(2000.0, 1500.0, 8)),
        &Options::default(),
    );
    assert_eq!(written.outcome, Outcome::Inconclusive);
}

/// Second by second: users grow to 10 in 5 s, POST /login answers in 100 ms, from second 41 to 50 in 900 ms.
fn course() -> String {
    let mut text = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,\
                    Total Failure Count,Total Average Response Time\n"
        .to_owned();
    for second in 0..=100 {
        let (users, requests) = ((second * 2).min(10), second * 10);
        let ms = if (41..=50).contains(&second) { 900 } else { 100 };
        for endpoint in [",Aggregated", "POST,/login"] {
            text.push_str(&format!("{second},{users},{endpoint},10,0,{ms},{ms},{requests},0,100\n"));
        }
    }
    text
}

#[test]
fn parts_of_the_run_are_judged_from_its_history() {
    let texts = [
        "p95 of \"POST /login\" < 500ms after ramp-up",
        "p50 < 500ms after ramp-up",
        "rps of \"POST /login\" >= 10/s after ramp-up",
        "requests == 950 after ramp-up",
        "min < 1s after ramp-up",
        "p95 of \"POST /login\" < 500ms in 90% of windows",
        "p95 of \"POST /login\" < 500ms in 95% of windows",
        "p95 of \"POST /login\" < 500ms in 88% of windows after ramp-up",
        "drift(p95) < 20%",
        "drift(rps) >= -5%",
        "p97 < 1s in 99% of windows",
        "p95 of \"GET /products\" < 1s in 99% of windows",
    ];
    assert_snapshot!(listed(&verdict_over(&texts, &shop(), &course())), @r#"
    fail: POST /login misses its goal: p95 ≈ 900 ms, limit < 500 ms (and 1 more failed)
    fail | p95 of "POST /login" < 500ms after ramp-up | POST /login | p95 ≈ 900 ms < 500 ms | ≈ 900 ms misses < 500 ms
    pass | p50 < 500ms after ramp-up | all requests | p50 ≈ 100 ms < 500 ms | ≈ 100 ms meets < 500 ms
    pass | rps of "POST /login" >= 10/s after ramp-up | POST /login | rps 10/s >= 10/s | 10/s meets >= 10/s
    pass | requests == 950 after ramp-up | all requests | requests 950 == 950 | 950 meets == 950
    inconclusive | min < 1s after ramp-up | all requests | min – < 1,000 ms | the history does not contain min after the ramp-up
    pass | p95 of "POST /login" < 500ms in 90% of windows | POST /login | windows with p95 < 500ms 90 % >= 90 % | 90 % meets >= 90 %
    fail | p95 of "POST /login" < 500ms in 95% of windows | POST /login | windows with p95 < 500ms 90 % >= 95 % | 90 % misses >= 95 %
    pass | p95 of "POST /login" < 500ms in 88% of windows after ramp-up | POST /login | windows with p95 < 500ms 88.9 % >= 88 % | 88.9 % meets >= 88 %
    pass | drift(p95) < 20% | all requests | drift(p95) 0 % < 20 % | 0 % meets < 20 %
    pass | drift(rps) >= -5% | all requests | drift(rps) 0 % >= -5 % | 0 % meets >= -5 %
    inconclusive | p97 < 1s in 99% of windows | all requests | windows with p97 < 1s – >= 99 % | the history holds no p97; the nearest is p95
    inconclusive | p95 of "GET /products" < 1s in 99% of windows | GET /products | windows with p95 < 1s – >= 99 % | the history holds no row of GET /products
    "#);
    assert_snapshot!(listed(&verdict(&["p95 < 500ms after ramp-up"], &shop())), @r#"
    inconclusive: Not judged: p95 of all requests together: no history of the run was delivered (history.csv)
    inconclusive | p95 < 500ms after ramp-up | all requests | p95 – < 500 ms | no history of the run was delivered (history.csv)
    "#);
}

#[test]
fn few_windows_fail_only_when_more_could_not_help() {
    let start: String = course().lines().take(1 + 2 * 31).map(|line| format!("{line}\n")).collect();
    let texts = ["rps >= 10/s in 99% of windows", "rps >= 11/s in 99% of windows", "rps >= 11/s in 50% of windows"];
    assert_snapshot!(listed(&verdict_over(&texts, &shop(), &start)), @r#"
    fail: All requests together miss their goal: windows with rps >= 11/s 0 %, limit >= 99 %
    inconclusive | rps >= 10/s in 99% of windows | all requests | windows with rps >= 10/s 100 % >= 99 % | too few windows of 10 s with requests: 3, and 6 are needed: run 1m longer
    fail | rps >= 11/s in 99% of windows | all requests | windows with rps >= 11/s 0 % >= 99 % | 0 % misses >= 99 %; clear with 3 windows too: only 0 within the limit
    inconclusive | rps >= 11/s in 50% of windows | all requests | windows with rps >= 11/s 0 % >= 50 % | too few windows of 10 s with requests: 3, and 6 are needed: run 1m longer
    "#);
}

#[test]
fn exact_records_of_the_time_after_the_ramp_up_win_over_the_history() {
    let mut results = shop();
    let mut login = endpoint("POST /login", 700, 0, 650.0);
    login.histogram = Some((1..=700).map(|ms| (ms * 1000, 1)).collect());
    results.after_ramp_up = Some(Steady {
        from_s: 5,
        seconds: 55.0,
        total: endpoint(" Aggregated", 4000, 0, 700.0),
        endpoints: vec![login],
    });
    let texts = [
        "p97 of \"POST /login\" < 681ms after ramp-up",
        "p95 < 1s after ramp-up",
        "rps of \"GET **\" > 1/s after ramp-up",
    ];
    assert_snapshot!(listed(&verdict(&texts, &results)), @r#"
    inconclusive: Not judged: rps of GET /products: no request was measured after the ramp-up
    pass | p97 of "POST /login" < 681ms after ramp-up | POST /login | p97 680 ms < 681 ms | 680 ms meets < 681 ms
    pass | p95 < 1s after ramp-up | all requests | p95 700 ms < 1,000 ms | 700 ms meets < 1,000 ms
    inconclusive | rps of "GET **" > 1/s after ramp-up | GET /products | rps – > 1/s | no request was measured after the ramp-up
    "#);
    assert!(!verdict(&texts, &results).rows.iter().any(|row| row.estimated));
}

#[test]
fn ten_thousand_endpoints_are_judged_one_by_one() {
    let results = results(
        (0..10_000).map(|index| endpoint(&format!("GET /api/v1/items/{index}/detail"), 100, 0, 100.0)).collect(),
    );
    let verdict = verdict(&["p95 of \"/api/**/detail\" < 500ms", "p95 of \"GET /api/v1/items/*\" < 500ms"], &results);
    assert_eq!(verdict.rows.len(), 10_001);
    assert_eq!(verdict.rows_with(Outcome::Pass).count(), 10_000);
}

/// Every request of the run failed, as when the connection is refused: in a millisecond.
fn refused() -> Results {
    let mut results = results(vec![endpoint("GET /a", 900, 900, 1.0), endpoint("POST /b", 100, 100, 1.0)]);
    results.failures = vec![
        failure("GET /a", "ConnectionRefusedError(111, 'Connection refused')", 900),
        failure("POST /b", "ConnectionRefusedError(111, 'Connection refused')", 100),
    ];
    results
}

#[test]
fn a_run_whose_every_request_failed_never_passes() {
    for on_inconclusive in [OnInconclusive::Fail, OnInconclusive::Warn] {
        let options = Options { on_inconclusive, ..Options::default() };
        for gates in [default_gates(), gates(&["p95 < 500ms"]), gates(&["requests > 5"]), Vec::new()] {
            let verdict = judge(&gates, &refused(), None, &NoHistory, &options);
            assert_eq!(exit(&verdict), Exit::GateFailed, "{}", listed(&verdict));
            assert!(verdict.sentence.starts_with("every request failed"), "{}", verdict.sentence);
        }
    }
    assert_snapshot!(listed(&verdict(&["p95 < 500ms", "rps > 1/s"], &refused())), @r"
    fail: every request failed: 1,000 of 1,000, all with ConnectionRefusedError(111, 'Connection refused')
    fail | the run is sound | the run | requests 1,000 – | every request failed: 1,000 of 1,000, all with ConnectionRefusedError(111, 'Connection refused')
    inconclusive | p95 < 500ms | all requests | p95 1 ms < 500 ms | 1,000 of 1,000 requests failed, and how long a failure takes is not a response time
    pass | rps > 1/s | all requests | rps 16.7/s > 1/s | 16.7/s meets > 1/s
    ");
    let learned = Always(learned(500.0, 400.0, 8));
    let verdict = judge(&default_gates(), &refused(), None, &learned, &Options::default());
    assert!(
        !verdict.rows.iter().any(|row| row.measure == "p95" && row.outcome == Outcome::Pass),
        "{}",
        listed(&verdict)
    );
}

#[test]
fn the_response_times_of_failures_are_not_judged() {
    let mut half = endpoint("GET /a", 1000, 500, 1.0);
    half.histogram = Some([(1_000, 1000)].into_iter().collect());
    let mut results = results(vec![half, endpoint("GET /b", 1000, 499, 1.0)]);
    results.after_ramp_up = Some(Steady {
        from_s: 5,
        seconds: 55.0,
        total: endpoint(" Aggregated", 1800, 900, 1.0),
        endpoints: Vec::new(),
    });
    let texts = [
        "p95 of \"GET /*\" < 500ms",
        "avg of \"GET /a\" > 500ms",
        "max < 500ms",
        "p95 < 500ms after ramp-up",
        "p95 of \"GET /a\" < 500ms in 99% of windows",
        "drift(p95) of \"GET /a\" < 10%",
        "error_rate of \"GET /a\" < 60%",
    ];
    assert_snapshot!(listed(&verdict_over(&texts, &results, &course().replace("POST,/login", "GET,/a"))), @r#"
    inconclusive: Not judged: p95 of GET /a: 500 of 1,000 requests failed, and how long a failure takes is not a response time (and 4 more could not be judged)
    inconclusive | p95 of "GET /*" < 500ms | GET /a | p95 1 ms < 500 ms | 500 of 1,000 requests failed, and how long a failure takes is not a response time
    pass | p95 of "GET /*" < 500ms | GET /b | p95 1 ms < 500 ms | 1 ms meets < 500 ms
    inconclusive | avg of "GET /a" > 500ms | GET /a | avg 0.5 ms > 500 ms | 500 of 1,000 requests failed, and how long a failure takes is not a response time
    pass | max < 500ms | all requests | max 2 ms < 500 ms | 2 ms meets < 500 ms
    inconclusive | p95 < 500ms after ramp-up | all requests | p95 1 ms < 500 ms | 900 of 1,800 requests failed, and how long a failure takes is not a response time
    inconclusive | p95 of "GET /a" < 500ms in 99% of windows | GET /a | windows with p95 < 500ms – >= 99 % | 500 of 1,000 requests failed, and how long a failure takes is not a response time
    inconclusive | drift(p95) of "GET /a" < 10% | GET /a | drift(p95) – < 10 % | 500 of 1,000 requests failed, and how long a failure takes is not a response time
    pass | error_rate of "GET /a" < 60% | GET /a | error_rate 50 % < 60 % | 50 % meets < 60 %
    "#);
}

#[test]
fn an_endpoint_that_always_failed_fails_without_gates_and_warns_beside_them() {
    let dead = || {
        let mut results = results(vec![endpoint("GET /", 5000, 0, 20.0), endpoint("POST /orders", 12, 12, 2.0)]);
        results.failures = vec![failure("POST /orders", "HTTPError('503 Server Error')", 12)];
        results
    };
    let without = judge(&default_gates(), &dead(), None, &NoHistory, &Options::default());
    assert_eq!(exit(&without), Exit::GateFailed);
    assert_snapshot!(listed(&without), @r#"
    fail: POST /orders: every one of its 12 requests failed: HTTPError('503 Server Error')
    inconclusive (allowed) | p50 of "**" <= +20% vs baseline | GET / | p50 10 ms – | no baseline yet: no history of good runs was given
    inconclusive | p50 of "**" <= +20% vs baseline | POST /orders | p50 1 ms – | 12 of 12 requests failed, and how long a failure takes is not a response time
    inconclusive (allowed) | p95 of "**" <= +20% vs baseline | GET / | p95 20 ms – | no baseline yet: no history of good runs was given
    inconclusive | p95 of "**" <= +20% vs baseline | POST /orders | p95 2 ms – | 12 of 12 requests failed, and how long a failure takes is not a response time
    inconclusive (allowed) | error_rate of "**" <= +20% vs baseline | GET / | error_rate 0 % – | no baseline yet: no history of good runs was given
    inconclusive (allowed) | error_rate of "**" <= +20% vs baseline | POST /orders | error_rate 100 % – | no baseline yet: no history of good runs was given
    fail | error_rate of "POST /orders" < 100% | POST /orders | error_rate 100 % < 100 % | every one of its 12 requests failed: HTTPError('503 Server Error')
    "#);
    assert_snapshot!(listed(&verdict(&["p95 < 500ms"], &dead())), @r#"
    warn: Passed with 1 warning: POST /orders: every one of its 12 requests failed: HTTPError('503 Server Error')
    pass | p95 < 500ms | all requests | p95 20 ms < 500 ms | 20 ms meets < 500 ms
    warn | error_rate of "POST /orders" < 100% | POST /orders | error_rate 100 % < 100 % | every one of its 12 requests failed: HTTPError('503 Server Error')
    "#);
    assert_snapshot!(listed(&verdict(&["p95 < 500ms", "errors(503) of \"POST /orders\" == 12"], &dead())), @r#"
    pass: All 2 gates passed: closest to its limit is errors(503) of POST /orders, 12 (limit == 12)
    pass | p95 < 500ms | all requests | p95 20 ms < 500 ms | 20 ms meets < 500 ms
    pass | errors(503) of "POST /orders" == 12 | POST /orders | errors(503) 12 == 12 | 12 meets == 12
    "#);
    let mut once = dead();
    (once.endpoints[1].requests, once.endpoints[1].failures) = (1, 1);
    assert_eq!(exit(&judge(&default_gates(), &once, None, &NoHistory, &Options::default())), Exit::Inconclusive);
}

#[test]
fn a_run_of_no_request_is_never_green() {
    let nothing = results(vec![endpoint("GET /a", 0, 0, 0.0)]);
    let options = Options { on_inconclusive: OnInconclusive::Warn, ..Options::default() };
    for gates in [default_gates(), gates(&["p95 < 500ms"]), gates(&["warn: p95 < 500ms"]), Vec::new()] {
        let verdict = judge(&gates, &nothing, None, &NoHistory, &options);
        assert_eq!(exit(&verdict), Exit::Inconclusive, "{}", listed(&verdict));
    }
}

#[test]
fn a_row_that_open_requests_could_turn_is_no_pass() {
    let mut slow = endpoint("GET /browse", 1000, 0, 20.0);
    slow.histogram = Some([(20_000, 990), (100_000, 10)].into_iter().collect());
    let mut results = results(vec![slow]);
    results.total.histogram.clone_from(&results.endpoints[0].histogram);
    let never_ended = |name: &str, requests| NeverEnded {
        endpoint: EndpointKey { method: "POST".into(), name: name.into() },
        requests,
        oldest_s: 33.0,
    };
    results.evidence = Some(Evidence { never_ended: vec![never_ended("/checkout", 20)], ..Evidence::default() });
    let texts = [
        "p95 < 500ms",
        "p99 < 500ms",
        "p95 of \"GET /browse\" < 500ms",
        "max < 1s",
        "avg < 1s",
        "min < 1s",
        "error_rate < 1%",
        "error_rate < 3%",
        "errors(timeout) == 0",
        "requests > 500",
    ];
    assert_snapshot!(listed(&verdict(&texts, &results)), @r#"
    inconclusive: Not judged: p99 of all requests together: 100 ms meets < 500 ms, and 20 requests had not ended when the run was stopped: they could turn it (and 4 more could not be judged)
    pass | p95 < 500ms | all requests | p95 20 ms < 500 ms | 20 ms meets < 500 ms
    inconclusive | p99 < 500ms | all requests | p99 100 ms < 500 ms | 100 ms meets < 500 ms, and 20 requests had not ended when the run was stopped: they could turn it
    pass | p95 of "GET /browse" < 500ms | GET /browse | p95 20 ms < 500 ms | 20 ms meets < 500 ms
    inconclusive | max < 1s | all requests | max 40 ms < 1,000 ms | 40 ms meets < 1,000 ms, and 20 requests had not ended when the run was stopped: they could turn it
    inconclusive | avg < 1s | all requests | avg 10 ms < 1,000 ms | 10 ms meets < 1,000 ms, and 20 requests had not ended when the run was stopped: they could turn it
    pass | min < 1s | all requests | min 1 ms < 1,000 ms | 1 ms meets < 1,000 ms
    inconclusive | error_rate < 1% | all requests | error_rate 0 % < 1 % | 0 % meets < 1 %, and 20 requests had not ended when the run was stopped: they could turn it
    pass | error_rate < 3% | all requests | error_rate 0 % < 3 % | 0 % meets < 3 %
    inconclusive | errors(timeout) == 0 | all requests | errors(timeout) 0 == 0 | 0 meets == 0, and 20 requests had not ended when the run was stopped: they could turn it
    pass | requests > 500 | all requests | requests 1,000 > 500 | 1,000 meets > 500
    warn | every endpoint answers | POST /checkout | requests – – | it never answered: 20 requests had not ended when the run was stopped
    "#);
    let learned = judge(
        &gates(&["p99 <= +10% vs baseline"]),
        &results,
        None,
        &Always(learned(500.0, 400.0, 8)),
        &Options::default(),
    );
    assert_eq!(learned.outcome, Outcome::Inconclusive, "{}", listed(&learned));
    let without = judge(&default_gates(), &results, None, &NoHistory, &Options::default());
    assert_eq!(exit(&without), Exit::Inconclusive, "{}", listed(&without));
}

#[test]
fn an_exit_code_that_the_script_set_fails_the_run() {
    let mut results = shop();
    results.evidence = Some(Evidence { script_exit_code: Some(1), ..Evidence::default() });
    let with = verdict(&["rps > 1/s"], &results);
    assert_snapshot!(listed(&with), @r"
    fail: the script set the exit code 1 (environment.process_exit_code)
    fail | the run is sound | the run | requests 4,840 – | the script set the exit code 1 (environment.process_exit_code)
    pass | rps > 1/s | all requests | rps 80.7/s > 1/s | 80.7/s meets > 1/s
    ");
    assert_eq!(exit(&with), Exit::GateFailed);
    results.evidence = Some(Evidence { script_exit_code: Some(0), ..Evidence::default() });
    assert_eq!(verdict(&["rps > 1/s"], &results).outcome, Outcome::Pass);
}
