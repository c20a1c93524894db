//! How parameters reach the program: as flags, only when set, and never through the shell.

use std::fs;

use super::runner::{Cache, Config, Outcome, Shell, State};
use super::support::{Release, one_job, pipeline};

struct Trial {
    outcome: Outcome,
    #[expect(dead_code, reason = "keeps the folders until the test has read them")]
    folder: tempfile::TempDir,
}

impl Trial {
    fn of(steps: &str, shell: Shell, variables: &[(&str, &str)]) -> Self {
        let release = Release::of_recorder();
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("repository");
        fs::create_dir_all(&project).unwrap();
        let mut pipeline = pipeline(folder.path(), &project, "main");
        pipeline.shell = shell;
        pipeline.environment.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let config = Config::new(one_job(steps), release.orb()).unwrap();
        let mut cache = Cache::new(folder.path().join("cache"));
        let report = pipeline.run(&config, &mut cache).unwrap();
        Self { outcome: report.job("job").clone(), folder }
    }

    /// What the program was called with for one of its commands.
    fn called(&self, command: &str) -> String {
        let path = self.outcome.folder.join(format!("called-{command}"));
        fs::read_to_string(path).unwrap_or_else(|_| panic!("{command} was not called\n{}", self.outcome.log))
    }
}

#[test]
fn parameters_become_flags_and_unset_ones_nothing() {
    let steps = r#"
- loadforge/run-test:
    test_id: "4217"
    users: <nil>
    duration: 5m
    target_host: https://${STAGE}.example.com/a b?c=$(id)
    regions: |
      nyc3=1

      lon1=2
    env: |
      USER_EMAIL
      GREETING=hello 'world' "${STAGE}" $HOME
    wait: false
"#;
    for shell in [Shell::Bash, Shell::Busybox, Shell::Dash] {
        let trial = Trial::of(steps, shell, &[("STAGE", "blue")]);
        assert_eq!(trial.outcome.state, State::Success, "{}", trial.outcome.log);
        insta::allow_duplicates! {
            insta::assert_snapshot!(trial.called("run"), @r#"
            run
            --duration=5m
            --results=loadforge-results
            --target-host=https://blue.example.com/a b?c=$(id)
            --test-id=4217
            --env=USER_EMAIL
            --env=GREETING=hello 'world' "blue" $HOME
            --region=nyc3=1
            --region=lon1=2
            --detach
            token is set
            "#);
        }
    }
}

#[test]
fn gates_reach_the_program_one_by_one_and_a_file_by_its_name() {
    let steps = r#"
- loadforge/gate:
    config: perf/gates.yml
    gates: |
      p95 < 500ms
      p95 of "POST /api/**" <= +10% vs baseline
      errors(4xx) == 0
    comment: true
    comment_mode: hide-and-new
    on_inconclusive: warn
    github_token: BOT_TOKEN
"#;
    let trial = Trial::of(steps, Shell::Bash, &[]);
    assert_eq!(trial.outcome.state, State::Success, "{}", trial.outcome.log);
    insta::assert_snapshot!(trial.called("gate"), @r#"
    gate
    --baseline-branch=main
    --comment-mode=hide-and-new
    --config=perf/gates.yml
    --github-token-env=BOT_TOKEN
    --history=loadforge-history
    --on-inconclusive=warn
    --results=loadforge-results
    --gate=p95 < 500ms
    --gate=p95 of "POST /api/**" <= +10% vs baseline
    --gate=errors(4xx) == 0
    --comment
    token is set
    "#);
}

#[test]
fn the_configuration_that_init_writes_runs_and_judges() {
    let document = include_str!("../../../src/command/init/config.yml");
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("repository");
    fs::create_dir_all(&project).unwrap();
    let config = Config::new(super::runner::yaml(document), Release::of_recorder().orb()).unwrap();
    let mut cache = Cache::new(folder.path().join("cache"));
    let report = pipeline(&folder.path().join("1"), &project, "main").run(&config, &mut cache).unwrap();
    let job = report.job(&report.order[0]);
    assert_eq!(job.state, State::Success, "{}", job.log);
    for command in ["run", "gate", "baseline"] {
        assert!(job.folder.join(format!("called-{command}")).exists(), "{command} was not called\n{}", job.log);
    }
}

#[test]
fn a_token_goes_by_the_name_that_the_parameter_says() {
    let steps = "- loadforge/run-test:\n    api_token: STAGING_LOADFORGE_TOKEN\n";
    let trial = Trial::of(steps, Shell::Bash, &[("STAGING_LOADFORGE_TOKEN", "other-secret")]);
    assert!(trial.called("run").ends_with("token is set\n"));

    let without = Trial::of(steps, Shell::Bash, &[]);
    assert_eq!(without.outcome.state, State::Failed);
    assert!(without.outcome.log.contains("the variable STAGING_LOADFORGE_TOKEN is empty"), "{}", without.outcome.log);
}

#[test]
fn a_variable_that_is_not_set_is_an_error_and_not_an_empty_value() {
    let trial = Trial::of("- loadforge/run-test:\n    target_host: https://${STAGE}/\n", Shell::Busybox, &[]);
    assert_eq!(trial.outcome.state, State::Failed);
    assert!(trial.outcome.log.contains("the variable STAGE is not set"), "{}", trial.outcome.log);
}

#[test]
fn a_results_folder_outside_the_working_directory_is_refused() {
    for results in ["/tmp/results", "~/results", "a/../../b", ".."] {
        let trial = Trial::of(&format!("- loadforge/run-test:\n    results: {results}\n"), Shell::Dash, &[]);
        assert_eq!(trial.outcome.state, State::Failed);
        assert!(trial.outcome.log.contains("below the working directory"), "{}", trial.outcome.log);
    }
}

#[test]
fn a_wrong_type_and_an_unknown_parameter_do_not_compile() {
    for (steps, message) in [
        ("- loadforge/run-test:\n    test_id: 4217\n", "type error for argument test_id"),
        ("- loadforge/run-test:\n    engine: cloud\n", "type error for argument engine"),
        ("- loadforge/run-test:\n    wait: \"false\"\n", "type error for argument wait"),
        ("- loadforge/run-test:\n    api_token: my token\n", "type error for argument api_token"),
        ("- loadforge/run-test:\n    test-id: \"1\"\n", "unexpected argument test-id"),
        ("- loadforge/run_test\n", "cannot find a definition for command loadforge/run_test"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(one_job(steps), Release::of_recorder().orb()).unwrap();
        let error = pipeline(folder.path(), folder.path(), "main")
            .run(&config, &mut Cache::new(folder.path().join("cache")))
            .unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_branch_name_in_the_comment_key_is_never_expanded() {
    let steps = "- loadforge/comment:\n    comment_key: feature/${AWS_KEY} of ${STAGE}\n";
    for shell in [Shell::Bash, Shell::Busybox, Shell::Dash] {
        let variables = [("CIRCLE_BRANCH", "feature/${AWS_KEY}"), ("AWS_KEY", "aws-secret-1"), ("STAGE", "blue")];
        let trial = Trial::of(steps, shell, &variables);
        let called = trial.called("comment");
        assert!(called.contains("--comment-key=feature/${AWS_KEY} of blue\n"), "{called}");
    }
}

#[test]
fn a_token_is_never_put_into_a_parameter() {
    let trial = Trial::of(
        "- loadforge/comment:\n    comment_key: ${GITHUB_TOKEN}\n",
        Shell::Dash,
        &[("GITHUB_TOKEN", "gh-secret-1")],
    );
    assert_eq!(trial.outcome.state, State::Failed);
    assert!(trial.outcome.log.contains("${GITHUB_TOKEN} is used in a parameter of this step, but it is a secret"));
    assert!(!trial.outcome.log.contains("gh-secret-1"));
}

#[test]
fn a_list_may_have_comments() {
    let steps = "- loadforge/gate:\n    gates: |\n      # how fast\n      p95 < 500ms\n\n      # how often it fails\n      error_rate < 1%\n";
    for shell in [Shell::Bash, Shell::Busybox, Shell::Dash] {
        let called = Trial::of(steps, shell, &[]).called("gate");
        let gates: Vec<&str> = called.lines().filter(|line| line.starts_with("--gate=")).collect();
        assert_eq!(gates, ["--gate=p95 < 500ms", "--gate=error_rate < 1%"]);
    }
}

#[test]
fn a_relative_install_folder_is_the_same_in_every_step() {
    let steps = "- loadforge/run-test:\n    install_dir: .tools\n    working_directory: perf\n- loadforge/gate:\n    install_dir: .tools\n    working_directory: perf\n";
    for shell in [Shell::Bash, Shell::Busybox, Shell::Dash] {
        let trial = Trial::of(steps, shell, &[]);
        assert_eq!(trial.outcome.state, State::Success, "{}", trial.outcome.log);
        for called in ["perf/called-run", "perf/called-gate", "perf/.tools/loadforge-ci"] {
            assert!(trial.outcome.folder.join(called).exists(), "{called}\n{}", trial.outcome.log);
        }
    }
}

#[test]
fn a_variable_in_what_circleci_itself_uses_is_refused_before_anything_is_run() {
    for (parameter, shell) in [
        ("results", Shell::Bash),
        ("history", Shell::Busybox),
        ("baseline_key", Shell::Dash),
        ("baseline_branch", Shell::Bash),
        ("working_directory", Shell::Dash),
    ] {
        let job = format!(
            "      - loadforge/load-test:\n          context: loadforge\n          checkout: false\n          {parameter}: ${{SERVICE}}\n"
        );
        let config = format!(
            "version: 2.1\norbs:\n  loadforge: loadforge-ci/loadforge@1\nworkflows:\n  main:\n    jobs:\n{job}"
        );
        let folder = tempfile::tempdir().unwrap();
        let mut pipeline = pipeline(folder.path(), folder.path(), "main");
        pipeline.shell = shell;
        pipeline.environment.insert("SERVICE".to_owned(), "checkout".to_owned());
        let config = Config::new(super::runner::yaml(&config), Release::of_recorder().orb()).unwrap();
        let report = pipeline.run(&config, &mut Cache::new(folder.path().join("cache"))).unwrap();
        let outcome = report.job("loadforge/load-test");
        assert_eq!(outcome.state, State::Failed);
        let message = format!("the parameter {parameter} is '${{SERVICE}}', but CircleCI itself uses it");
        assert!(outcome.log.contains(&message), "{}", outcome.log);
        assert!(!outcome.log.contains("installed in"), "{}", outcome.log);
    }
}

#[test]
fn a_fork_that_is_rebuilt_is_skipped_and_a_pull_request_variable_on_the_baseline_branch_is_none() {
    for (branch, number, state) in
        [("pull/31", None, State::Success), ("pull/31/head", None, State::Success), ("main", Some("31"), State::Failed)]
    {
        let mut variables = vec![("CIRCLE_BRANCH", branch), ("STAGING_LOADFORGE_TOKEN", "")];
        variables.extend(number.map(|number| ("CIRCLE_PR_NUMBER", number)));
        let steps = "- loadforge/run-test:\n    api_token: STAGING_LOADFORGE_TOKEN\n";
        for shell in [Shell::Bash, Shell::Busybox, Shell::Dash] {
            let trial = Trial::of(steps, shell, &variables);
            assert_eq!(trial.outcome.state, state, "{branch}\n{}", trial.outcome.log);
            assert_eq!(
                trial.outcome.log.contains("skipped: this is a pull request from a fork"),
                state == State::Success
            );
        }
    }
}
