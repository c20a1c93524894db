//! Backtest, suggestions and the table, on a small history made by hand.

use insta::assert_snapshot;
use loadforge_ci::baseline::{RunHistory, backtest, render_suggestions, show, suggest};
use loadforge_ci::gate::PlacedGate;
use loadforge_ci::verdict::Origin;

use super::support::{endpoint, gates, good_with, history_of, rules};

fn recorded() -> RunHistory {
    RunHistory::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/history/by-hand")).unwrap()
}

/// Login's p95 was 400 410 390 400 420 560 400 410 ms; failures of 2,000 requests 0 2 30 0 4 1 0 2; throughput about
/// 20/s and 15/s in the sixth run.
///
/// By hand: 500 ms are missed by the sixth run alone. 1 % errors are missed by the third alone (30 of 2,000 = 1.5 %).
/// Against the baseline the first run has nothing to compare with; runs two to five have one to four runs before them
/// and lie within 10 % of their medians; the sixth has five, median 400 ms, and its scatter allows about 17 %, so
/// 560 ms (+40 %) fails; the last two lie at the median again. Throughput of the sixth is 25 % below the median of 20/s.
#[test]
fn a_backtest_names_the_builds_each_gate_would_have_failed() {
    let gates = gates(&[
        r#"p95 of "POST /api/v1/auth/login" < 500ms"#,
        r#"p95 of "**" <= +10% vs baseline"#,
        "error_rate < 1%",
        "warn: rps >= -15% vs baseline",
        "p97 < 1s",
        "p99.9 < 2s",
        "p95 < 1s after ramp-up",
    ]);
    let replay = backtest(&recorded(), &gates, &rules(8));
    let counts: Vec<(usize, usize, usize, usize)> =
        replay.gates.iter().map(|gate| (gate.failed.len(), gate.warned.len(), gate.passed, gate.not_judged)).collect();
    assert_eq!(
        counts,
        [(1, 0, 7, 0), (1, 0, 6, 1), (1, 0, 7, 0), (0, 1, 6, 1), (0, 0, 0, 8), (0, 0, 0, 8), (0, 0, 0, 8)]
    );
    assert_eq!((replay.runs, replay.builds_failed()), (8, 2));
    assert_eq!(replay.gates[0].failed[0].run.id, 9006);
    assert_eq!(replay.gates[2].failed[0].run.id, 9003);
    assert_snapshot!(replay.render(), @r#"
    8 known-good builds from 2026-05-01 to 2026-05-08; these gates together would have failed 2.

    gate                                      would have failed  warned  passed  not judged
    p95 of "POST /api/v1/auth/login" < 500ms             1 of 8       0       7           0
    p95 of "**" <= +10% vs baseline                      1 of 8       0       6           1
    error_rate < 1%                                      1 of 8       0       7           0
    warn: rps >= -15% vs baseline                        0 of 8       1       6           1
    p97 < 1s                                             0 of 8       0       0           8
    p99.9 < 2s                                           0 of 8       0       0           8
    p95 < 1s after ramp-up                               0 of 8       0       0           8

    p95 of "POST /api/v1/auth/login" < 500ms would have failed run 9006 of 2026-05-06 02:00, commit f708192:
      POST /api/v1/auth/login: p95 560 ms, limit < 500 ms

    p95 of "**" <= +10% vs baseline would have failed run 9006 of 2026-05-06 02:00, commit f708192:
      POST /api/v1/auth/login: p95 560 ms, limit <= 468 ms, +40 % against the baseline

    p95 of "**" <= +10% vs baseline could not have judged 1 of 8, first because: no baseline yet: no good run is recorded

    error_rate < 1% would have failed run 9003 of 2026-05-03 02:00, commit c3d4e5f:
      all requests: error_rate 1.5 %, limit < 1 %

    warn: rps >= -15% vs baseline would have warned about run 9006 of 2026-05-06 02:00, commit f708192:
      all requests: rps 15/s, limit >= 17/s, -25 % against the baseline

    warn: rps >= -15% vs baseline could not have judged 1 of 8, first because: no baseline yet: no good run is recorded

    p97 < 1s could not have judged 8 of 8, first because: the results hold no p97; the nearest are p95 and p98

    p99.9 < 2s could not have judged 8 of 8, first because: too few requests: 2000, and p99.9 needs 2995; at this rate that takes a run of 3m, or 1.5 times the users

    p95 < 1s after ramp-up could not have judged 8 of 8, first because: no history of the run was delivered (history.csv)
    "#);
}

#[test]
fn a_build_is_judged_by_what_came_before_it_only() {
    // Runs after the sixth cannot excuse or accuse it: cutting them off changes nothing about it.
    let gates = gates(&[r#"p95 of "POST /api/v1/auth/login" <= +10% vs baseline"#]);
    let (_dir, shorter) = history_of(&recorded().runs()[..6]);
    let (long, short) = (backtest(&recorded(), &gates, &rules(8)), backtest(&shorter, &gates, &rules(8)));
    assert_eq!(long.gates[0].failed, short.gates[0].failed);
}

#[test]
fn suggested_gates_parse_and_would_have_failed_no_good_build() {
    let history = recorded();
    let suggestions = suggest(&history, 20.0);
    assert_snapshot!(render_suggestions(&suggestions, 20.0), @r#"
    # From 8 good runs, 20 % headroom.
    gates:
      - p95 < 650ms # highest of 8: 540 ms
      - error_rate < 1.8% # highest of 8: 1.5 %
      - rps >= 12/s # lowest of 8: 15/s
      - p95 of "POST /api/v1/auth/login" < 680ms # highest of 8: 560 ms
      - error_rate of "POST /api/v1/auth/login" < 3.6% # highest of 8: 3 %
      - p95 of "GET /api/v1/products" < 140ms # highest of 8: 110 ms
      - error_rate of "GET /api/v1/products" < 1% # highest of 8: 0 %
    "#);
    let pasted: Vec<PlacedGate> = suggestions
        .iter()
        .map(|suggestion| PlacedGate { gate: suggestion.gate.to_string().parse().unwrap(), origin: Origin::Flag })
        .collect();
    assert!(pasted.iter().zip(&suggestions).all(|(pasted, suggestion)| pasted.gate == suggestion.gate));
    let replay = backtest(&history, &pasted, &rules(8));
    assert!(replay.gates.iter().all(|gate| gate.passed == 8), "{}", replay.render());
}

#[test]
fn suggestions_are_yaml_whatever_the_names_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut history = RunHistory::open(dir.path()).unwrap();
    let names = ["GET /plain", "GET /a: b #c", "GET it's: \"quoted\"", "GET /tab\there", "GET /back\\slash"];
    let endpoints = names.iter().map(|name| endpoint(name, 1_000, 0, 87.0)).chain([endpoint("GET /rare", 12, 0, 5.0)]);
    history.append(&good_with(1, 1, endpoints.collect())).unwrap();
    let text = render_suggestions(&suggest(&history, 25.0), 25.0);
    // Twelve requests tell a median and nothing about errors.
    assert!(text.contains(r#"p50 of "GET /rare" <"#) && !text.contains(r#"error_rate of "GET /rare""#), "{text}");
    let path = dir.path().join("loadforge.yml");
    std::fs::write(&path, &text).unwrap();
    #[derive(serde::Deserialize)]
    struct File {
        gates: Vec<String>,
    }
    let file: File = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(file.gates.len(), suggest(&history, 25.0).len());
    for gate in file.gates {
        gate.parse::<loadforge_ci::gate::Gate>().unwrap_or_else(|error| panic!("{gate}: {error}"));
    }
}

#[test]
fn the_table_shows_runs_and_endpoints_with_sparklines() {
    assert_snapshot!(show(&recorded(), &[]), @r#"
    Test 4217 on LoadForge: users 50, spawn_rate 5, duration_s 300, regions nyc3=1, host https://staging.example.com
    8 good runs

    started            run   commit  branch  verdict  requests     p95  errors     rps
    2026-05-01 02:00  9001  a1b2c3d    main     warn     2,000  380 ms     0 %    20/s
    2026-05-02 02:00  9002  b2c3d4e    main     pass     2,000  390 ms   0.1 %  20.4/s
    2026-05-03 02:00  9003  c3d4e5f    main     pass     2,000  370 ms   1.5 %  19.8/s
    2026-05-04 02:00  9004  d4e5f70    main     pass     2,000  380 ms     0 %  20.1/s
    2026-05-05 02:00  9005  e5f7081    main     pass     2,000  400 ms   0.2 %  19.9/s
    2026-05-06 02:00  9006  f708192    main     pass     2,000  540 ms  0.05 %    15/s
    2026-05-07 02:00  9007  108192a    main     pass     2,000  380 ms     0 %  20.2/s
    2026-05-08 02:00  9008  1192a3b    main     pass     2,000  390 ms   0.1 %    20/s

    endpoint                 runs  median p95   errors  median rps  p95, oldest to newest
    all requests                8      385 ms  0.244 %        20/s               ▁▂▁▁▂█▁▂
    GET /api/v1/products        8      100 ms      0 %        10/s               ▁▁█▁▁▁▁█
    POST /api/v1/auth/login     8      405 ms  0.487 %        10/s               ▁▂▁▁▂█▁▂
    "#);
}

#[test]
fn an_empty_history_says_so_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let history = RunHistory::open(dir.path()).unwrap();
    assert!(show(&history, &[]).starts_with("No good run is recorded in "));
    assert!(backtest(&history, &gates(&["p95 < 1s"]), &rules(8)).render().starts_with("No good run"));
    assert!(render_suggestions(&suggest(&history, 20.0), 20.0).starts_with("# No good run"));
}
