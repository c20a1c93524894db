//! `gate --confirm` through the binary: what the further runs decide, what they cost, and what happens without them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use loadforge_ci::emulator::{Replay, ReplayPace};
use serde_json::{Value, json};

use crate::support::recording;
use crate::support::repository::{CHECKOUT, Handed, Repository, recorded, slow_checkout, usual};
use crate::support::service::{signal, until};
use crate::tool::Ended;

const GATE: [&str; 4] =
    ["gate", "--confirm", "--gate", r#"p95 of "POST /api/v1/carts/[id]/checkout" <= +20% vs baseline"#];

#[test]
fn what_is_slow_twice_fails_and_both_runs_are_in_every_report() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    let (tool, service) = (&repository.tool, &repository.service);
    repository.run(&[]).expect(0);
    let gated = tool.run(&GATE).expect(1);
    assert_eq!(service.runs(), 3);
    assert!(
        gated.stderr.contains("run 2 of at most 3 of this test (1440 test minutes, 2880 with all further runs)"),
        "{}",
        gated.stderr
    );
    assert!(gated.stderr.contains("the further runs cost 1440 test minutes, 375 requests so far"), "{}", gated.stderr);
    let verdict = repository.verdict();
    assert_eq!(verdict["confirmation"], json!({ "run_id": 1003, "cost": "1440 test minutes, 375 requests" }));
    let checkout = repository.checkout();
    assert_eq!((&checkout["outcome"], &checkout["observed"]), (&json!("fail"), &checkout["second_observed"]));
    let both = format!("{0} ms, then {0} ms", checkout["observed"].as_f64().unwrap());
    for report in ["summary.md", "report.html", "junit/loadforge.xml"] {
        let text = tool.read(&format!("loadforge-results/{report}"));
        assert!(text.contains(&both), "{report} does not say {both}: {text}");
    }
    assert!(gated.stdout.contains(&both), "{}", gated.stdout);
    let explained = "Several values are those of this run and of run 1003, which decide about comparisons with history";
    assert!(tool.read("loadforge-results/summary.md").contains(explained));
    assert_eq!(tool.json("loadforge-results/confirm/results.json")["total"]["requests"], 375);
    tool.run(&["baseline", "add"]).expect(1);
}

#[test]
fn what_is_slow_once_is_a_warning_and_one_run_is_enough_to_pass() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce), usual()]);
    repository.run(&[]).expect(0);
    let gated = repository.tool.run(&GATE).expect(0);
    assert!(gated.stdout.contains("failed in the first run only"), "{}", gated.stdout);
    assert_eq!(repository.verdict()["outcome"], "warn");
    assert_eq!(repository.service.runs(), 3);
    // The next build is quick again: nothing to confirm.
    repository.run(&[]).expect(0);
    repository.tool.run(&GATE).expect(0);
    assert_eq!(repository.verdict()["confirmation"], Value::Null);
    assert_eq!(repository.service.runs(), 4);
}

#[test]
fn a_written_limit_needs_no_second_run_and_one_run_says_how_to_confirm() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    repository.run(&[]).expect(0);
    repository
        .tool
        .run(&["gate", "--confirm", "--gate", r#"p95 of "POST /api/v1/carts/[id]/checkout" < 1ms"#])
        .expect(1);
    let alone = repository.tool.run(&["gate", GATE[2], GATE[3]]).expect(1);
    assert!(alone.stderr.contains("with --confirm further runs decide"), "{}", alone.stderr);
    assert_eq!(repository.service.runs(), 2);
}

#[test]
fn without_a_second_run_nothing_is_red_and_nothing_is_green() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    repository.run(&["--start-api", "v1", "--env", "COLOUR=blue"]).expect(0);
    // The value was not recorded and is nowhere to be found now.
    let open = repository.tool.run(&GATE).expect(3);
    assert!(open.stderr.contains("the variable COLOUR for the script is not set"), "{}", open.stderr);
    assert!(open.stdout.contains("failed once and could not be confirmed"), "{}", open.stdout);
    assert!(repository.tool.read("loadforge-results/summary.md").contains("could not be confirmed"));
    assert_eq!(repository.service.runs(), 2);
    // A written limit that fails beside it is red all the same.
    let written = r#"p95 of "POST /api/v1/carts/[id]/checkout" < 1ms"#;
    repository.tool.run(&[&GATE[..], &["--gate", written]].concat()).expect(1);
    // What failed once and could not be confirmed is no warning, whatever else may be one.
    repository.tool.run(&[&GATE[..], &["--on-inconclusive", "warn"]].concat()).expect(3);
}

#[test]
fn the_second_run_is_handed_the_same_variables() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    let env = ["--start-api", "v1", "--env", "COLOUR=blue"];
    repository.run(&env).expect(0);
    repository.tool.run(&[&GATE[..], &env].concat()).expect(1);
    let handed = repository.handed.lock().unwrap();
    let blue = Handed { env: BTreeMap::from([("COLOUR".to_owned(), "blue".to_owned())]), host: None };
    assert_eq!(handed[1..], [blue.clone(), blue]);
}

#[test]
fn a_signal_during_the_second_run_cancels_it_and_what_was_measured_is_written() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce), slow_checkout(ReplayPace::AsPlanned)]);
    repository.run(&[]).expect(0);
    let service = &repository.service;
    let child = repository.tool.start(&GATE);
    let second = |field: &str| service.get("/result/1003")[field].clone();
    until("a second run", || service.runs() == 3);
    until("running", || second("run_status") == 2);
    signal(&child, "TERM");
    let ended = Ended::of(child.wait_with_output().unwrap()).expect(143);
    assert_eq!(second("run_status"), 5, "{}", ended.stderr);
    assert_eq!(repository.verdict()["outcome"], "inconclusive");
    assert!(repository.tool.read("loadforge-results/report.html").contains("could not be confirmed"));
}

#[test]
fn a_repeated_step_takes_up_its_second_run_and_a_new_run_gets_a_new_one() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    let in_job = |job: &str, arguments: &[&str]| {
        Ended::of(repository.tool.command(arguments).env("CIRCLE_WORKFLOW_JOB_ID", job).output().unwrap())
    };
    let run = ["run", "--test-id", &repository.test, "--duration", "720m"];
    for _ in 0..2 {
        in_job("first", &run).expect(0);
        in_job("first", &GATE).expect(1);
        assert_eq!(repository.service.runs(), 3);
    }
    in_job("second", &run).expect(0);
    in_job("second", &GATE).expect(1);
    assert_eq!(repository.service.runs(), 5);
    assert_eq!(repository.verdict()["confirmation"]["run_id"], 1005);
}

#[test]
fn an_endpoint_that_is_not_called_any_more_stops_the_build() {
    let gone = |line: &str| (!line.starts_with(CHECKOUT)).then(|| line.to_owned());
    let repository = Repository::new(vec![recorded(ReplayPace::AtOnce, gone)]);
    repository.run(&[]).expect(0);
    let gated = repository.tool.run(&["gate"]).expect(1);
    assert!(
        gated.stdout.starts_with("Failed: POST /api/v1/carts/[id]/checkout is not called at all, unlike in the last 5 good runs: rps 0/s, limit"),
        "{}",
        gated.stdout
    );
    assert!(gated.stdout.contains("this run never called it, and each of the last 5 good runs"), "{}", gated.stdout);
    let asked = ["gate", "--gate", r#"p95 of "/api/v1/carts/*/checkout" <= +20% vs baseline"#];
    let open = repository.tool.run(&asked).expect(3);
    assert!(open.stdout.contains("this run never called it"), "{}", open.stdout);
}

/// The checkout slower by so much that three runs together show it, and two do not.
fn faintly_slow() -> Replay {
    recorded(ReplayPace::AtOnce, |line| recording::times(line, CHECKOUT, 1.5))
}

#[test]
fn a_faint_slow_down_takes_three_runs_and_each_is_in_every_report() {
    let repository = Repository::new(vec![faintly_slow()]);
    repository.run(&[]).expect(0);
    let gated = repository.tool.run(&GATE).expect(1);
    assert_eq!(repository.service.runs(), 4);
    for words in [
        "run 2 of at most 3 of this test (1440 test minutes, 2880 with all further runs)",
        "run 3 of at most 3 of this test (1440 test minutes)",
        "the further runs cost 2880 test minutes, 750 requests so far",
        "failed in all three runs",
    ] {
        assert!(gated.stderr.contains(words) || gated.stdout.contains(words), "{words}: {gated:?}");
    }
    let verdict = repository.verdict();
    let cost = "2880 test minutes, 750 requests";
    assert_eq!(verdict["confirmation"], json!({ "run_id": 1003, "third_run_id": 1004, "cost": cost }));
    let checkout = repository.checkout();
    let ms = checkout["observed"].as_f64().unwrap();
    assert_eq!((checkout["second_observed"].as_f64(), checkout["third_observed"].as_f64()), (Some(ms), Some(ms)));
    let all = format!("{ms} ms, then {ms} ms and {ms} ms");
    for report in ["summary.md", "report.html", "junit/loadforge.xml"] {
        let text = repository.tool.read(&format!("loadforge-results/{report}"));
        assert!(text.contains(&all), "{report} does not say {all}: {text}");
    }
    for folder in ["confirm", "confirm-3"] {
        assert_eq!(repository.tool.json(&format!("loadforge-results/{folder}/results.json"))["total"]["requests"], 375);
    }
}

#[test]
fn a_third_run_that_is_quick_again_leaves_the_build_open() {
    let repository = Repository::new(vec![faintly_slow(), faintly_slow(), usual()]);
    repository.run(&[]).expect(0);
    let gated = repository.tool.run(&GATE).expect(3);
    assert!(gated.stdout.contains("slow in both runs, and the environment may explain it"), "{}", gated.stdout);
    assert_eq!((repository.service.runs(), &repository.verdict()["outcome"]), (4, &json!("inconclusive")));
}

#[test]
fn a_further_run_may_wait_and_a_signal_ends_the_waiting() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    let write =
        |wait: &str| std::fs::write(repository.tool.path("loadforge.yml"), format!("confirm: {{ wait: {wait} }}"));
    repository.run(&[]).expect(0);
    write("30m").unwrap();
    let mut child = repository.tool.start(&GATE);
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("waiting 30m before the next run") {
        assert!(log.read_line(&mut told).unwrap() > 0, "{told}");
    }
    signal(&child, "TERM");
    log.read_to_string(&mut told).unwrap();
    Ended::of(child.wait_with_output().unwrap()).expect(143);
    assert!(told.contains("stopped by SIGTERM while waiting"), "{told}");
    assert_eq!((repository.service.runs(), &repository.verdict()["outcome"]), (2, &json!("inconclusive")));
    write("1s").unwrap();
    let gated = repository.tool.run(&GATE).expect(1);
    assert!(gated.stderr.contains("waiting 1s before the next run"), "{}", gated.stderr);
    assert_eq!(repository.service.runs(), 3);
}
