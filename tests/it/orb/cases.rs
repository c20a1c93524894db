//! Situations of public bug reports, through the packed orb with the real program, in every shell.

use std::fs;

use super::runner::{Pipeline, Shell, State};
use super::story::{BAD, GOOD, Story, files};

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Busybox, Shell::Dash];

/// One load test in one job.
const ONE: &str = "- loadforge/load-test:\n    name: load\n    context: loadforge\n    profile: quick\n";

fn set(pipeline: &mut Pipeline<'_>, pairs: &[(&str, &str)]) {
    pipeline.environment.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
}

/// A build of this commit in a workflow of its own.
fn of_commit<'a>(shell: Shell, digit: &'a str, more: &'a [(&'a str, &'a str)]) -> impl FnOnce(&mut Pipeline<'_>) + 'a {
    move |pipeline| {
        pipeline.shell = shell;
        let commit = digit.repeat(40);
        let workflow = format!("workflow-{digit}");
        set(
            pipeline,
            &[
                ("CIRCLE_SHA1", commit.as_str()),
                ("CIRCLE_WORKFLOW_ID", &workflow),
                ("CIRCLE_WORKFLOW_WORKSPACE_ID", &workflow),
            ],
        );
        set(pipeline, more);
    }
}

/// The run that a job's results folder holds.
fn record(folder: &std::path::Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.join("loadforge-results/run.json")).unwrap()).unwrap()
}

#[test]
fn in_a_kept_folder_another_commit_starts_a_run_of_its_own() {
    for shell in SHELLS {
        let mut story = Story::of_jobs(ONE, GOOD, "main").in_kept_folders();
        let first = story.build(of_commit(shell, "a", &[]));
        assert_eq!(first.job("load").state, State::Success, "{}", first.job("load").log);
        let second = story.build(of_commit(shell, "b", &[]));
        assert!(second.job("load").log.contains("moved to loadforge-results.previous"), "{}", second.job("load").log);
        assert_eq!(record(&second.job("load").folder)["commit"], "b".repeat(40));
        assert_eq!(story.runs(), 2);
    }
}

#[test]
fn in_a_kept_folder_a_failed_start_is_not_judged_by_the_run_before() {
    for shell in SHELLS {
        let mut story = Story::of_jobs(ONE, GOOD, "main").in_kept_folders();
        assert_eq!(story.build(of_commit(shell, "a", &[])).job("load").state, State::Success);
        let nowhere = [("LOADFORGE_API_URL", "http://127.0.0.1:1/api/v2"), ("LOADFORGE_CI_TIMEOUT", "1s")];
        let second = story.build(of_commit(shell, "b", &nowhere));
        let job = second.job("load");
        assert_eq!(job.state, State::Failed);
        assert!(job.log.contains("this build's run failed, and there is nothing to judge"), "{}", job.log);
        assert!(!job.folder.join("loadforge-results/verdict.json").exists(), "{}", job.log);
    }
}

#[test]
fn in_a_kept_folder_the_gate_job_waits_for_the_run_of_its_own_workflow() {
    let jobs = "- loadforge/load-test:\n    name: start\n    context: loadforge\n    profile: quick\n    wait: false\n\
                - loadforge/gate:\n    name: judge\n    context: loadforge\n    profile: quick\n    requires: [start]\n";
    for shell in SHELLS {
        let mut story = Story::of_jobs(jobs, GOOD, "main").in_kept_folders();
        for digit in ["a", "b"] {
            let report = story.build(of_commit(shell, digit, &[]));
            let job = report.job("judge");
            assert_eq!(job.state, State::Success, "{}", job.log);
            assert_eq!(record(&job.folder)["commit"], digit.repeat(40), "{}", job.log);
        }
        assert_eq!(story.runs(), 2);
    }
}

#[test]
fn two_jobs_that_do_not_wait_hand_their_own_runs_over_in_one_workspace() {
    let jobs = |profile: &str| {
        format!(
            "- loadforge/load-test:\n    name: start-{profile}\n    context: loadforge\n    profile: {profile}\n    wait: false\n\
             - loadforge/gate:\n    name: judge-{profile}\n    context: loadforge\n    profile: {profile}\n    requires: [start-quick, start-stress]\n"
        )
    };
    for shell in SHELLS {
        let mut story = Story::of_jobs(&format!("{}{}", jobs("quick"), jobs("stress")), GOOD, "main");
        let report = story.build(|pipeline| pipeline.shell = shell);
        for profile in ["quick", "stress"] {
            let job = report.job(&format!("judge-{profile}"));
            assert_eq!(job.state, State::Success, "{}", job.log);
            assert_eq!(record(&job.folder)["profile"], profile, "{}", job.log);
            assert!(job.log.contains(&format!("of start-{profile}, profile {profile}")), "{}", job.log);
        }
        assert_eq!(story.runs(), 2);
    }
}

#[test]
fn of_two_started_runs_that_could_both_be_meant_none_is_guessed() {
    let start =
        |name: &str| format!("- loadforge/load-test:\n    name: {name}\n    context: loadforge\n    wait: false\n");
    let gate = "- loadforge/gate:\n    name: judge\n    context: loadforge\n    requires: [one, two]\n";
    let mut story = Story::of_jobs(&format!("{}{}{gate}", start("one"), start("two")), GOOD, "main");
    let report = story.build(|_| ());
    let job = report.job("judge");
    assert_eq!(job.state, State::Failed);
    assert!(job.log.contains("holds several runs") && job.log.contains("the parameter `results`"), "{}", job.log);
}

#[test]
fn each_leg_of_a_matrix_has_a_section_and_a_status_of_its_own() {
    let jobs = "- loadforge/load-test:
    name: perf-<< matrix.profile >>
    context: [loadforge, github]
    comment: true
    status: true
    matrix:
      parameters:
        profile: [quick, stress]
";
    for shell in SHELLS {
        let mut story = Story::of_jobs(jobs, GOOD, "faster-login");
        let report = story.build(|pipeline| pipeline.shell = shell);
        assert!(report.states.values().all(|state| *state == State::Success), "{:?}", report.states);
        let [comment] = &story.github.comments()[..] else { panic!("{:#?}", story.github.comments()) };
        for leg in ["checkout (quick, perf-quick)", "checkout (stress, perf-stress)"] {
            assert!(comment.contains(&format!("`{leg}`")), "{comment}");
            let status = (format!("loadforge/{leg}"), "success".to_owned());
            assert!(story.github.statuses().contains(&status), "{:?}", story.github.statuses());
        }
    }
}

#[test]
fn a_host_in_which_a_variable_was_meant_never_starts() {
    let jobs = format!("{ONE}    target_host: https://$STAGE.acme.example\n");
    for shell in SHELLS {
        let mut story = Story::of_jobs(&jobs, GOOD, "main");
        let report = story.build(|pipeline| {
            pipeline.shell = shell;
            set(pipeline, &[("STAGE", "blue")]);
        });
        assert_eq!(report.job("load").state, State::Failed);
        assert!(
            report.job("load").log.contains("the host `$stage.acme.example` cannot exist"),
            "{}",
            report.job("load").log
        );
        assert_eq!(story.runs(), 0);
    }
}

/// A job that comments and sets a status.
const COMMENTING: &str = "- loadforge/load-test:\n    name: load\n    context: [loadforge, github]\n    profile: quick\n    comment: true\n    status: true\n";

#[test]
fn with_the_github_app_the_named_repository_gets_comment_and_status() {
    let jobs = format!("{COMMENTING}    repository: acme/shop\n    pull_request: \"7\"\n");
    for shell in SHELLS {
        let mut story = Story::of_jobs(&jobs, GOOD, "faster-login");
        story.build(|pipeline| {
            pipeline.shell = shell;
            pipeline.environment.remove("CIRCLE_REPOSITORY_URL");
            // Display names of the CircleCI organization and project.
            set(pipeline, &[("CIRCLE_PROJECT_USERNAME", "Acme Inc"), ("CIRCLE_PROJECT_REPONAME", "Web Shop")]);
        });
        assert_eq!(story.github.comments().len(), 1);
        assert!(
            story.github.repositories().iter().all(|name| name == "acme/shop"),
            "{:?}",
            story.github.repositories()
        );
        assert_eq!(story.github.repositories().len(), 2, "a comment and a status");
    }
}

#[test]
fn a_repository_on_bitbucket_or_gitlab_is_said_and_nothing_is_sent() {
    for (shell, url, name) in [
        (Shell::Bash, "git@bitbucket.org:acme/shop.git", "Bitbucket"),
        (Shell::Busybox, "https://gitlab.com/acme/shop.git", "GitLab"),
        (Shell::Dash, "git@bitbucket.org:acme/shop.git", "Bitbucket"),
    ] {
        let mut story = Story::of_jobs(COMMENTING, GOOD, "faster-login");
        let report = story.build(|pipeline| {
            pipeline.shell = shell;
            set(pipeline, &[("CIRCLE_REPOSITORY_URL", url)]);
        });
        let job = report.job("load");
        assert_eq!(job.state, State::Success, "{}", job.log);
        assert!(job.log.contains(name), "{}", job.log);
        assert!(story.github.repositories().is_empty());
    }
}

#[test]
fn a_tag_build_has_nothing_to_supersede_and_goes_on() {
    let jobs = format!("{ONE}    pre-steps:\n      - loadforge/cancel:\n          superseded: true\n");
    for shell in SHELLS {
        let mut story = Story::of_jobs(&jobs, GOOD, "main");
        let report = story.build(|pipeline| {
            pipeline.shell = shell;
            pipeline.environment.remove("CIRCLE_BRANCH");
            set(pipeline, &[("CIRCLE_TAG", "v1.2.3")]);
        });
        let job = report.job("load");
        assert_eq!(job.state, State::Success, "{}", job.log);
        assert!(job.log.contains("this is a build of tag v1.2.3"), "{}", job.log);
    }
}

#[test]
fn another_repository_of_the_account_is_never_superseded() {
    let start = format!("{ONE}    wait: false\n");
    for shell in SHELLS {
        let mut shop = Story::of_jobs(&start, GOOD, "main").with_runs_of_full_length();
        shop.build(of_commit(shell, "a", &[]));
        assert_eq!(shop.run_states().len(), 1);
        // The other repository uses the same LoadForge account and a job of the same name.
        let jobs = format!("{start}    pre-steps:\n      - loadforge/cancel:\n          superseded: true\n");
        let mut other = Story::of_jobs(&jobs, GOOD, "main");
        let url = shop.loadforge_url();
        let more = [("LOADFORGE_API_URL", url.as_str()), ("CIRCLE_REPOSITORY_URL", "https://github.com/acme/other")];
        let report = other.build(of_commit(shell, "b", &more));
        assert_eq!(report.job("load").state, State::Success, "{}", report.job("load").log);
        let going = shop.run_states().iter().filter(|state| **state < 3).count();
        assert_eq!(going, 2, "both repositories' runs are going on: {:?}", shop.run_states());
    }
}

#[test]
fn of_two_parallel_containers_the_first_runs_the_test() {
    for shell in SHELLS {
        let mut story = Story::of_jobs(ONE, GOOD, "main");
        for (index, runs) in [("1", 0), ("0", 1)] {
            let report = story.build(|pipeline| {
                pipeline.shell = shell;
                set(pipeline, &[("CIRCLE_NODE_INDEX", index), ("CIRCLE_NODE_TOTAL", "2")]);
            });
            assert_eq!(report.job("load").state, State::Success, "{}", report.job("load").log);
            assert_eq!(story.runs(), runs);
        }
    }
}

#[test]
fn without_artifacts_nothing_is_stored_and_no_link_leads_to_them() {
    for shell in SHELLS {
        for (stored, parameter) in [(true, "true"), (false, "false")] {
            let mut story = Story::of_jobs(&format!("{COMMENTING}    artifacts: {parameter}\n"), BAD, "faster-login");
            let report = story.build(|pipeline| {
                pipeline.shell = shell;
                set(pipeline, &[("CIRCLE_BUILD_URL", "https://circleci.com/gh/acme/shop/12")]);
            });
            let job = report.job("load");
            assert_eq!(job.state, State::Failed, "the gates fail all the same");
            assert_eq!(!files(&job.artifacts).is_empty(), stored, "{:?}", files(&job.artifacts));
            assert_eq!(!files(&job.test_results).is_empty(), stored, "{:?}", files(&job.test_results));
            assert!(job.folder.join("loadforge-results/report.html").exists(), "it is written for the job's own steps");
            let comment = story.github.comments().concat();
            assert_eq!(comment.contains("/artifacts/"), stored, "{comment}");
            assert!(comment.contains("https://circleci.com/gh/acme/shop/12"), "{comment}");
        }
    }
}

#[test]
fn a_rerun_in_a_new_container_or_a_kept_folder_counts_together_with_the_failed_attempt() {
    let jobs = format!("{ONE}    gates: error_rate < 4%\n");
    let rerun = |number: usize| {
        move |pipeline: &mut Pipeline<'_>| {
            let workflow = format!("workflow-{number}");
            set(pipeline, &[("CIRCLE_PIPELINE_ID", "pipeline-1"), ("CIRCLE_WORKFLOW_ID", workflow.as_str())]);
            set(pipeline, &[("CIRCLE_WORKFLOW_WORKSPACE_ID", "workflow-1")]);
        }
    };
    for kept in [false, true] {
        for shell in SHELLS {
            let mut story = Story::of_jobs(&jobs, BAD, "main");
            if kept {
                story = story.in_kept_folders();
            }
            let first = story.build(|pipeline| {
                pipeline.shell = shell;
                rerun(1)(pipeline);
            });
            assert_eq!(first.job("load").state, State::Failed, "{}", first.job("load").log);
            story.record(&crate::tool::fixture("locust").join(GOOD));
            let second = story.build(|pipeline| {
                pipeline.shell = shell;
                rerun(2)(pipeline);
            });
            let log = &second.job("load").log;
            assert!(log.contains("2 attempts at this commit count together"), "kept {kept}: {log}");
            let attempts =
                fs::read_to_string(second.job("load").folder.join("loadforge-history/attempts.jsonl")).unwrap();
            assert_eq!(attempts.lines().count(), 2, "{attempts}");
        }
    }
}

#[test]
fn a_bash_env_that_cannot_be_written_does_not_end_the_job() {
    for shell in SHELLS {
        let mut story = Story::of_jobs(ONE, GOOD, "main");
        let report = story.build(|pipeline| {
            pipeline.shell = shell;
            set(pipeline, &[("BASH_ENV", "/nonexistent/bash_env")]);
        });
        assert_eq!(report.job("load").state, State::Success, "{}", report.job("load").log);
    }
}

#[test]
fn a_later_result_of_another_project_of_the_repository_is_the_one_that_is_shown() {
    for shell in SHELLS {
        let mut story = Story::of_jobs(COMMENTING, GOOD, "faster-login");
        for (number, gate, word) in [("9000", "error_rate < 50%", "outcome=warn"), ("10", "p95 < 1ms", "outcome=fail")]
        {
            story.build(|pipeline| {
                pipeline.shell = shell;
                set(pipeline, &[("CIRCLE_PIPELINE_ID", number), ("LOADFORGE_CI_GATE", gate)]);
            });
            let comment = story.github.comments().concat();
            assert!(comment.contains(word), "{comment}");
        }
    }
}
