//! The baseline in the CircleCI cache: who restores whose, and who writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::runner::{Cache, Config, Outcome, Shell, State, yaml};
use super::support::{Release, one_job, pipeline};

/// A program whose `baseline add` adds a line with the commit, and whose `gate` shows the history, the failed builds and
/// the attempts it found, adds its own attempt and keeps a build that fails.
const PROGRAM: &str = r#"#!/bin/sh
attempts=loadforge-history/attempts.jsonl
case $1-${2:-} in
  gate-*)
    cat loadforge-history/runs 2>/dev/null || echo 'no history'
    cat loadforge-history/failed.jsonl 2>/dev/null || :
    mkdir -p loadforge-history
    [ ! -e $attempts ] || sed 's/^/earlier: /' $attempts
    echo "$CIRCLE_JOB $CIRCLE_BRANCH $CIRCLE_SHA1 $CIRCLE_WORKFLOW_JOB_ID" >>$attempts
    if [ -n "$SLOW" ]; then
      echo "failed $CIRCLE_BRANCH $CIRCLE_SHA1" >>loadforge-history/failed.jsonl
      exit 1
    fi ;;
  baseline-add) echo "run of $CIRCLE_BRANCH $CIRCLE_SHA1" >>loadforge-history/runs ;;
esac
"#;

struct Project {
    folder: tempfile::TempDir,
    cache: Cache,
    config: Config,
    builds: usize,
}

impl Project {
    fn new(gate: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let cache = Cache::new(folder.path().join("cache"));
        let config = Config::new(one_job(gate), Release::of(&program).orb()).unwrap();
        Self { folder, cache, config, builds: 0 }
    }

    fn build(&mut self, branch: &str, variables: &[(&str, &str)]) -> Outcome {
        self.build_in(Shell::Bash, branch, variables)
    }

    fn build_in(&mut self, shell: Shell, branch: &str, variables: &[(&str, &str)]) -> Outcome {
        self.builds += 1;
        let root = self.folder.path().join(format!("pipeline-{}", self.builds));
        let mut pipeline = pipeline(&root, Path::new("/nowhere"), branch);
        pipeline.shell = shell;
        pipeline.environment.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        pipeline.run(&self.config, &mut self.cache).unwrap().job("job").clone()
    }
}

#[test]
fn only_the_baseline_branch_writes_the_history_and_every_branch_reads_it() {
    let mut project = Project::new("- loadforge/gate\n");
    assert!(project.build("main", &[]).log.contains("no history"));
    assert!(project.build("main", &[("CIRCLE_SHA1", "b2")]).log.contains("run of main"));
    // Names that start with the baseline branch's name, or look like its key, are other branches.
    for branch in ["main-2", "main.", "main.x", "mai", "main/..x", "feature", "main-..y"] {
        let outcome = project.build(branch, &[]);
        assert!(outcome.log.contains("run of main b2"), "{}", outcome.log);
        assert!(outcome.log.contains("is not added"), "{}", outcome.log);
    }
    let last = project.build("main", &[]);
    assert!(!last.log.contains("run of main-2") && !last.log.contains("run of feature"), "{}", last.log);
    assert_eq!(last.log.matches("run of main ").count(), 2, "{}", last.log);
}

#[test]
fn a_branch_saves_once_under_its_own_name_and_not_again_while_nothing_changes() {
    let mut project = Project::new("- loadforge/gate\n");
    for _ in 0..3 {
        project.build("feature", &[]);
    }
    assert_eq!(project.cache.histories().len(), 1);
    assert!(project.cache.histories()[0].starts_with("loadforge-history-v1..default..feature..job...."));
    project.build("main", &[]);
    project.build("main", &[]);
    assert_eq!(project.cache.histories().iter().filter(|key| key.contains("..main..")).count(), 2);
}

#[test]
fn a_failing_gate_and_a_fork_add_nothing() {
    let mut project = Project::new("- loadforge/gate\n");
    project.build("main", &[]);
    assert_eq!(project.build("main", &[("SLOW", "1")]).state, State::Failed);
    assert_eq!(project.cache.histories().len(), 1);
    let fork = project.build("pull/7", &[("CIRCLE_PR_NUMBER", "7"), ("LOADFORGE_API_TOKEN", "passed-on")]);
    assert!(fork.log.contains("no history"), "a fork has its own cache\n{}", fork.log);
    assert!(project.build("main", &[]).log.contains("run of main"));
}

#[test]
fn builds_of_the_baseline_branch_that_failed_are_remembered_apart_from_the_history() {
    let mut project = Project::new("- loadforge/gate\n");
    project.build("main", &[("CIRCLE_SHA1", "a1")]);
    for commit in ["b2", "c3"] {
        assert_eq!(project.build("main", &[("SLOW", "1"), ("CIRCLE_SHA1", commit)]).state, State::Failed);
    }
    project.build("feature", &[("SLOW", "1"), ("CIRCLE_SHA1", "f0")]);
    let next = project.build("main", &[("CIRCLE_SHA1", "d4")]);
    assert!(next.log.contains("run of main a1\nfailed main b2\nfailed main c3\n"), "{}", next.log);
    assert!(!next.log.contains("failed feature"), "{}", next.log);
}

#[test]
fn a_job_that_fails_before_the_history_was_restored_saves_nothing_over_it() {
    let mut project = Project::new("- run: '[ -z \"$BROKEN\" ]'\n- loadforge/gate\n");
    project.build("main", &[("CIRCLE_SHA1", "a1")]);
    project.build("main", &[("SLOW", "1"), ("CIRCLE_SHA1", "b2")]);
    assert_eq!(project.build("main", &[("BROKEN", "1")]).state, State::Failed);
    let next = project.build("main", &[]);
    assert!(next.log.contains("run of main a1\nfailed main b2\n"), "{}", next.log);
}

#[test]
fn two_histories_of_one_project_stay_apart() {
    let mut project = Project::new("- loadforge/gate:\n    baseline_key: checkout\n");
    project.build("main", &[]);
    project.config = Config::new(
        one_job("- loadforge/gate:\n    baseline_key: check\n"),
        Release::of(&project.folder.path().join("program")).orb(),
    )
    .unwrap();
    assert!(project.build("main", &[]).log.contains("no history"));
}

#[test]
fn a_key_that_could_be_taken_for_a_branch_is_refused() {
    let mut project = Project::new("- loadforge/gate:\n    baseline_key: a..main\n");
    let outcome = project.build("main", &[]);
    assert_eq!(outcome.state, State::Failed);
    assert!(outcome.log.contains("only letters, digits"), "{}", outcome.log);
    assert!(project.cache.keys().is_empty());
}

#[test]
fn without_a_baseline_there_is_no_cache_at_all() {
    let mut project = Project::new("- loadforge/gate:\n    baseline: false\n    attempts: last\n");
    assert_eq!(project.build("main", &[]).state, State::Success);
    assert!(project.cache.keys().is_empty());
}

#[test]
fn a_failed_attempt_is_there_when_the_job_runs_again_in_a_new_container() {
    for shell in [Shell::Bash, Shell::Busybox, Shell::Dash] {
        let mut project = Project::new("- loadforge/gate\n");
        let first = project.build_in(shell, "main", &[("SLOW", "1")]);
        assert_eq!(first.state, State::Failed, "{}", first.log);
        assert!(!first.log.contains("earlier:"), "{}", first.log);
        let second = project.build_in(shell, "main", &[("SLOW", "1")]);
        assert_eq!(second.log.matches("earlier: job main 0123456").count(), 1, "{}", second.log);
        let third = project.build_in(shell, "main", &[]);
        assert_eq!(third.log.matches("earlier: job main 0123456").count(), 2, "{}", third.log);
        // Another commit and another branch have attempts of their own.
        for (branch, commit) in [("main", "b2"), ("feature", "0123456789abcdef0123456789abcdef01234567")] {
            let other = project.build_in(shell, branch, &[("CIRCLE_SHA1", commit)]);
            let known = format!("earlier: job {branch} {commit}");
            assert!(!other.log.contains(&known), "{}", other.log);
        }
    }
}

#[test]
fn two_legs_of_a_matrix_keep_their_attempts_and_histories_apart() {
    let legs = "version: 2.1
orbs:
  loadforge: loadforge-ci/loadforge@1
workflows:
  main:
    jobs:
      - loadforge/gate:
          name: judge-<< matrix.profile >>
          context: loadforge
          checkout: false
          attach_workspace: false
          matrix:
            parameters:
              profile: [quick, stress]
";
    let mut project = Project::new("- loadforge/gate\n");
    project.config = Config::new(yaml(legs), Release::of(&project.folder.path().join("program")).orb()).unwrap();
    let report = |project: &mut Project, slow: &str| {
        project.builds += 1;
        let root = project.folder.path().join(format!("pipeline-{}", project.builds));
        let mut pipeline = pipeline(&root, Path::new("/nowhere"), "main");
        pipeline.environment.insert("SLOW".into(), slow.into());
        pipeline.run(&project.config, &mut project.cache).unwrap()
    };
    report(&mut project, "1");
    let again = report(&mut project, "");
    for leg in ["judge-quick", "judge-stress"] {
        let log = &again.job(leg).log;
        assert_eq!(log.matches("earlier: ").count(), 1, "{log}");
        assert!(log.contains(&format!("earlier: {leg} main")), "{log}");
    }
    // Each finds what its own leg added, though the other one saved later.
    let third = report(&mut project, "");
    for (leg, profile) in [("judge-quick", "quick"), ("judge-stress", "stress")] {
        let found = format!("Found a cache from loadforge-history-v1..default..main..{leg}..{profile}..");
        assert!(third.job(leg).log.contains(&found), "{}", third.job(leg).log);
    }
}

#[test]
fn a_job_of_another_name_finds_the_history_of_the_baseline_branch() {
    let mut project = Project::new("- loadforge/gate\n");
    project.build("main", &[]);
    let program = project.folder.path().join("program");
    let renamed = serde_json::to_string(&one_job("- loadforge/gate\n")).unwrap();
    let renamed = renamed.replace("\"job\":{", "\"check\":{");
    project.config = Config::new(serde_json::from_str(&renamed).unwrap(), Release::of(&program).orb()).unwrap();
    project.builds += 1;
    let root = project.folder.path().join("pull-request");
    let report = pipeline(&root, Path::new("/nowhere"), "feature").run(&project.config, &mut project.cache).unwrap();
    assert!(report.job("check").log.contains("run of main"), "{}", report.job("check").log);
}
