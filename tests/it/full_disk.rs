//! A full disk under stdout or under the results folder: no verdict is lost, and none is made up.

use std::fs::File;

use loadforge_ci::emulator::{InjectedFaults, ReplayPace};

use crate::support::service::Service;
use crate::tool::{Ended, Tool};

/// Runs a command whose every write to stdout fails.
fn without_stdout(tool: &Tool, arguments: &[&str]) -> Ended {
    let mut command = tool.command(arguments);
    Ended::of(command.stdout(File::create("/dev/full").unwrap()).output().unwrap())
}

const STATS: &str = "Type,Name,Request Count,Failure Count,Average Response Time,50%,95%\nGET,/a,1000,0,90,80,120\n\
                     ,Aggregated,1000,0,90,80,120\n";

#[test]
fn a_full_disk_under_stdout_never_changes_the_verdict() {
    for (gate, code) in [("p95 < 100ms", 1), ("p95 of \"/b\" < 1s", 3), ("p95 < 200ms", 0)] {
        let tool = Tool::new().file("stats.csv", STATS);
        let ended = without_stdout(&tool, &["gate", "--from", "stats.csv", "--gate", gate]).expect(code);
        assert!(ended.stderr.contains("the verdict is in loadforge-results/verdict.json"), "{}", ended.stderr);
        assert!(tool.path("loadforge-results/verdict.json").exists());
    }
}

#[test]
fn what_a_command_found_decides_its_exit_code_and_what_it_cannot_print_fails_a_pass_only() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let test = service.save("checkout");
    let secret = "from locust import HttpUser, task\nclass A(HttpUser):\n    @task\n    def a(self):\n        \
                  self.client.post('/', json={'password': 'hunter2-hunter2'})\n";
    let guard = "guard: { allowed_hosts: [\"*.example.com\"] }\n";
    let tool = service.tool().file("bad.py", secret).file("good.py", "import locust\n").file("guarded.yml", guard);
    assert_eq!(tool.run(&["lint", "bad.py"]).code, 1);
    let guarded = ["doctor", "--config", "guarded.yml", "--locustfile", "good.py", "--users", "1", "--duration", "2m"];
    let guarded = [&guarded[..], &["--target-host", "http://127.0.0.1:9"]].concat();
    // These print what they are for; nothing else holds it.
    for (arguments, code) in [
        (&["lint", "bad.py"][..], 1),
        (&["lint", "--format", "json", "bad.py"], 1),
        (&["lint", "--format", "json", "good.py"], 2),
        (&guarded, 6),
        (&["doctor", "--test-id", &test, "--duration", "2m"], 2),
        (&["baseline", "show"], 2),
        (&["baseline", "suggest"], 2),
        (&["baseline", "backtest", "--gate", "p95 <= +10% vs baseline"], 2),
        (&["schema", "config"], 2),
    ] {
        let ended = without_stdout(&tool, arguments).expect(code);
        assert!(ended.stderr.contains("failed to write to stdout"), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{arguments:?}: {}", ended.stderr);
    }
    // These print nothing there.
    let branch = ["--branch", "main", "--commit", "0123456789abcdef0123456789abcdef01234567"];
    for (arguments, code) in [
        (&["run", "--test-id", &test, "--duration", "2m"][..], 0),
        (&["gate", "--gate", "p95 < 1ms"], 1),
        (&["comment"], 0),
        (&["baseline", "add"], 1),
        (&["gate", "--gate", "p95 < 10s"], 0),
        (&["baseline", "add"], 0),
        (&["wait"], 0),
        (&["cancel"], 0),
    ] {
        let ended = without_stdout(&tool, &[arguments, &branch[..]].concat());
        assert_eq!(ended.code, code, "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_verdict_that_cannot_be_kept_is_still_a_failure_and_never_a_pass() {
    for (gate, code) in [("p95 < 100ms", 1), ("p95 < 200ms", 2)] {
        // A folder in the place of a file is what a full disk is to a write.
        let tool = Tool::new().file("stats.csv", STATS).file("loadforge-results/verdict.json/x", "");
        let ended = tool.run(&["gate", "--from", "stats.csv", "--gate", gate]).expect(code);
        assert!(ended.stderr.contains("verdict.json"), "{}", ended.stderr);
        assert!(ended.stdout.contains("p95"), "{}", ended.stdout);
    }
}
