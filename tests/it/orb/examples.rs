//! Every example of the orb, run from install to stored artifacts.

use std::collections::BTreeSet;
use std::time::Duration;

use super::runner::{Orb, Shell, State};
use super::story::{BAD, GOOD, Story, files};
use crate::signal::Hook;
use crate::support::recording;

/// The state of each job, by its name.
macro_rules! states {
    ($report:expr) => {
        $report.states.iter().map(|(name, state)| format!("{name}: {state:?}")).collect::<Vec<_>>().join("\n")
    };
}

/// What a judged job leaves as artifacts.
const REPORTS: [&str; 3] =
    ["loadforge-results/report.html", "loadforge-results/results.json", "loadforge-results/verdict.json"];

#[test]
fn every_example_has_a_test_here() {
    let source = include_str!("examples.rs");
    let forgotten: Vec<String> = Orb::of_repository()
        .section("examples")
        .keys()
        .filter(|name| !source.contains(&format!("Story::of(\"{name}\"")))
        .cloned()
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

#[test]
fn gate_before_production_promotes_what_is_fast_enough() {
    let mut story = Story::of("gate_before_production", GOOD, "main");
    let report = story.build(|_| ());
    insta::assert_snapshot!(states!(report), @r"
    deploy-staging: Success
    load-test: Success
    promote-production: Success
    ");
    let gate = report.job("load-test");
    let stored = files(&gate.artifacts);
    for wanted in REPORTS {
        assert!(stored.iter().any(|path| path == wanted), "{wanted} is not in {stored:?}");
    }
    assert_eq!(files(&gate.test_results), ["loadforge.xml"]);
    assert!(report.job("promote-production").log.contains("deploy production done"));
    assert!(gate.log.contains("added the run: 1 good run of this fingerprint"), "{}", gate.log);
    // A second build compares with the first, through the cache.
    let second = story.build(|_| ());
    let log = &second.job("load-test").log;
    assert!(log.contains("Found a cache from loadforge-history-v1..default..main.."), "{log}");
    assert!(log.contains("added the run: 2 good runs of this fingerprint"), "{log}");
    let compared = log.lines().find(|line| line.contains("<= 30 ms")).expect("a row against the baseline");
    assert!(compared.starts_with("pass"), "{compared}");
    // The second install step of the job found the verified program of the first.
    assert!(second.job("load-test").log.contains("is already in"));
}

#[test]
fn gate_before_production_stops_what_fails() {
    let mut story = Story::of("gate_before_production", BAD, "main");
    let report = story.build(|_| ());
    insta::assert_snapshot!(states!(report), @r"
    deploy-staging: Success
    load-test: Failed
    promote-production: NotRun
    ");
    let gate = report.job("load-test");
    let stored = files(&gate.artifacts);
    for wanted in REPORTS {
        assert!(stored.iter().any(|path| path == wanted), "{wanted} is not in {stored:?}");
    }
    assert_eq!(files(&gate.test_results), ["loadforge.xml"]);
    assert!(story.cache.histories().is_empty(), "a failed run never becomes the baseline");
}

#[test]
fn gate_before_production_works_in_the_shell_of_alpine() {
    let report = Story::of("gate_before_production", GOOD, "main").build(|pipeline| pipeline.shell = Shell::Busybox);
    assert_eq!(report.job("load-test").state, State::Success, "{}", report.job("load-test").log);
}

#[test]
fn nightly_stress_test_runs_the_profile() {
    let mut story = Story::of("nightly_stress_test", GOOD, "main");
    let report = story.build(|_| ());
    assert_eq!(report.job("stress-test").state, State::Success, "{}", report.job("stress-test").log);
    assert!(story.cache.histories()[0].starts_with("loadforge-history-v1..stress..main.."));
}

#[test]
fn pull_request_comment_is_one_for_two_tests_and_is_updated() {
    let mut story = Story::of("pull_request_comment", GOOD, "faster-login");
    let with_pull_request = |pipeline: &mut super::runner::Pipeline<'_>| {
        let url = "https://github.com/acme/shop/pull/7".to_owned();
        pipeline.environment.insert("CIRCLE_PULL_REQUEST".to_owned(), url);
    };
    let report = story.build(with_pull_request);
    assert_eq!(report.job("load-test").state, State::Success, "{}", report.job("load-test").log);
    assert_eq!(story.runs(), 2);
    let comments = story.github.comments();
    assert_eq!(comments.len(), 1, "{comments:#?}");
    assert!(comments[0].contains("checkout") && comments[0].contains("search"), "{}", comments[0]);
    story.build(with_pull_request);
    assert_eq!(story.github.comments().len(), 1, "the comment is updated");
}

#[test]
fn one_gate_job_for_many_repositories_needs_nothing_from_the_repository() {
    let mut story = Story::of("one_gate_job_for_many_repositories", GOOD, "main");
    let report = story.build(|_| ());
    let job = report.job("load-test");
    assert_eq!(job.state, State::Success, "{}", job.log);
    assert!(!job.folder.join("loadforge.yml").exists(), "nothing was checked out");
}

#[test]
fn own_locust_is_judged_against_its_own_history_without_an_account() {
    let mut story = Story::of("own_locust", GOOD, "main");
    let build = |story: &mut Story, slow: &str| {
        let slow = slow.to_owned();
        story.build(|pipeline| {
            pipeline.environment.remove("LOADFORGE_API_TOKEN");
            pipeline.environment.insert("SLOW".to_owned(), slow);
        })
    };
    // Runs that measured exactly the same are one run.
    for number in 1..=5 {
        let report = build(&mut story, &(90 + number).to_string());
        let log = &report.job("loadforge/gate").log;
        assert!(log.contains("nothing to wait for: locust/run_stats.csv is judged"), "{log}");
        assert!(log.contains(&format!("added the run: {number} good run")), "{log}");
    }
    let report = build(&mut story, "300");
    let gate = report.job("loadforge/gate");
    assert_eq!(gate.state, State::Failed, "{}", gate.log);
    assert!(gate.log.contains("POST /checkout is 223 % slower than the last 5 good runs: p95 300 ms"), "{}", gate.log);
    assert_eq!(story.runs(), 0);
}

#[test]
fn services_in_one_comment_share_it_section_by_section() {
    let mut story = Story::of("services_in_one_comment", GOOD, "faster-login");
    let report = story.build(|_| ());
    insta::assert_snapshot!(states!(report), @r"
    load-test-checkout: Success
    load-test-reports: Success
    load-test-search: Success
    ");
    let comments = story.github.comments();
    assert_eq!(comments.len(), 1, "{comments:#?}");
    for service in ["checkout", "search", "reports"] {
        assert!(comments[0].contains(service), "{}", comments[0]);
        let job = report.job(&format!("load-test-{service}"));
        assert!(files(&job.artifacts).contains(&format!("results-{service}/report.html")));
    }
}

#[test]
fn named_tests_of_one_file_run_by_matrix_each_with_its_own_gates() {
    let mut story = Story::of("named_tests", GOOD, "faster-login");
    let report = story.build(|_| ());
    insta::assert_snapshot!(states!(report), @r"
    load-test-checkout: Success
    load-test-search: Success
    ");
    for (name, gate) in [("checkout", " > 10 "), ("search", " > 20 ")] {
        let job = report.job(&format!("load-test-{name}"));
        assert!(job.log.contains(gate), "{}", job.log);
        assert!(files(&job.artifacts).contains(&format!("results-{name}/report.html")));
        assert!(story.github.comments()[0].contains(name), "{:?}", story.github.comments());
    }
    assert!(!report.job("load-test-checkout").log.contains(" > 20 "));
}

#[test]
fn services_in_one_comment_are_still_reported_when_their_gates_fail() {
    let mut story = Story::of("services_in_one_comment", BAD, "faster-login");
    let report = story.build(|_| ());
    insta::assert_snapshot!(states!(report), @r"
    load-test-checkout: Failed
    load-test-reports: Failed
    load-test-search: Failed
    ");
    for service in ["checkout", "search", "reports"] {
        let job = report.job(&format!("load-test-{service}"));
        assert!(files(&job.artifacts).contains(&format!("results-{service}/verdict.json")));
        assert_eq!(files(&job.test_results), ["loadforge.xml"]);
    }
    let comments = story.github.comments();
    assert_eq!(comments.len(), 1, "{comments:#?}");
    assert!(comments[0].contains("**3 load tests:** 3 failed."), "{}", comments[0]);
    assert!(comments[0].contains("| **fail** | all requests | `error_rate` | 6.57 % | < 1 % |"), "{}", comments[0]);
}

#[test]
fn start_now_judge_later_hands_the_run_over_in_the_workspace() {
    let mut story = Story::of("start_now_judge_later", GOOD, "main");
    let report = story.build(|_| ());
    insta::assert_snapshot!(states!(report), @r"
    end-to-end: Success
    judge-load-test: Success
    start-load-test: Success
    ");
    assert_eq!(report.order, ["start-load-test", "end-to-end", "judge-load-test"]);
    assert_eq!(story.runs(), 1, "the run is not started twice");
    let stored = files(&report.job("judge-load-test").artifacts);
    assert!(REPORTS.iter().all(|wanted| stored.iter().any(|path| path == wanted)), "{stored:?}");
}

#[test]
fn clean_up_after_cancel_stops_the_recorded_run() {
    // Long enough that the run is still running when the job that waits for it is canceled.
    let mut story = Story::of("clean_up_after_cancel", GOOD, "main").with_runs_of_full_length();
    let report = story.build(|pipeline| pipeline.cancelled = BTreeSet::from(["judge-load-test".to_owned()]));
    insta::assert_snapshot!(states!(report), @r"
    judge-load-test: Canceled
    start-load-test: Success
    stop-load-test: Success
    ");
    let job = report.job("stop-load-test");
    assert_eq!(job.state, State::Success, "{}", job.log);
    assert_eq!(
        story.run_states(),
        [5],
        "cancelled, by LoadForge's number\n{}\n{:?}",
        job.log,
        report.job("start-load-test").log
    );
}

#[test]
fn local_engine_without_account_runs_real_locust() {
    let mut story = Story::of("local_engine_without_account", GOOD, "main");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let report = story.build(|pipeline| {
        pipeline.environment.insert("APP_PORT".to_owned(), port.to_string());
        pipeline.environment.remove("LOADFORGE_API_URL");
        with_python(pipeline);
    });
    let job = report.job("load-test");
    assert_eq!(job.state, State::Success, "{}", job.log);
    assert_eq!(story.runs(), 0, "nothing was asked of LoadForge");
    assert!(files(&job.artifacts).contains(&"loadforge-results/report.html".to_owned()));
}

#[test]
fn judge_by_history_learns_and_fails_only_what_is_slow_twice() {
    let mut story = Story::of("judge_by_history", GOOD, "main");
    for number in 1..=5 {
        let report = story.build(|_| ());
        let job = report.job("load-test");
        assert_eq!(job.state, State::Success, "{}", job.log);
        let runs = if number == 1 { "1 good run".to_owned() } else { format!("{number} good runs") };
        assert!(job.log.contains(&format!("added the run: {runs} of this fingerprint")), "{}", job.log);
    }
    let kept = story.cache.histories().len();

    let slower = tempfile::tempdir().unwrap();
    recording::write(slower.path(), |line| recording::slower(line, "POST,/api/v1/carts"));
    story.record(slower.path());
    let report = story.build(|_| ());
    let job = report.job("load-test");
    assert_eq!(job.state, State::Failed, "{}", job.log);
    assert_eq!(story.runs(), 2, "the second run decides");
    assert!(job.log.contains("Failed: POST /api/v1/carts is 900 % slower than the last 5 good runs"), "{}", job.log);
    assert!(files(&job.artifacts).contains(&"loadforge-results/confirm/results.json".to_owned()));
    assert_eq!(story.cache.histories().len(), kept, "a failed run never becomes the baseline");
}

#[test]
fn custom_template_is_the_summary() {
    let mut story = Story::of("custom_template", GOOD, "faster-login");
    let report = story.build(|_| ());
    assert_eq!(report.job("load-test").state, State::Success, "{}", report.job("load-test").log);
    let summary =
        std::fs::read_to_string(report.job("load-test").artifacts.join("loadforge-results/summary.md")).unwrap();
    insta::assert_snapshot!(summary, @"The shop was tested, in our own words: warn.");
}

#[test]
fn approval_after_warning_asks_only_when_the_budget_is_missed() {
    let mut story = Story::of("approval_after_warning", GOOD, "main");
    insta::assert_snapshot!(states!(story.build(|_| ())), @r"
    approve-over-budget: NotRun
    budget: Failed
    deploy-over-budget: NotRun
    deploy-within-budget: NotRun
    load-test: Success
    ");
    let approved = story.build(|pipeline| pipeline.approved = BTreeSet::from(["approve-over-budget".to_owned()]));
    insta::assert_snapshot!(states!(approved), @r"
    approve-over-budget: Success
    budget: Failed
    deploy-over-budget: Success
    deploy-within-budget: NotRun
    load-test: Success
    ");
    assert!(approved.job("deploy-over-budget").log.contains("deploy production done"));
}

#[test]
fn fork_pull_requests_are_skipped_green_and_say_so() {
    let mut story = Story::of("fork_pull_requests", GOOD, "pull/7");
    for shell in [Shell::Bash, Shell::Busybox] {
        let report = story.build(|pipeline| {
            pipeline.shell = shell;
            for (name, value) in
                [("CIRCLE_PR_NUMBER", "7"), ("CIRCLE_PR_USERNAME", "alice"), ("CIRCLE_PR_REPONAME", "shop")]
            {
                pipeline.environment.insert(name.to_owned(), value.to_owned());
            }
        });
        let job = report.job("load-test");
        assert_eq!(job.state, State::Success, "{}", job.log);
        assert!(job.log.contains("skipped: this is a pull request from a fork"), "{}", job.log);
        assert!(!job.log.contains("Judge the load test"), "the rest of the job is skipped\n{}", job.log);
    }
    assert_eq!(story.runs(), 0);
    // The same example on a branch of the repository itself runs.
    let own = Story::of("fork_pull_requests", GOOD, "faster-login").build(|_| ());
    assert!(own.job("load-test").log.contains("Judge the load test"));
}

#[test]
fn try_the_demo_goes_from_install_to_stored_artifacts() {
    let mut story = Story::of("try_the_demo", GOOD, "main");
    let report = story.build(|pipeline| {
        pipeline.environment.remove("LOADFORGE_API_URL");
        with_python(pipeline);
    });
    let job = report.job("demo");
    assert_eq!(job.state, State::Success, "{}", job.log);
    let stored = files(&job.artifacts);
    assert!(REPORTS.iter().all(|wanted| stored.iter().any(|path| path == wanted)), "{stored:?}");
    assert_eq!(files(&job.test_results), ["loadforge.xml"]);
}

#[test]
fn install_takes_no_second_beyond_its_download() {
    let report = Story::of("one_gate_job_for_many_repositories", GOOD, "main").build(|_| ());
    let times: Vec<(String, Duration)> = report.job("load-test").times.clone();
    let installs: Vec<_> = times.iter().filter(|(name, _)| name == "Install loadforge-ci").collect();
    assert_eq!(installs.len(), 2, "{times:?}");
    // Shown with --nocapture; a limit on a busy machine would only measure the machine.
    eprintln!("install: {:?}, again: {:?}", installs[0].1, installs[1].1);
}

/// What the `python` executor has and an image for LoadForge alone needs not: Python, its registry, a place for Locust.
fn with_python(pipeline: &mut super::runner::Pipeline<'_>) {
    pipeline.path = std::env::var("PATH").unwrap();
    for (name, value) in std::env::vars() {
        if name.starts_with("PIP_") || name.starts_with("UV_") || name.to_lowercase().ends_with("_proxy") {
            pipeline.environment.entry(name).or_insert(value);
        }
    }
    // Locust is installed once for all tests.
    let cache = loadforge_ci::locust::process::cache_folder().unwrap();
    pipeline.environment.insert("LOADFORGE_CI_CACHE_DIR".to_owned(), cache.display().to_string());
}

/// The variables that lead an example to a stand-in for CircleCI's hook.
fn with_hook(pipeline: &mut super::runner::Pipeline<'_>, hook: &Hook) {
    let secret = [("CIRCLECI_RELEASE_SECRET".to_owned(), "h00k-s3cret".to_owned())];
    pipeline.contexts.insert("release".to_owned(), secret.into());
    let set = [("LOADFORGE_CI_CIRCLECI_URL", hook.url.as_str()), ("CIRCLE_ORGANIZATION_ID", "org-1")];
    pipeline.environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn release_validation_fails_the_release_that_was_planned_when_a_gate_fails_and_lets_a_good_one_go_on() {
    for (recording, job, fails_the_release) in [(GOOD, State::Success, false), (BAD, State::Failed, true)] {
        let hook = Hook::start();
        let mut story = Story::of("release_validation", recording, "main");
        let report = story.build(|pipeline| with_hook(pipeline, &hook));
        assert_eq!((report.states["load-test"], report.states["watch-release"]), (job, State::Success));
        let planned = &report.job("deploy").log;
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let words = format!(
            "release plan shop-release --environment-name=production --component-name=shop --target-version={commit}"
        );
        assert!(planned.contains(&words), "{planned}");
        let watch = &story.document()["jobs"]["watch-release"];
        let check = &watch["validation"]["webhooks"][0];
        assert_eq!(watch["validation"]["auto_rollback_on_failure"], true);
        assert_eq!(check["fail_when"], "criteria == \"firing\"");
        let release = serde_json::json!({
            "component_name": "shop", "env": "production", "version": commit, "signal_name": check["name"]
        });
        let signals = hook.signals();
        assert_eq!(signals.len(), 1, "{}", report.job("load-test").log);
        assert_eq!(crate::signal::fails(&signals[0], &release), fails_the_release, "{signals:?}");
        // What the check looks at is in the signal.
        for place in check["data_points"].as_object().unwrap().values() {
            let key = place.as_str().unwrap().strip_prefix("request.").unwrap();
            assert!(signals[0].get(key).is_some(), "{key} is not in {}", signals[0]);
        }
    }
}
