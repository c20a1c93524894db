//! The baseline in the CircleCI cache: who restores whose, and who writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::runner::{Cache, Config, Outcome, State};
use super::support::{Release, one_job, pipeline};

/// A program whose `baseline add` adds a line with the commit, and whose `gate` shows the history it found.
const PROGRAM: &str = r#"#!/bin/sh
case $1-${2:-} in
  gate-*) cat loadforge-history/runs 2>/dev/null || echo 'no history'; [ -z "$SLOW" ] ;;
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
        self.builds += 1;
        let root = self.folder.path().join(format!("pipeline-{}", self.builds));
        let mut pipeline = pipeline(&root, Path::new("/nowhere"), branch);
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
    assert_eq!(project.cache.keys().len(), 1);
    assert!(project.cache.keys()[0].starts_with("loadforge-history-v1..default..feature.."));
    project.build("main", &[]);
    project.build("main", &[]);
    assert_eq!(project.cache.keys().iter().filter(|key| key.contains("..main..")).count(), 2);
}

#[test]
fn a_failing_gate_and_a_fork_add_nothing() {
    let mut project = Project::new("- loadforge/gate\n");
    project.build("main", &[]);
    assert_eq!(project.build("main", &[("SLOW", "1")]).state, State::Failed);
    assert_eq!(project.cache.keys().len(), 1);
    let fork = project.build("pull/7", &[("CIRCLE_PR_NUMBER", "7"), ("LOADFORGE_API_TOKEN", "passed-on")]);
    assert!(fork.log.contains("no history"), "a fork has its own cache\n{}", fork.log);
    assert!(project.build("main", &[]).log.contains("run of main"));
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
    let mut project = Project::new("- loadforge/gate:\n    baseline: false\n");
    assert_eq!(project.build("main", &[]).state, State::Success);
    assert!(project.cache.keys().is_empty());
}
