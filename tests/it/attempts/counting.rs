//! Which attempts count together.

use std::time::Duration;

use loadforge_ci::attempts::{JobAttempt, RECENT, counted};
use loadforge_ci::results::{Build, Fingerprint};
use loadforge_ci::verdict::Outcome;

use super::support::{attempt, row};

fn failed(number: i64) -> JobAttempt {
    attempt(number, vec![row("/login", 600.0)])
}

fn numbers(recorded: &[JobAttempt], now: &JobAttempt) -> Vec<String> {
    counted(recorded, now).into_iter().map(|one| one.run.clone()).collect()
}

#[test]
fn reruns_of_one_pipeline_count_however_late_and_whatever_became_of_them() {
    let recorded = [failed(1), attempt(2, vec![row("/login", 400.0)]), failed(3)];
    let late = JobAttempt { at: failed(4).at + Duration::from_secs(90 * 86_400), ..failed(4) };
    assert_eq!(numbers(&recorded, &late), ["run 1", "run 2", "run 3"]);
}

#[test]
fn the_same_run_judged_again_is_no_earlier_attempt() {
    let recorded = [failed(1), failed(2)];
    assert_eq!(numbers(&recorded, &failed(2)), ["run 1"]);
}

#[test]
fn another_commit_job_profile_branch_or_recipe_does_not_count() {
    let others: [fn(&mut JobAttempt); 6] = [
        |one| one.build.commit = Some("f".repeat(40)),
        |one| one.build.commit = None,
        |one| one.build.job_name = Some("stress".into()),
        |one| one.build.profile = None,
        |one| one.build.branch = Some("feature".into()),
        |one| one.recipe = Fingerprint { users: Some(50), ..Fingerprint::default() },
    ];
    for change in others {
        let mut other = failed(1);
        change(&mut other);
        assert!(numbers(&[other.clone()], &failed(2)).is_empty(), "{:?} {:?}", other.build, other.recipe);
    }
    let nameless = |number| JobAttempt { build: Build::default(), ..failed(number) };
    assert!(numbers(&[nameless(1)], &nameless(2)).is_empty(), "an unknown commit is no commit");
}

/// An attempt in a pipeline of its own.
fn elsewhere(number: i64, p95_ms: f64) -> JobAttempt {
    let mut attempt = attempt(number, vec![row("/login", p95_ms)]);
    attempt.build.pipeline = Some(format!("pipeline {number}"));
    attempt
}

#[test]
fn starting_the_pipeline_again_does_not_undo_a_failure() {
    assert_eq!(numbers(&[elsewhere(1, 600.0), elsewhere(2, 620.0)], &elsewhere(3, 470.0)), ["run 1", "run 2"]);
    // Where no pipeline is known, as outside CircleCI.
    let unknown = |number| JobAttempt { build: Build { pipeline: None, ..failed(number).build }, ..failed(number) };
    assert_eq!(numbers(&[unknown(1)], &unknown(2)), ["run 1"]);
}

#[test]
fn a_good_night_does_not_hide_that_the_next_is_slow() {
    let good = elsewhere(2, 400.0);
    assert_eq!(good.together, Outcome::Pass);
    assert!(numbers(&[elsewhere(1, 600.0), good], &elsewhere(3, 600.0)).is_empty());
}

#[test]
fn a_failure_of_another_pipeline_counts_for_half_a_day() {
    let now = elsewhere(3, 470.0);
    let before = |age: Duration| JobAttempt { at: now.at - age, ..elsewhere(1, 600.0) };
    assert_eq!(numbers(&[before(RECENT)], &now), ["run 1"]);
    assert!(numbers(&[before(RECENT + Duration::from_secs(1))], &now).is_empty());
}
