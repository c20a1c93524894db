use insta::assert_snapshot;

use super::*;
use crate::gate::testing::{Always, endpoint, gates, learned, listed, results, verdict};
use crate::gate::{Options, judge};
use crate::results::Results;

fn shop() -> Results {
    results(vec![endpoint("POST /login", 800, 24, 1070.0), endpoint("POST /checkout", 400, 1, 900.0)])
}

fn waivers(yaml: &str) -> Vec<Waiver> {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}"))
}

fn today() -> Date {
    jiff::civil::date(2026, 11, 23)
}

const GATE: &str = "p95 of \"POST **\" < 800ms";

fn waived(yaml: &str) -> String {
    let mut verdict = verdict(&[GATE], &shop());
    waive(&mut verdict, &gates(&[GATE]), &waivers(yaml), today(), OnInconclusive::Fail);
    let notes: Vec<_> =
        verdict.rows.iter().filter_map(|row| Some((row.subject.to_string(), row.waiver.clone()?))).collect();
    format!("{}{notes:?}", listed(&verdict))
}

#[test]
fn a_live_waiver_makes_a_failure_a_warning() {
    assert_snapshot!(waived(
        "- {gate: 'warn: p95 of \"POST **\" < 800ms', owner: ann, reason: index is being built, expires: 2026-11-23, accept: 1.2s}"
    ), @r#"
    warn: Passed with 2 warnings: POST /login misses its goal: p95 1,070 ms, limit < 800 ms (waived until 2026-11-23)
    warn | p95 of "POST **" < 800ms | POST /login | p95 1,070 ms < 800 ms | 1,070 ms misses < 800 ms
    warn | p95 of "POST **" < 800ms | POST /checkout | p95 900 ms < 800 ms | 900 ms misses < 800 ms
    [("POST /login", WaiverNote { owner: "ann", reason: "index is being built", expires: "2026-11-23" }), ("POST /checkout", WaiverNote { owner: "ann", reason: "index is being built", expires: "2026-11-23" })]
    "#);
}

#[test]
fn it_covers_only_its_endpoint_and_its_value() {
    assert_snapshot!(waived(
        "- {gate: 'p95 of \"POST **\" < 800ms', endpoint: /login, owner: ann, reason: r, expires: 2026-12-01, accept: 1000ms}\n\
         - {gate: 'p95 of \"POST **\" < 800ms', endpoint: 'POST /check*', owner: bob, reason: r, expires: 2026-12-01, accept: 900ms}"
    ), @r#"
    fail: POST /login misses its goal: p95 1,070 ms, limit < 800 ms
    fail | p95 of "POST **" < 800ms | POST /login | p95 1,070 ms < 800 ms | 1,070 ms misses < 800 ms; beyond what its waiver accepts, 1000ms (ann)
    warn | p95 of "POST **" < 800ms | POST /checkout | p95 900 ms < 800 ms | 900 ms misses < 800 ms
    [("POST /checkout", WaiverNote { owner: "bob", reason: "r", expires: "2026-12-01" })]
    "#);
}

#[test]
fn an_expired_waiver_covers_nothing() {
    assert_snapshot!(waived(
        "- {gate: 'p95 of \"POST **\" < 800ms', owner: ann, reason: r, expires: 2026-11-22, accept: 5s}"
    ), @r#"
    fail: POST /login misses its goal: p95 1,070 ms, limit < 800 ms (and 1 more failed)
    fail | p95 of "POST **" < 800ms | POST /login | p95 1,070 ms < 800 ms | 1,070 ms misses < 800 ms; its waiver expired on 2026-11-22 (ann)
    fail | p95 of "POST **" < 800ms | POST /checkout | p95 900 ms < 800 ms | 900 ms misses < 800 ms; its waiver expired on 2026-11-22 (ann)
    []
    "#);
}

#[test]
fn a_waiver_that_nothing_needs_warns() {
    let mut verdict = verdict(&["p95 < 5s"], &shop());
    let list = waivers(
        "- {gate: p95 < 5s, owner: ann, reason: r, expires: 2026-12-22, accept: 6s}\n\
         - {gate: p99 < 5s, owner: bob, reason: r, expires: 2026-01-01, accept: 6s}",
    );
    waive(&mut verdict, &gates(&["p95 < 5s"]), &list, today(), OnInconclusive::Fail);
    assert_snapshot!(listed(&verdict), @r#"
    warn: Passed with 2 warnings: the waiver of ann for `p95 < 5s` is not used: the gate is met without it; remove it
    pass | p95 < 5s | all requests | p95 1,070 ms < 5,000 ms | 1,070 ms meets < 5,000 ms
    warn | p95 < 5s | the run | p95 – – | the waiver of ann for `p95 < 5s` is not used: the gate is met without it; remove it
    warn | p99 < 5s | the run | p99 – – | the waiver of bob for `p99 < 5s` expired on 2026-01-01: no such gate was judged; remove it
    "#);
}

#[test]
fn a_change_against_the_baseline_can_be_accepted() {
    let gates = gates(&["p95 of \"POST /login\" <= +10% vs baseline"]);
    let outcome = |accept: &str| {
        let mut verdict = judge(&gates, &shop(), None, &Always(learned(880.0, 800.0, 8)), &Options::default());
        let yaml = format!(
            "- {{gate: 'p95 of \"POST /login\" <= +10% vs baseline', owner: a, reason: r, expires: 2027-01-01, accept: {accept}}}"
        );
        waive(&mut verdict, &gates, &waivers(&yaml), today(), OnInconclusive::Fail);
        verdict.outcome
    };
    assert_eq!(outcome("+40%"), Outcome::Warn);
    assert_eq!(outcome("+30%"), Outcome::Fail);
    assert_eq!(outcome("1100ms"), Outcome::Warn);
}

#[test]
fn where_more_is_better_the_accepted_value_is_the_lowest() {
    let outcome = |accept: &str| {
        let mut verdict = verdict(&["rps >= 50/s"], &shop());
        let yaml = format!("- {{gate: rps >= 50/s, owner: a, reason: r, expires: 2027-01-01, accept: {accept}}}");
        waive(&mut verdict, &gates(&["rps >= 50/s"]), &waivers(&yaml), today(), OnInconclusive::Fail);
        verdict.outcome
    };
    assert_eq!((outcome("20/s"), outcome("21/s")), (Outcome::Warn, Outcome::Fail));
}

#[test]
fn a_waiver_is_checked_when_it_is_read() {
    let error = |yaml: &str| {
        let full = yaml.replace('…', "owner: a, reason: r, expires: 2027-01-01");
        serde_saphyr::from_str::<Waiver>(&full).unwrap_err().to_string().lines().next().unwrap_or_default().to_owned()
    };
    assert!(error("{gate: p95 < 1s, …, accept: 5%}").contains("write a response time such as 1200ms"));
    assert!(error("{gate: p95 < 1s, …, accept: +50%}").contains("does not compare with the baseline"));
    assert!(error("{gate: p95 < 1, …, accept: 2s}").contains("needs a unit"));
    assert!(error("{gate: p95 < 1s, …, accept: soon}").contains("expected a number"));
    assert!(error("{gate: p95 < 1s, …}").contains("accept"));
    assert!(error("{gate: p95 < 1s, …, accept: 2s, note: x}").contains("note"));
    assert!(error("{gate: p95 < 1s, owner: '', reason: r, expires: 2027-01-01, accept: 2s}").contains("owner"));
    assert!(
        error("{gate: p95 < 1s, owner: a, reason: r, expires: soon, accept: 2s}")
            .contains("`expires: soon` is not a date")
    );
    let count: Waiver =
        serde_saphyr::from_str("{gate: failures < 5, owner: a, reason: r, expires: 2027-01-01, accept: 12}").unwrap();
    assert_eq!(count.accept.to_string(), "12");
    let drift = "{gate: drift(rps) >= -10%, owner: a, reason: r, expires: 2027-01-01, accept: -20%}";
    assert_eq!(serde_saphyr::from_str::<Waiver>(drift).unwrap().accept.to_string(), "-20%");
    let schema = serde_json::to_value(schemars::schema_for!(Waiver)).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["gate", "owner", "reason", "expires", "accept"]));
    assert_eq!(schema["additionalProperties"], false);
}
