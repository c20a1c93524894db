//! Ten questions of somebody who is woken at night, answered by the block that ends the step log alone, in ten verdicts of
//! recorded runs. What the answers must be is worked out from the recordings, not from the block.

use serde_json::{Value, json};

use crate::tool::{Tool, fixture};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const OWNERS: &str = "owners: { \"POST /api/v1/auth/**\": \"@identity-team\", \"**\": \"@shop-team\" }\n\
                      ownership: { codeowners: . }\n";

/// One verdict: what was measured, the gates, and the answers that depend on them.
struct Case {
    recording: &'static str,
    gates: &'static [&'static str],
    /// What failed or is open; "" where nothing is.
    what: &'static str,
    measure: &'static str,
    limit: &'static str,
    owner: &'static str,
    /// What to run next; "" where there is nothing to do.
    next: &'static str,
    exit: i32,
    engine: &'static str,
    /// What is wrong with the load generator; "" where nothing is.
    problem: &'static str,
}

const USUAL: Case = Case {
    recording: "healthy/s3_checkout",
    gates: &[],
    what: "",
    measure: "",
    limit: "",
    owner: "",
    next: "",
    exit: 0,
    engine: "loadforge",
    problem: "",
};

const CASES: [Case; 10] = [
    Case { gates: &["p95 < 10s"], ..USUAL },
    Case {
        gates: &["p95 of \"POST /api/v1/auth/login\" < 1ms"],
        what: "POST /api/v1/auth/login",
        measure: "p95",
        limit: "< 1 ms",
        owner: "@identity-team",
        next: "loadforge-ci run --test-id 4217 --users 20 --duration 5m --target-host https://staging.acme.example && loadforge-ci gate",
        exit: 1,
        ..USUAL
    },
    Case {
        gates: &["rps > 900/s"],
        what: "all requests",
        measure: "rps",
        limit: "> 900/s",
        owner: "@codeowner",
        next: "loadforge-ci run --test-id 4217",
        exit: 1,
        ..USUAL
    },
    Case {
        gates: &["warn: median < 1ms"],
        what: "all requests",
        measure: "median",
        limit: "< 1 ms",
        owner: "@codeowner",
        ..USUAL
    },
    Case {
        gates: &["p99.9 of \"POST /api/v1/auth/login\" < 1s"],
        what: "POST /api/v1/auth/login",
        measure: "p99.9",
        limit: "< 1,000 ms",
        owner: "@identity-team",
        next: "loadforge-ci run --duration 600s",
        exit: 3,
        ..USUAL
    },
    Case {
        gates: &["p95 of \"/nowhere\" < 1s"],
        what: "/nowhere",
        measure: "p95",
        limit: "< 1,000 ms",
        owner: "@codeowner",
        next: "loadforge-ci run --duration 600s",
        exit: 3,
        ..USUAL
    },
    Case {
        recording: "errors/s2_auth",
        gates: &["error_rate < 1%"],
        what: "all requests",
        measure: "error_rate",
        limit: "< 1 %",
        owner: "@codeowner",
        next: "loadforge-ci run --test-id 4217",
        exit: 1,
        ..USUAL
    },
    Case {
        recording: "healthy/s1_basic",
        gates: &["failures < 1", "requests > 100000"],
        what: "all requests",
        measure: "requests",
        limit: "> 100,000",
        owner: "@codeowner",
        next: "loadforge-ci run --test-id 4217",
        exit: 1,
        ..USUAL
    },
    Case {
        recording: "healthy/s2_auth",
        gates: &["p95 < 10s"],
        what: "the run",
        measure: "requests",
        limit: "–",
        owner: "@codeowner",
        next: "loadforge-ci run --duration 600s",
        exit: 3,
        engine: "local",
        problem: "2 of 20 users never came",
    },
    Case {
        recording: "healthy/s4_reports",
        gates: &["max < 1ms"],
        what: "all requests",
        measure: "max",
        limit: "< 1 ms",
        owner: "@codeowner",
        next: "loadforge-ci run --engine local --test-id 4217",
        exit: 1,
        engine: "local",
        ..USUAL
    },
];

/// A results folder with a recorded run, as `run` leaves it.
fn folder(case: &Case) -> Tool {
    let gates: String = case.gates.iter().map(|gate| format!("  - '{gate}'\n")).collect();
    let tool = Tool::new()
        .env("CIRCLECI", "true")
        .env("CIRCLE_SHA1", COMMIT)
        .env("CIRCLE_BRANCH", "main")
        .env("CIRCLE_WORKFLOW_JOB_ID", "job-7")
        .file("CODEOWNERS", "* @codeowner\n")
        .file("loadforge.yml", format!("{OWNERS}gates:\n{gates}"));
    let csv = fixture(&format!("locust/{}/run_stats.csv", case.recording));
    tool.run(&["gate", "--from", csv.to_str().unwrap(), "--gate", "p95 < 1s"]).expect_one_of(&[0, 1, 3]);
    let mut results = tool.json("loadforge-results/results.json");
    if !case.problem.is_empty() {
        results["problems"] = json!([{ "kind": "users_lost", "message": case.problem }]);
    }
    let run = json!({
        "schema_version": 1, "engine": case.engine, "api_url": "https://app.loadforge.com/api/v2", "test": "checkout",
        "repository": null, "commit": COMMIT, "branch": "main", "job_id": "job-7",
        "test_id": 4217, "intent": null, "run_id": 90210, "monitor_url": null, "collected": true,
        "states": [{"state": "finished", "at": "2026-11-27T02:00:00Z"}],
        "fingerprint": {"engine": case.engine, "test": "4217", "script_sha256": null, "users": 20, "spawn_rate": null,
            "duration_s": 300, "host": "https://staging.acme.example"},
        "recipe": {"test": {"id": 4217}, "users": 20, "spawn_rate": null, "duration_s": 300.0, "timeout_s": 1200.0,
            "target_host": "https://staging.acme.example"}
    });
    let text = |value: &Value| serde_json::to_string(value).unwrap();
    tool.file("loadforge-results/results.json", text(&results)).file("loadforge-results/run.json", text(&run))
}

#[test]
fn ten_questions_are_answered_by_the_block_alone() {
    for (number, case) in CASES.iter().enumerate() {
        let tool = folder(case);
        let log = tool.run(&["gate"]).expect(case.exit).stdout;
        let (_, block) = log.split_once("In short:\n").unwrap();
        assert!(block.len() <= 2048, "{number}: {} bytes", block.len());
        // Lines are broken for the reader; a question does not mind.
        let flat = block.split_whitespace().collect::<Vec<_>>().join(" ");
        let results = tool.json("loadforge-results/results.json");
        let verdict = tool.json("loadforge-results/verdict.json");
        let row = verdict["rows"].as_array().unwrap().iter().find(|row| row["outcome"] != "pass");
        let observed = row.and_then(|row| row["observed"].as_f64());
        let value = observed.map(|value| if value >= 10.0 { format!("{}", value.floor()) } else { String::new() });
        let requests = results["total"]["requests"].as_u64().unwrap();
        assert!(requests > 0);
        let generator = match (case.problem, case.engine) {
            ("", "local") => "healthy, as far as it was measured",
            ("", _) => "no problem was reported",
            (problem, _) => problem,
        };
        for (question, answer) in [
            ("what failed?", case.what),
            ("by how much?", if case.exit == 1 { value.as_deref().unwrap_or_default() } else { "" }),
            ("which limit?", case.limit),
            ("which measure?", case.measure),
            ("of which commit?", "commit 0123456"),
            ("was the generator healthy?", generator),
            ("how many users?", "20 users for 5m against https://staging.acme.example"),
            (
                "where is the report?",
                "https://output.circle-artifacts.com/output/job/job-7/artifacts/0/loadforge-results/report.html",
            ),
            ("what to run next?", case.next),
            ("whose is it?", case.owner),
        ] {
            let plain = flat.replace(',', "");
            assert!(
                flat.contains(answer) || plain.contains(answer),
                "{number}, {question} {answer:?} is not in\n{block}"
            );
        }
        // What needs no answer has none.
        assert_eq!(flat.contains(" next loadforge-ci"), !case.next.is_empty(), "{number}\n{block}");
        assert_eq!(flat.contains(" owner "), !case.what.is_empty(), "{number}\n{block}");
    }
}

#[test]
fn owners_are_mentioned_only_when_that_is_asked_for() {
    for mention in [false, true] {
        let tool = folder(&CASES[1]);
        let text = tool.read("loadforge.yml").replace("codeowners: .", &format!("codeowners: ., mention: {mention}"));
        let tool = tool.file("loadforge.yml", text);
        tool.run(&["gate"]).expect(1);
        let summary = tool.read("loadforge-results/summary.md");
        assert_eq!(summary.contains("owner: @identity-team"), mention, "{summary}");
        assert!(summary.contains("owner: "), "{summary}");
        assert!(summary.contains("accept: ") && summary.contains("expires: 20"), "{summary}");
        let verdict = tool.json("loadforge-results/verdict.json");
        assert_eq!(verdict["rows"][0]["owner"], "@identity-team");
        let docs = verdict["rows"][0]["what_now"]["docs"].as_str().unwrap();
        assert!(docs.ends_with("README.md#the-gate-language"), "{docs}");
        // The waiver that is offered lets the same results pass.
        let waiver = verdict["rows"][0]["what_now"]["waiver"].as_str().unwrap();
        let tool = tool.file("waived.yml", format!("gates:\n  - '{}'\n{waiver}", CASES[1].gates[0]));
        let waived = tool.run(&["gate", "--config", "waived.yml"]).expect(0);
        assert!(waived.stdout.contains("waived"), "{}", waived.stdout);
    }
}
