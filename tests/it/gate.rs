//! Gates over what real Locust wrote.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use insta::assert_snapshot;
use loadforge_ci::exit::Exit;
use loadforge_ci::gate::{self, NoHistory, Options, PlacedGate};
use loadforge_ci::locust::{read_failures, read_stats};
use loadforge_ci::results::{Results, ResultsFolder};
use loadforge_ci::series::StatsHistory;
use loadforge_ci::verdict::{Origin, Outcome, Verdict};

fn fixture(run: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/locust").join(run).join(file)
}

fn results(run: &str) -> Results {
    let open = |file: &str| File::open(fixture(run, file)).unwrap();
    let stats = read_stats("run_stats.csv", open("run_stats.csv")).unwrap();
    let failures = read_failures("run_failures.csv", open("run_failures.csv")).unwrap();
    Results { failures, ..Results::new(stats.total, stats.endpoints) }
}

fn judge(run: &str, texts: &[&str]) -> Verdict {
    let place = |text: &&str| PlacedGate { gate: text.parse().unwrap(), origin: Origin::Flag };
    let gates: Vec<_> = texts.iter().map(place).collect();
    let path = fixture(run, "run_stats_history.csv");
    gate::judge(&gates, &results(run), Some(StatsHistory::file(&path)), &NoHistory, &Options::default())
}

fn listed(verdict: &Verdict) -> String {
    let row = |row: &loadforge_ci::verdict::Row| {
        format!("{} | {} | {} | {} | {}\n", row.outcome, row.gate, row.subject, row.requests, row.reason)
    };
    format!("{}\n{}", verdict.sentence, verdict.rows.iter().map(row).collect::<String>())
}

#[test]
fn a_healthy_run_meets_its_goals() {
    let verdict = judge(
        "healthy/s3_checkout",
        &[
            "p95 < 100ms",
            "p95 of \"/api/v1/carts/[id]/**\" < 50ms",
            "failures == 0",
            "errors(5xx) == 0",
            "rps > 30/s",
            "avg of \"POST /api/v1/carts\" < 9.2ms",
            "requests == 255 after ramp-up",
            "p95 < 100ms after ramp-up",
        ],
    );
    assert_snapshot!(listed(&verdict), @r#"
    Not judged: p95 of all requests together: the time after the ramp-up is too short to estimate percentiles from windows of 10 s: run 1m longer
    pass | p95 < 100ms | all requests | 375 | 23 ms meets < 100 ms
    pass | p95 of "/api/v1/carts/[id]/**" < 50ms | POST /api/v1/carts/[id]/checkout | 71 | 23 ms meets < 50 ms
    pass | p95 of "/api/v1/carts/[id]/**" < 50ms | POST /api/v1/carts/[id]/items | 71 | 23 ms meets < 50 ms
    pass | p95 of "/api/v1/carts/[id]/**" < 50ms | POST /api/v1/carts/[id]/payment-intents | 71 | 20 ms meets < 50 ms
    pass | p95 of "/api/v1/carts/[id]/**" < 50ms | POST /api/v1/carts/[id]/shipping-address | 71 | 22 ms meets < 50 ms
    pass | failures == 0 | all requests | 375 | 0 meets == 0
    pass | errors(5xx) == 0 | all requests | 375 | 0 meets == 0
    pass | rps > 30/s | all requests | 375 | 34.1/s meets > 30/s
    pass | avg of "POST /api/v1/carts" < 9.2ms | POST /api/v1/carts | 71 | 9.13 ms meets < 9.2 ms
    pass | requests == 255 after ramp-up | all requests | 255 | 255 meets == 255
    inconclusive | p95 < 100ms after ramp-up | all requests | 255 | the time after the ramp-up is too short to estimate percentiles from windows of 10 s: run 1m longer
    "#);
}

#[test]
fn a_run_with_faults_says_what_failed() {
    let verdict = judge(
        "errors/s2_auth",
        &[
            "error_rate < 1%",
            "error_rate of \"/api/v1/**\" < 5%",
            "errors(connection) < 5%",
            "errors(5xx) == 0",
            "p95 of \"POST /api/v1/auth/login\" < 300ms",
            "p99 of \"POST /api/v1/carts\" < 100ms",
            "p95 of \"POST /api/v1/cart\" < 100ms",
        ],
    );
    assert_snapshot!(listed(&verdict), @r#"
    All requests together miss their goal: error_rate 6.57 %, limit < 1 % (and 3 more failed)
    fail | error_rate < 1% | all requests | 198 | 6.57 % misses < 1 %; clear with 198 requests too: 13 of them failed
    pass | error_rate of "/api/v1/**" < 5% | GET /api/v1/account/profile | 85 | 0 % meets < 5 %
    inconclusive | error_rate of "/api/v1/**" < 5% | POST /api/v1/auth/login | 20 | too few requests: 20 with 0 failed, and a goal of 5 % needs 59; at this rate that takes a run of 42s, or 3 times the users
    fail | error_rate of "/api/v1/**" < 5% | POST /api/v1/carts | 38 | 18.4 % misses < 5 %; clear with 38 requests too: 7 of them failed
    inconclusive | error_rate of "/api/v1/**" < 5% | GET /api/v1/orders | 55 | too few requests: 55 with 6 failed, and a goal of 5 % needs 59; at this rate that takes a run of 16s, or 1.1 times the users
    fail | errors(connection) < 5% | all requests | 198 | 6.57 % misses < 5 %
    pass | errors(5xx) == 0 | all requests | 198 | 0 meets == 0
    fail | p95 of "POST /api/v1/auth/login" < 300ms | POST /api/v1/auth/login | 20 | 520 ms misses < 300 ms; clear with 20 requests too: 10 or more of them were beyond the limit
    inconclusive | p99 of "POST /api/v1/carts" < 100ms | POST /api/v1/carts | 38 | too few requests: 38, and p99 needs 299; at this rate that takes a run of 2m, or 7.9 times the users
    inconclusive | p95 of "POST /api/v1/cart" < 100ms | POST /api/v1/cart | 0 | no endpoint matches "POST /api/v1/cart"; the nearest are "POST /api/v1/carts", "POST /api/v1/auth/login", "GET /api/v1/orders"
    "#);
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert_eq!(gate::exit(&verdict), Exit::GateFailed);
}

#[test]
fn a_verdict_survives_its_file() {
    let verdict = judge("errors/s1_basic", &["p95 of \"**\" < 320ms", "drift(p95) < 5%"]);
    let text = serde_json::to_string(&verdict).unwrap();
    let read: Verdict = serde_json::from_str(&text).unwrap();
    // The last digit of a number may differ after reading.
    assert_eq!(listed(&read), listed(&verdict));
    assert_eq!(read.rows[3].subject, verdict.rows[3].subject);
}

#[test]
fn a_history_that_is_missing_or_broken_makes_its_gates_inconclusive() {
    let results = results("healthy/s1_basic");
    let gates = [PlacedGate { gate: "p95 < 1s after ramp-up".parse().unwrap(), origin: Origin::Flag }];
    let judge = |history| gate::judge(&gates, &results, Some(history), &NoHistory, &Options::default());
    let nowhere = fixture("healthy/s1_basic", "none.csv");
    let missing = judge(StatsHistory::file(&nowhere));
    assert!(missing.sentence.contains("failed to open"), "{}", missing.sentence);
    let broken = judge(StatsHistory::text("h.csv", b"Timestamp\n1\n"));
    assert!(broken.sentence.contains("no column `User Count`"), "{}", broken.sentence);
    assert_eq!(gate::exit(&broken), Exit::Inconclusive);
}

/// Gates, findings and the chart's timeline share one reading: a second one would find the pipe empty.
#[test]
fn the_history_is_parsed_once_for_gates_findings_and_charts() {
    let folder = tempfile::tempdir().unwrap();
    let (stats, history) = (fixture("healthy/s3_checkout", "run_stats.csv"), "run_stats_history.csv");
    let from_pipe = Command::new(env!("CARGO_BIN_EXE_loadforge-ci"))
        .args(["gate", "--from"])
        .arg(&stats)
        .args(["--history-csv", "/dev/stdin", "--gate", "requests == 255 after ramp-up"])
        .arg("--results")
        .arg(folder.path())
        .current_dir(folder.path())
        .stdin(Stdio::from(pipe_of(&fixture("healthy/s3_checkout", history))))
        .output()
        .unwrap();
    let stderr_text = String::from_utf8_lossy(&from_pipe.stderr);
    assert!(from_pipe.status.success() && !stderr_text.contains("no findings"), "{stderr_text}");
    let results: Results = ResultsFolder::new(folder.path()).read_json(ResultsFolder::RESULTS).unwrap();
    assert_eq!((results.timeline.points.len(), results.timeline.peak_users()), (12, 20));
    let page = std::fs::read_to_string(folder.path().join(ResultsFolder::REPORT)).unwrap();
    assert!(page.contains("Response time"), "the page has charts");
}

/// The reading end of a pipe that a thread fills with a file.
fn pipe_of(path: &Path) -> io::PipeReader {
    let content = std::fs::read(path).unwrap();
    let (reader, mut writer) = io::pipe().unwrap();
    thread::spawn(move || writer.write_all(&content));
    reader
}

/// A history that cannot be read stops only a gate that compares with it.
#[test]
fn nothing_of_the_run_history_is_read_when_no_gate_compares() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("loadforge-history/history.jsonl")).unwrap();
    let code = |gate: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadforge-ci"));
        command.args(["gate", "--from"]).arg(fixture("healthy/s3_checkout", "run_stats.csv"));
        command.args(["--gate", gate]).current_dir(folder.path()).output().unwrap().status.code()
    };
    assert_eq!(code("p95 < 10s"), Some(0));
    assert_eq!(code("p95 <= +10% vs baseline"), Some(2));
}
