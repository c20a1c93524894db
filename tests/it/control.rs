//! `gate --control-host` through the binary: a run against a known-good deployment decides where everything is slower.

use std::path::Path;

use loadforge_ci::emulator::{Replay, ReplayPace};
use serde_json::json;

use crate::support::recording;
use crate::support::repository::{CHECKOUT, Repository, recorded, usual};
use crate::support::service::{signal, until};
use crate::tool::Ended;

const TARGET: &str = "https://build.shop.example";
const GOOD: &str = "https://good.shop.example";
const GATE: [&str; 4] = ["gate", "--confirm", "--control-host", GOOD];

/// Every endpoint three times as slow, the checkout a little slower still.
fn slow(pace: ReplayPace) -> Replay {
    recorded(pace, |line| recording::times(line, "", if line.starts_with(CHECKOUT) { 3.2 } else { 3.0 }))
}

fn at_once() -> Replay {
    slow(ReplayPace::AtOnce)
}

/// A build of an environment or of code that makes everything slow, and what its control run finds.
fn build(control: Replay) -> Repository {
    let repository = Repository::with_script(vec![at_once(), at_once(), control], TARGET);
    repository.run(&[]).expect(0);
    repository
}

fn hosts(repository: &Repository) -> Vec<String> {
    repository.handed.lock().unwrap().iter().map(|handed| handed.host.clone().unwrap_or_default()).collect()
}

#[test]
fn a_deployment_that_is_as_slow_makes_the_build_green_and_is_in_every_report() {
    let repository = build(at_once());
    let gated = repository.tool.run(&GATE).expect(0);
    assert_eq!(hosts(&repository)[1..], [TARGET, TARGET, GOOD]);
    for words in [
        "a control run against https://good.shop.example decides (1440 test minutes)",
        "the control run cost 1440 test minutes, 375 requests",
    ] {
        assert!(gated.stderr.contains(words), "{words}: {}", gated.stderr);
    }
    let said = "the known-good deployment at https://good.shop.example is as slow: p50 0 % over 6 endpoints";
    assert!(gated.stdout.contains("Evidence: environment; the known-good deployment"), "{}", gated.stdout);
    let verdict = repository.verdict();
    assert_eq!(verdict["outcome"], "pass", "{}", gated.stdout);
    let control = &verdict["control"];
    assert_eq!((&control["host"], &control["conclusion"]), (&json!(GOOD), &json!("alike")));
    assert_eq!(control["run_id"], 1004);
    let tool = &repository.tool;
    for report in ["summary.md", "report.html", "answer.json"] {
        let text = tool.read(&format!("loadforge-results/{report}")).replace("&#x2f;", "/");
        assert!(text.contains("good.shop.example"), "{report}: {text}");
    }
    assert!(control["sentence"].as_str().unwrap().starts_with(said.split(": ").next().unwrap()), "{control}");
    assert!(tool.read("loadforge-results/junit/loadforge.xml").contains("; control "));
    assert!(tool.read("loadforge-results/summary.md").contains("; control "));
    assert_eq!(tool.json("loadforge-results/control/results.json")["total"]["requests"], 375);
    // Only the run itself is a good run, and every test that was made for one run is gone.
    tool.run(&["baseline", "add"]).expect(0);
    assert_eq!(repository.service.get("/tests").as_array().unwrap().len(), 1);
}

#[test]
fn a_deployment_that_is_as_quick_as_ever_makes_the_build_red() {
    let repository = build(usual());
    let gated = repository.tool.run(&GATE).expect(1);
    let verdict = repository.verdict();
    assert_eq!((&verdict["outcome"], &verdict["control"]["conclusion"]), (&json!("fail"), &json!("slower")));
    assert!(gated.stdout.contains("Evidence: code; this build is slower than the known-good deployment"), "{gated:?}");
    assert!(gated.stdout.contains("; control "), "{}", gated.stdout);
    // A repeated step takes up the control run it has, as it does the further runs.
    assert_eq!(repository.service.runs(), 4);
}

#[test]
fn a_build_that_is_as_quick_as_ever_needs_no_control_run() {
    let repository = Repository::with_script(vec![usual()], TARGET);
    repository.run(&[]).expect(0);
    repository.tool.run(&GATE).expect(0);
    assert_eq!((hosts(&repository).len(), &repository.verdict()["control"]), (2, &json!(null)));
    // Nor does one slow endpoint.
    let repository =
        Repository::with_script(vec![recorded(ReplayPace::AtOnce, |line| recording::slower(line, CHECKOUT))], TARGET);
    repository.run(&[]).expect(0);
    repository.tool.run(&GATE).expect(1);
    assert!(!hosts(&repository).contains(&GOOD.to_owned()));
}

#[test]
fn one_run_is_enough_where_no_further_run_is_asked_for() {
    let repository = Repository::with_script(vec![at_once(), usual()], TARGET);
    repository.run(&[]).expect(0);
    repository.tool.run(&["gate", "--control-host", GOOD]).expect(1);
    assert_eq!(hosts(&repository)[1..], [TARGET, GOOD]);
}

#[test]
fn a_control_that_could_not_be_had_or_is_broken_leaves_the_build_open() {
    // Every request to the known-good deployment fails, and fast.
    let broken = recorded(ReplayPace::AtOnce, |line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[0] != "Type" {
            cells[3] = cells[2];
        }
        Some(cells.join(","))
    });
    let repository = build(broken);
    let open = repository.tool.run(&GATE).expect(3);
    let control = repository.verdict()["control"].clone();
    assert_eq!(control["conclusion"], "missing", "{}", open.stdout);
    assert!(control["sentence"].as_str().unwrap().starts_with("the control run says nothing: "), "{control}");

    // The script that would have to run is gone.
    let repository = build(usual());
    std::fs::remove_file(repository.tool.path("perf/checkout.py")).unwrap();
    let open = repository.tool.run(&["gate", "--control-host", GOOD]).expect(3);
    assert!(open.stderr.contains("there is no control run: failed to read the script"), "{}", open.stderr);
    assert!(open.stdout.contains("there is no control run"), "{}", open.stdout);
    assert_eq!(repository.verdict()["control"]["conclusion"], "missing");
}

#[test]
fn a_signal_during_the_control_run_cancels_it_and_nothing_is_decided() {
    let repository = build(slow(ReplayPace::AsPlanned));
    let service = &repository.service;
    let child = repository.tool.start(&GATE);
    let control = |field: &str| service.get("/result/1004")[field].clone();
    until("a control run", || service.runs() == 4);
    until("running", || control("run_status") == 2);
    signal(&child, "TERM");
    let ended = Ended::of(child.wait_with_output().unwrap()).expect(143);
    assert_eq!(control("run_status"), 5, "{}", ended.stderr);
    let verdict = repository.verdict();
    assert_eq!((&verdict["outcome"], &verdict["control"]["conclusion"]), (&json!("inconclusive"), &json!("missing")));
    assert_eq!(service.get("/tests").as_array().unwrap().len(), 1);
}

#[test]
fn a_repeated_step_takes_up_its_control_run() {
    let repository = build(at_once());
    let again = || Ended::of(repository.tool.command(&GATE).env("CIRCLE_WORKFLOW_JOB_ID", "job").output().unwrap());
    again().expect(0);
    again().expect(0);
    assert_eq!(repository.service.runs(), 4);
}

#[test]
fn what_cannot_be_controlled_is_said_before_anything_is_paid_for() {
    let repository = Repository::new(vec![usual()]);
    let runs = repository.service.runs();
    let refused = |arguments: &[&str], code, words: &str| {
        let ended = repository.run(arguments).expect(code);
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        assert_eq!(repository.service.runs(), runs);
    };
    refused(&["--control-host", GOOD], 2, "a saved test needs a second test with the known-good host");
    std::fs::write(
        repository.tool.path("loadforge.yml"),
        "guard: { allowed_hosts: [build.shop.example] }\ncontrol: { target_host: https://good.shop.example }\n",
    )
    .unwrap();
    refused(&[], 6, "the control host good.shop.example is not allowed: guard.allowed_hosts lists build.shop.example");
    let judged = repository.tool.run(&["gate"]).expect(6);
    assert!(judged.stderr.contains("the control host good.shop.example is not allowed"), "{}", judged.stderr);
    assert!(!Path::new(&repository.tool.path("loadforge-results/control")).exists());
}
