//! The command line as a user meets it.

use crate::tool::Tool;

#[test]
fn help_and_version_are_answers() {
    let tool = Tool::new();
    assert!(tool.run(&["--help"]).expect(0).stdout.contains("Exit codes:"));
    assert_eq!(tool.run(&["--version"]).expect(0).stdout, format!("loadforge-ci {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn usage_errors_exit_with_2_and_suggest() {
    let tool = Tool::new();
    assert!(tool.run(&["gaet"]).expect(2).stderr.contains("gate"));
    assert!(tool.run(&["run", "--userz", "5"]).expect(2).stderr.contains("--users"));
    assert!(tool.run(&["run", "--duration", "5"]).expect(2).stderr.contains("90s, 5m or 1h30m"));
}

#[test]
fn a_flag_can_come_from_the_environment_and_an_empty_variable_is_unset() {
    let stderr =
        |value: &str| Tool::new().env("LOADFORGE_CI_USERS", value).run(&["run", "--test-id", "x"]).expect(2).stderr;
    // With a bad --test-id either way; a bad number of users would be named first or beside it.
    assert!(!stderr("").contains("--users"));
    let fault = Tool::new().env("LOADFORGE_CI_USERS", "many").run(&["run", "--test-id", "1"]).expect(2);
    assert!(fault.stderr.contains("--users"), "{}", fault.stderr);
}

#[test]
fn schemas_are_json() {
    for of in ["config", "results", "verdict", "answer"] {
        let schema: serde_json::Value =
            serde_json::from_str(&Tool::new().run(&["schema", of]).expect(0).stdout).unwrap();
        assert!(schema["$schema"].is_string(), "{of}");
    }
}

#[test]
fn completions_and_manual_are_printed() {
    assert!(Tool::new().run(&["completions", "bash"]).expect(0).stdout.contains("loadforge-ci"));
    assert!(Tool::new().run(&["man"]).expect(0).stdout.contains(".TH loadforge-ci"));
}
