//! Which runs enter the history.

use insta::assert_snapshot;
use loadforge_ci::baseline::{AddError, AddRules, Added, RunHistory};
use loadforge_ci::error::CommandError;
use loadforge_ci::results::{Problem, ProblemKind, Results, RunRecord, RunState, StateChange};
use loadforge_ci::verdict::{Outcome, Verdict};

use super::support::{LOGIN, at, endpoint, folder, identity, record, results, verdict};

fn added(record: &RunRecord, results: &Results, verdict: Option<&Verdict>) -> Result<Added, AddError> {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("results"), record, results, verdict);
    let mut history = RunHistory::open(dir.path().join("history")).unwrap();
    let answer = history.add(&folder, &AddRules { branch: Some("main".into()) });
    let stored = RunHistory::open(dir.path().join("history")).unwrap().runs().len();
    assert_eq!(stored, usize::from(answer.is_ok()), "a refused run leaves nothing behind");
    answer
}

fn shop() -> Results {
    results(vec![endpoint(LOGIN, 1_000, 3, 412.0)])
}

fn refused(record: &RunRecord, results: &Results, verdict: Option<&Verdict>) -> String {
    let failure = CommandError::from(added(record, results, verdict).unwrap_err());
    format!("exit {}: {failure}", failure.exit.code())
}

#[test]
fn a_good_run_is_added_once() {
    let dir = tempfile::tempdir().unwrap();
    let passed = verdict(Outcome::Warn, "Passed with a warning");
    let folder = folder(&dir.path().join("results"), &record(7, 0), &shop(), Some(&passed));
    let mut history = RunHistory::open(dir.path().join("history")).unwrap();
    let rules = AddRules { branch: Some("main".into()) };
    let first = history.add(&folder, &rules).unwrap();
    assert!(first.new);
    assert_eq!((first.run.run.id, first.run.verdict, first.comparable), (7, Outcome::Warn, 1));
    assert_eq!(first.run.endpoints[0].failures, 3);
    assert!(!history.add(&folder, &rules).unwrap().new);
    assert_eq!(history.runs().len(), 1);
}

#[test]
fn every_other_run_is_refused_with_the_reason() {
    let passed = verdict(Outcome::Pass, "All 3 gates passed");
    let ended = |state| RunRecord { states: vec![StateChange { state, at: at(0) }], ..record(7, 0) };
    let doubtful = Results {
        problems: vec![Problem::new(ProblemKind::GeneratorSaturated, "the load generator was at its CPU limit")],
        ..shop()
    };
    let failed = verdict(Outcome::Fail, "p95 of POST /login is 1,070 ms and must be below 800 ms");
    let open = verdict(Outcome::Inconclusive, "Not judged: too few requests");
    let lines = [
        refused(&record(7, 0), &shop(), Some(&failed)),
        refused(&record(7, 0), &shop(), Some(&open)),
        refused(&ended(RunState::Cancelled), &shop(), Some(&passed)),
        refused(&ended(RunState::FailedToLaunch), &shop(), Some(&passed)),
        refused(&ended(RunState::Running), &shop(), Some(&passed)),
        refused(&ended(RunState::Intended), &shop(), Some(&passed)),
        refused(&RunRecord { collected: false, ..record(7, 0) }, &shop(), Some(&passed)),
        refused(&record(7, 0), &shop(), None),
        refused(&RunRecord { identity: identity(7, Some("feature/x")), ..record(7, 0) }, &shop(), Some(&passed)),
        refused(&RunRecord { identity: identity(7, None), ..record(7, 0) }, &shop(), Some(&passed)),
        refused(&RunRecord { run_id: None, ..record(7, 0) }, &shop(), Some(&passed)),
        refused(&record(7, 0), &doubtful, Some(&passed)),
        refused(&record(7, 0), &results(vec![]), Some(&passed)),
    ];
    assert_snapshot!(lines.join("\n"), @r#"
    exit 1: the run failed its gates and cannot become a baseline: p95 of POST /login is 1,070 ms and must be below 800 ms
    exit 3: the run could not be judged and cannot become a baseline: Not judged: too few requests
    exit 4: the run cannot become a baseline: its state is `cancelled`
    exit 4: the run cannot become a baseline: its state is `failed to launch`
    exit 4: the run cannot become a baseline: its state is `running`
    exit 4: the results folder holds no run that was started
    exit 2: the run's results were not collected
    hint: collect it with `loadforge-ci wait`
    exit 2: the run was not judged yet: verdict.json is missing
    hint: judge it with `loadforge-ci gate` first
    exit 2: the run is of branch `feature/x`, and the baseline is kept for branch `main`
    hint: `baseline.branch` in loadforge.yml names the branch whose runs count
    exit 2: the run is of an unknown branch, and the baseline is kept for branch `main`
    hint: outside CircleCI and git, name the branch: `baseline add --branch main`
    exit 4: the results folder holds no run that was started
    exit 3: the run cannot become a baseline: the load generator was at its CPU limit
    exit 3: the run cannot become a baseline: nothing was measured
    "#);
}

#[test]
fn a_folder_without_a_run_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let mut history = RunHistory::open(dir.path().join("history")).unwrap();
    let empty = loadforge_ci::results::ResultsFolder::new(dir.path().join("nothing"));
    let failure = CommandError::from(history.add(&empty, &AddRules { branch: None }).unwrap_err());
    assert!(failure.to_string().contains("loadforge-ci run"), "{failure}");
}
