//! Teams that run Locust themselves: `gate --from` with a test's name keeps a history and is compared with it.

use std::fmt::Write;
use std::fs;

use serde_json::Value;

use crate::tool::{Ended, Tool, fixture};

const NAMES: [&str; 6] = ["/", "/search", "/items", "/cart", "/checkout", "/orders"];

/// The stats file of a run whose every endpoint took so many times its usual time, and the last one `slow` times that.
fn stats(factor: f64, slow: f64) -> String {
    let mut text =
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,\
                    Max Response Time,Average Content Size,Requests/s,Failures/s,50%,95%\n"
            .to_owned();
    let row = |kind: &str, name: &str, requests: u32, ms: f64| {
        let (p50, p95, rate) = (ms, ms * 2.0, f64::from(requests) / 60.0);
        format!("{kind},{name},{requests},0,{p50:.0},{p50:.1},1,{:.0},100,{rate:.2},0,{p50:.0},{p95:.0}\n", p95 * 1.5)
    };
    for (number, name) in NAMES.iter().enumerate() {
        let own = if *name == "/orders" { slow } else { 1.0 };
        text.push_str(&row("GET", name, 2_000 - number as u32, 100.0 * (number + 1) as f64 * factor * own));
    }
    text.push_str(&row("", "Aggregated", 11_985, 350.0 * factor));
    text
}

/// The tool on the main branch.
fn main() -> Tool {
    Tool::new().env("CIRCLE_BRANCH", "main").env("CIRCLE_SHA1", "0123456789abcdef0123456789abcdef01234567")
}

const NAMED: [&str; 10] = [
    "gate",
    "--from",
    "k8s_stats.csv",
    "--test",
    "checkout",
    "--users",
    "200",
    "--duration",
    "10m",
    "--target-host=https://staging.example.com",
];

fn gate(tool: &Tool, stats: &str, more: &[&str]) -> Ended {
    fs::write(tool.path("k8s_stats.csv"), stats).unwrap();
    tool.run(&[&NAMED[..], more].concat())
}

/// Six good runs of the same test, each a little faster or slower than the others.
fn with_history(tool: &Tool) {
    for factor in [1.0, 1.02, 0.98, 1.01, 0.99, 1.03] {
        gate(tool, &stats(factor, 1.0), &[]).expect(0);
        tool.run(&["baseline", "add"]).expect(0);
    }
}

#[test]
fn a_csv_with_a_name_becomes_a_good_run_and_is_compared_with_the_last_ones() {
    let tool = main();
    let first = gate(&tool, &stats(1.0, 1.0), &[]).expect(0);
    assert!(first.stdout.contains("no good run is recorded"), "{}", first.stdout);
    with_history(&tool);
    let history = tool.read("loadforge-history/history.jsonl");
    assert_eq!(history.lines().count(), 6);
    // The same file again is the same run.
    gate(&tool, &stats(1.03, 1.0), &[]).expect(0);
    let again = tool.run(&["baseline", "add"]).expect(0);
    assert!(again.stderr.contains("the run is already recorded: 6 good runs"), "{}", again.stderr);
    gate(&tool, &stats(1.015, 1.0), &[]).expect(0);
    assert_eq!(tool.json("loadforge-results/verdict.json")["outcome"], "pass");
    let slow = gate(&tool, &stats(1.0, 1.6), &[]).expect(1);
    assert!(slow.stdout.contains("GET /orders is 59 % slower than the last 6 good runs"), "{}", slow.stdout);
    let refused = tool.run(&["baseline", "add"]).expect(1);
    assert!(refused.stderr.contains("failed its gates"), "{}", refused.stderr);
    let shown = tool.run(&["baseline", "show"]).expect(0);
    let line = "Test checkout on a Locust of your own: users 200, duration_s 600, host https://staging.example.com:443";
    assert!(shown.stdout.contains(line), "{}", shown.stdout);
}

#[test]
fn only_runs_of_the_same_test_with_the_same_load_are_compared() {
    let tool = main();
    with_history(&tool);
    fs::write(tool.path("k8s_stats.csv"), stats(1.0, 2.0)).unwrap();
    let from = ["gate", "--from", "k8s_stats.csv"];
    for (flags, words) in [
        (&["--test", "checkout"][..], "users: not known here, 200 there"),
        (&["--test", "checkout", "--users", "50", "--duration", "10m"], "users: 50 here, 200 there"),
        (&["--test", "search", "--users", "200", "--duration", "10m"], "test: search here, checkout there"),
    ] {
        let ended = tool.run(&[&from[..], flags].concat()).expect(0);
        assert!(ended.stdout.contains(words), "{flags:?}: {}", ended.stdout);
    }
    // Without a name there is nothing to compare with, and it is said.
    let unnamed = tool.run(&from).expect(0);
    assert!(unnamed.stderr.contains("--test NAME"), "{}", unnamed.stderr);
    assert!(!tool.path("loadforge-results/run.json").exists());
    tool.run(&["baseline", "add"]).expect(2);
    // Only what the user started can be started again.
    let confirm = gate(&tool, &stats(1.0, 1.6), &["--confirm"]).expect(1);
    assert!(confirm.stderr.contains("--confirm has no effect with --from"), "{}", confirm.stderr);
}

#[test]
fn nothing_of_two_runs_is_mixed_in_one_folder() {
    let tool = main();
    gate(&tool, &stats(1.0, 1.0), &["--gate", "p95 < 10s"]).expect(0);
    // What cannot be read leaves neither the old run nor half of the new one.
    gate(&tool, "Type,Nothing\n", &["--gate", "p95 < 10s"]).expect(2);
    assert!(!tool.path("loadforge-results/verdict.json").exists());
    let refused = tool.run(&["baseline", "add"]).expect(2);
    assert!(!refused.stderr.contains("added"), "{}", refused.stderr);
    // Another branch's run is no baseline, and another commit's is not this build's.
    gate(&tool, &stats(1.0, 1.0), &["--branch", "feature", "--gate", "p95 < 10s"]).expect(0);
    let other = tool.run(&["baseline", "add", "--branch", "feature"]).expect(2);
    assert!(other.stderr.contains("kept for branch `main`"), "{}", other.stderr);
    let next = tool.env("CIRCLE_SHA1", "1123456789abcdef0123456789abcdef01234567");
    let foreign = next.run(&["baseline", "add", "--branch", "feature"]).expect(2);
    assert!(foreign.stderr.contains("holds Locust CSV files of commit 0123456"), "{}", foreign.stderr);
    // No service is asked for it, and no other run's folder is used for it.
    let wait = next.run(&["cancel", "--allow-other-commit"]);
    assert_ne!(wait.code, 0, "{}", wait.stderr);
    let run = serde_json::json!({
        "schema_version": 1, "engine": "loadforge", "api_url": "https://api", "test": "x", "test_id": 1, "intent": null,
        "run_id": 7, "monitor_url": null, "fingerprint": { "engine": "loadforge", "test": "1", "script_sha256": null,
        "users": null, "spawn_rate": null, "duration_s": null, "host": null },
    });
    let kept = next.file("loadforge-results/run.json", run.to_string());
    let mixed = gate(&kept, &stats(1.0, 1.0), &[]).expect(2);
    assert!(mixed.stderr.contains("belongs to a run"), "{}", mixed.stderr);
}

#[test]
fn a_history_of_an_older_build_stays_readable_beside_files() {
    let recorded = fs::read_to_string(fixture("history/demo-shop/history.jsonl")).unwrap();
    let tool = main().file("loadforge-history/history.jsonl", &recorded);
    let before = tool.run(&["baseline", "show"]).expect(0);
    assert!(before.stdout.contains(" on local engine"), "{}", before.stdout);
    with_history(&tool);
    let history = tool.read("loadforge-history/history.jsonl");
    let old = recorded.lines().all(|line| history.contains(line));
    assert!(old || history.lines().count() >= 6, "what is older than a year may go");
    gate(&tool, &stats(1.0, 1.6), &[]).expect(1);
    let shown = tool.run(&["baseline", "show"]).expect(0);
    assert!(shown.stdout.contains("a Locust of your own"), "{}", shown.stdout);
}

#[test]
fn the_reports_show_what_is_known_of_the_run_and_no_number_that_nobody_knows() {
    let tool = main();
    let ended = gate(&tool, &stats(1.0, 1.0), &["--gate", "p95 < 10s"]).expect(0);
    let record: Value = tool.json("loadforge-results/run.json");
    assert_eq!((&record["engine"], &record["collected"]), (&"csv".into(), &true.into()));
    let number = record["run_id"].to_string();
    let mut all = ended.stdout;
    for file in ["summary.md", "report.html", "answer.json", "junit/loadforge.xml"] {
        write!(all, "{}", tool.read(&format!("loadforge-results/{file}"))).unwrap();
    }
    assert!(!all.contains(&format!("run {number}")), "{all}");
    for words in ["checkout", "200 users", "10m", "staging.example.com"] {
        assert!(all.contains(words), "{words}");
    }
    let path = ["gate", "--from", "k8s_stats.csv", "--test", "x", "--target-host", "https://staging.example.com/shop"];
    let wrong = tool.run(&path).expect(2);
    assert!(wrong.stderr.contains("takes scheme, host and port only"), "{}", wrong.stderr);
}
