//! Since when, through the binary: what a run that failed leaves for the next one, and where reports say it.

use loadforge_ci::baseline::{HistoryIndex, RunHistory};
use loadforge_ci::results::Endpoint;
use loadforge_ci::verdict::Outcome;

use super::support::{endpoint, folder, good_with, record, results};
use crate::tool::{Ended, Tool};

const GATES: [&str; 5] = ["gate", "--gate", r#"p95 of "**" <= +20% vs baseline"#, "--baseline-max-age", "3650d"];

fn build(day: i64, factor: f64) -> Vec<Endpoint> {
    let one = |index: u32| {
        let scatter = 1.0 + 0.03 * f64::from((day as u32 * 53 + index * 29) % 11) / 11.0;
        let own = if index == 4 { factor } else { 1.0 };
        endpoint(&format!("GET /{index}"), 2_000, 0, 40.0 * f64::from(index) * scatter * own)
    };
    (1..=9).map(one).collect()
}

/// A folder with twenty good runs, the last `slow` of them with a slower endpoint.
fn tool(slow: i64) -> Tool {
    let tool = Tool::new();
    let mut history = RunHistory::open(tool.path("loadforge-history")).unwrap();
    for day in 0..20 {
        history.append(&good_with(day as u64, day, build(day, if day < 20 - slow { 1.0 } else { 1.18 }))).unwrap();
    }
    tool
}

/// Judges the build of that day.
fn judged(tool: &Tool, day: i64, factor: f64) -> Ended {
    folder(&tool.path("loadforge-results"), &record(day as u64, day), &results(build(day, factor)), None);
    tool.run(&GATES)
}

#[test]
fn a_build_that_fails_is_remembered_and_the_next_one_says_since_when() {
    let tool = tool(0);
    let first = judged(&tool, 20, 1.6).expect(1);
    assert!(first.stdout.contains("Since: GET /4 p95 since this build: "), "{}", first.stdout);
    assert!(first.stderr.contains("kept this run in failed.jsonl"), "{}", first.stderr);
    judged(&tool, 21, 1.6).expect(1);
    let third = judged(&tool, 22, 1.6).expect(1);
    let words = "since commit 0000000 of 2026-05-21 (run 20), for 3 builds: ";
    assert!(third.stdout.contains(&format!("Since: GET /4 p95 {words}")), "{}", third.stdout);
    assert!(third.stdout.contains("GET /4 is slower since commit 0000000 of 2026-05-21 (run 20)"), "{}", third.stdout);
    let verdict = tool.json("loadforge-results/verdict.json");
    let row = verdict["rows"].as_array().unwrap().iter().find(|row| row["outcome"] == "fail").unwrap();
    assert_eq!((&row["since"]["first_bad"]["run_id"], &row["since"]["last_good"]["run_id"]), (&20.into(), &19.into()));
    assert_eq!(row["since"]["recent_index"], 20, "{row:#}");
    assert_eq!(verdict["changes"][0]["endpoint"]["name"], "/4");
    assert_eq!(verdict["findings"][0]["kind"], "change_point");
    assert!(
        tool.json("loadforge-results/answer.json")["rows"][0]["since"].as_str().unwrap().starts_with("commit 0000000")
    );
    for file in ["summary.md", "report.html", "junit/loadforge.xml"] {
        let text = tool.read(&format!("loadforge-results/{file}"));
        assert!(text.contains("of 2026-05-21 (run 20), for 3 builds"), "{file}: {text}");
    }
    // Judged again, the same run is not there twice.
    tool.run(&GATES).expect(1);
    let index = HistoryIndex::open(tool.path("loadforge-history")).unwrap();
    assert_eq!((index.heads().len(), index.failed().unwrap().heads().len()), (20, 3));
    let shown = tool.run(&["baseline", "show"]).expect(0).stdout;
    assert!(
        shown.contains("  GET /4 p") && shown.contains(" since commit 0000000 of 2026-05-21 (run 20), for 3 builds"),
        "{shown}"
    );
}

#[test]
fn a_slowdown_that_was_let_through_is_a_finding_of_a_build_that_passes() {
    let tool = tool(5);
    let passed = judged(&tool, 20, 1.18).expect(0);
    assert!(
        passed.stdout.contains("GET /4 is slower since commit 0000000 of 2026-05-16 (run 15)"),
        "{}",
        passed.stdout
    );
    assert!(!passed.stdout.contains("Since:"), "{}", passed.stdout);
    let verdict = tool.json("loadforge-results/verdict.json");
    assert_eq!(verdict["outcome"], Outcome::Pass.to_string());
    let row = verdict["rows"].as_array().unwrap().iter().find(|row| !row["since"].is_null()).unwrap();
    assert_eq!(row["since"]["recent_index"], 15);
    assert!(!tool.path("loadforge-history/failed.jsonl").exists());
}

#[test]
fn a_broken_file_of_failed_runs_costs_that_file_alone() {
    let tool = tool(0).file("loadforge-history/failed.jsonl", "not a record\n{\"schema_version\":1");
    judged(&tool, 20, 1.0).expect(0);
    judged(&tool, 21, 1.6).expect(1);
    let index = HistoryIndex::open(tool.path("loadforge-history")).unwrap();
    assert_eq!(index.failed().unwrap().heads().len(), 1);
}
