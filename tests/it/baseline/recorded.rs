//! The history of the demo shop as `cargo bench --bench demo_shop` recorded it with real Locust: 25 builds of the
//! unchanged shop, then one with a login 40 % slower, one that refused 3 % of the requests, and one 50 % slower in
//! everything.

use insta::assert_snapshot;
use jiff::Timestamp;
use loadforge_ci::baseline::{GoodRun, LearnedBaseline, Rules, RunHistory, ThisRun, backtest, suggest};
use loadforge_ci::gate::{BaselineAnswer, BaselineQuery, LimitSource, Measure, Scope, default_gates};
use loadforge_ci::results::{EndpointKey, Percentile};
use loadforge_ci::verdict::{Operator, Severity};

use super::support::{gates, history_of};

/// Builds of the unchanged shop at the beginning.
const UNCHANGED: usize = 25;

fn recorded() -> RunHistory {
    RunHistory::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/history/demo-shop")).unwrap()
}

fn rules() -> Rules {
    let now: Timestamp = "2026-11-26T00:00:00Z".parse().unwrap();
    Rules { branch: Some("main".into()), runs: 20, max_age: std::time::Duration::from_secs(90 * 86_400), now }
}

/// By hand, for the login of the 26th build (p95 110.5 ms, 153 requests). The last 20 before it have the median 78.55 ms
/// and the scatter 1.2533 × mean |ln(p95 / 78.55)| = 2.99 %. The prior is √(5 %² + 10.3 %²) = 11.4 % (the second part is
/// what a p95 of 153 requests varies by), so the spread is √((3 × 11.4 %² + 19 × 2.99 %²) / 22 × (1 + 1.57 / 20)) =
/// 5.24 %. Three spreads are a factor of 1.17 and the tolerance is 1.20, but with nine rows at stake 1.243 is needed:
/// 78.55 × 1.243 = 97.6 ms. The 28th build: 78.85 × 1.2416 = 97.9 ms, and for the products 35.65 × 1.2434 = 44.3 ms.
///
/// For the errors of the 27th build (12 of 385): 20 runs before it without a failure in 7,612 requests, counted as
/// a third of that for bursts. Two failures in a third of 385 have the chance (129 / 2,666)² = 0.23 %, three 0.01 %, and
/// what is left to chance is 0.135 % / √9 = 0.045 %: two are explained and three are not, so 3 × 3 - 1 = 8 of 385 are
/// allowed, 2.08 %.
#[test]
fn the_default_gates_would_have_stopped_the_three_incidents_and_no_unchanged_build() {
    let replay = backtest(&recorded(), &default_gates(), &rules());
    assert_eq!((replay.runs, replay.builds_failed()), (28, 3));
    assert_snapshot!(replay.render(), @r#"
    28 known-good builds of 2026-11-25; these gates together would have failed 3.

    gate                                    would have failed  warned  passed  not judged
    p50 of "**" <= +20% vs baseline                   2 of 28       0      25           1
    p95 of "**" <= +20% vs baseline                   2 of 28       0      25           1
    error_rate of "**" <= +20% vs baseline            1 of 28       0      26           1

    p50 of "**" <= +20% vs baseline would have failed run 1001 of 2026-11-25 19:52, commit a4031e2:
      POST /api/v1/auth/login: p50 80.8 ms, limit <= 74.5 ms, +35 % against the baseline

    p50 of "**" <= +20% vs baseline would have failed run 1001 of 2026-11-25 19:52, commit 47dd6c3:
      POST /api/v1/auth/login: p50 89.2 ms, limit <= 74.9 ms, +48 % against the baseline
      GET /api/v1/products: p50 34.6 ms, limit <= 30.1 ms, +43 % against the baseline

    p50 of "**" <= +20% vs baseline could not have judged 1 of 28, first because: no baseline yet: no good run is recorded

    p95 of "**" <= +20% vs baseline would have failed run 1001 of 2026-11-25 19:52, commit a4031e2:
      POST /api/v1/auth/login: p95 110 ms, limit <= 97.6 ms, +41 % against the baseline

    p95 of "**" <= +20% vs baseline would have failed run 1001 of 2026-11-25 19:52, commit 47dd6c3:
      POST /api/v1/auth/login: p95 116 ms, limit <= 97.9 ms, +46 % against the baseline
      GET /api/v1/products: p95 49.1 ms, limit <= 44.3 ms, +38 % against the baseline

    p95 of "**" <= +20% vs baseline could not have judged 1 of 28, first because: no baseline yet: no good run is recorded

    error_rate of "**" <= +20% vs baseline would have failed run 1001 of 2026-11-25 19:52, commit f5f0453:
      POST /api/v1/auth/login: error_rate 4.51 %, limit <= 2.26 %
      GET /api/v1/products: error_rate 3.12 %, limit <= 0.779 %

    error_rate of "**" <= +20% vs baseline could not have judged 1 of 28, first because: no baseline yet: no good run is recorded
    "#);
}

#[test]
fn written_goals_are_tried_on_the_same_builds() {
    let gates =
        gates(&[r#"p95 of "POST /api/v1/auth/login" < 90ms"#, "error_rate < 1%", "warn: p95 <= +10% vs baseline"]);
    assert_snapshot!(backtest(&recorded(), &gates, &rules()).render(), @r#"
    28 known-good builds of 2026-11-25; these gates together would have failed 3.

    gate                                     would have failed  warned  passed  not judged
    p95 of "POST /api/v1/auth/login" < 90ms            2 of 28       0      26           0
    error_rate < 1%                                    1 of 28       0      27           0
    warn: p95 <= +10% vs baseline                      0 of 28       2      25           1

    p95 of "POST /api/v1/auth/login" < 90ms would have failed run 1001 of 2026-11-25 19:52, commit a4031e2:
      POST /api/v1/auth/login: p95 110 ms, limit < 90 ms

    p95 of "POST /api/v1/auth/login" < 90ms would have failed run 1001 of 2026-11-25 19:52, commit 47dd6c3:
      POST /api/v1/auth/login: p95 116 ms, limit < 90 ms

    error_rate < 1% would have failed run 1001 of 2026-11-25 19:52, commit f5f0453:
      all requests: error_rate 2.38 %, limit < 1 %

    warn: p95 <= +10% vs baseline would have warned about run 1001 of 2026-11-25 19:52, commit a4031e2:
      all requests: p95 89.5 ms, limit <= 73.6 ms, +34 % against the baseline

    warn: p95 <= +10% vs baseline would have warned about run 1001 of 2026-11-25 19:52, commit 47dd6c3:
      all requests: p95 98.2 ms, limit <= 73.8 ms, +46 % against the baseline

    warn: p95 <= +10% vs baseline could not have judged 1 of 28, first because: no baseline yet: no good run is recorded
    "#);
}

#[test]
fn suggestions_from_unchanged_builds_let_them_pass_and_stop_the_incidents() {
    let recorded = recorded();
    let (_dir, unchanged) = history_of(&recorded.runs()[..UNCHANGED]);
    let suggested: Vec<String> =
        suggest(&unchanged, 20.0).iter().map(|suggestion| suggestion.gate.to_string()).collect();
    assert_snapshot!(suggested.join("\n"), @r#"
    p95 < 85ms
    error_rate < 1%
    rps >= 41/s
    p95 of "POST /api/v1/auth/login" < 110ms
    error_rate of "POST /api/v1/auth/login" < 2.3%
    p95 of "GET /api/v1/products" < 45ms
    error_rate of "GET /api/v1/products" < 1%
    p95 of "GET /health" < 24ms
    error_rate of "GET /health" < 1.5%
    "#);
    let gates = gates(&suggested.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(backtest(&unchanged, &gates, &rules()).builds_failed(), 0);
    assert_eq!(backtest(&recorded, &gates, &rules()).builds_failed(), 3);
}

/// Every pair of unchanged builds, judged as if one run were history enough to fail.
#[test]
fn no_unchanged_build_fails_another() {
    let history = recorded();
    let unchanged = &history.runs()[..UNCHANGED];
    let (mut pairs, mut missed) = (0, Vec::new());
    for build in unchanged {
        let (_dir, before) = history_of(std::slice::from_ref(build));
        for other in unchanged.iter().filter(|other| other.at != build.at) {
            pairs += 1;
            missed.extend(misses(&before, other));
        }
    }
    assert_eq!((pairs, missed), (600, Vec::<String>::new()));
}

/// The p95 that a build would miss against this history.
fn misses(before: &RunHistory, now: &GoodRun) -> Vec<String> {
    let this = ThisRun {
        fingerprint: now.fingerprint.clone(),
        run: None,
        commit: None,
        exact: now.exact,
        rows: 9,
        endpoints: now.endpoints.clone(),
        total: now.total.clone(),
        most_runs: 1,
        as_long: true,
    };
    let judge = LearnedBaseline::new(before, &rules(), &this);
    let p95 = Measure::Percentile(Percentile::P95);
    let miss = |endpoint: &loadforge_ci::baseline::EndpointRecord| {
        let key: EndpointKey = endpoint.key();
        let observed = endpoint.value(&p95)?;
        let answer = judge.compare(&BaselineQuery {
            endpoint: Some(&key),
            measure: &p95,
            scope: Scope::WholeRun,
            observed,
            requests: endpoint.requests,
            failures: endpoint.failures,
            operator: Operator::LessOrEqual,
            change_percent: 20.0,
            severity: Severity::Fail,
        });
        let BaselineAnswer::Limit { limit, .. } = answer else { panic!("{answer:?}") };
        (observed > limit).then(|| format!("{key}: {observed} > {limit}"))
    };
    now.endpoints.iter().filter_map(miss).collect()
}
