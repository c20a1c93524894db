//! What a script says of its own run beside its requests: listeners that raise, and exit codes.

use crate::background::Background;
use crate::emulator::target::Target;
use crate::tool::Tool;

/// A web server that is there for as long as the second value lives.
fn target() -> (String, Background) {
    let (serving, port) = Background::start(async |opened, stopped| {
        let target = Target::start().await;
        opened.send(target.port).unwrap();
        let _ = stopped.await;
    });
    (format!("http://127.0.0.1:{port}"), serving)
}

/// A script with a listener that raises where its event is the one that MODE names.
const SCRIPT: &str = r#"
import os
from locust import HttpUser, constant, events, task

def raising(event):
    def listener(**_):
        if os.environ["MODE"] == event:
            raise KeyError("p95 of " + event)
    return listener

for event in ("init", "test_start", "test_stop", "quitting"):
    getattr(events, event).add_listener(raising(event))

class Shopper(HttpUser):
    wait_time = constant(0.02)

    @task
    def look(self):
        self.client.get("/")
"#;

#[test]
fn a_listener_that_raised_leaves_the_verdict_open_whichever_event_it_listens_to() {
    let (host, _serving) = target();
    let tool = Tool::new().file("shop.py", SCRIPT);
    let gate = ["gate", "--gate", "requests > 5", "--gate", "error_rate == 0%"];
    for mode in ["none", "init", "test_start", "test_stop", "quitting"] {
        let (results, variable) = (format!("results-{mode}"), format!("MODE={mode}"));
        let script = ["run", "--engine", "local", "--locustfile", "shop.py", "--processes", "1", "--env", &variable];
        let load = ["--users", "2", "--duration", "2s", "--target-host", &host, "--results", &results];
        let ended = tool.run(&[&script[..], &load].concat());
        if mode == "init" {
            // Locust itself ends there.
            assert!(
                ended.stderr.contains("ended with exit code 1 after 0s of 2s: KeyError: 'p95 of init'"),
                "{}",
                ended.stderr
            );
            assert_eq!(ended.code, 4);
            tool.run(&[&gate[..], &["--results", &results]].concat()).expect(3);
            continue;
        }
        ended.expect(0);
        let gate = [&gate[..], &["--results", &results]].concat();
        if mode == "none" {
            tool.run(&gate).expect(0);
            continue;
        }
        let judged = tool.run(&gate).expect(3);
        // The event's name is the value of a variable that was handed over, and hidden.
        assert!(judged.stdout.contains("raised an exception: KeyError: 'p95 of"), "{mode}: {}", judged.stdout);
        // What the listener checks is not known, which the user may accept.
        tool.run(&[&gate[..], &["--on-inconclusive", "warn"]].concat()).expect(0);
    }
}

/// Both clients of Locust, with responses that are checked in each of the ways there are, and one that never is.
const CHECKS: &str = r#"
from locust import FastHttpUser, HttpUser, constant, task

def check_all(client, kind):
    with client.get("/", name=kind + " success", catch_response=True) as response:
        response.success()
    with client.get("/", name=kind + " nothing said", catch_response=True) as response:
        pass
    with client.get("/broken", name=kind + " failure", catch_response=True) as response:
        response.failure("not what was expected")
    client.get("/", name=kind + " unchecked", catch_response=True)

class Requests(HttpUser):
    wait_time = constant(0.05)

    @task
    def check(self):
        check_all(self.client, "requests")

class Gevent(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def check(self):
        check_all(self.client, "gevent")
"#;

#[test]
fn only_responses_that_were_never_checked_are_said_to_be_in_no_number_with_either_client() {
    let (host, _serving) = target();
    let tool = Tool::new().file("checks.py", CHECKS);
    let script = ["run", "--engine", "local", "--locustfile", "checks.py", "--processes", "1"];
    tool.run(&[&script[..], &["--users", "2", "--duration", "2s", "--target-host", &host]].concat()).expect(0);
    let results = tool.json("loadforge-results/results.json");
    let names: Vec<_> =
        results["endpoints"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    for client in ["requests", "gevent"] {
        for checked in ["success", "nothing said", "failure"] {
            assert!(names.contains(&format!("{client} {checked}").as_str()), "{names:?}");
        }
        assert!(!names.contains(&format!("{client} unchecked").as_str()), "{names:?}");
    }
    let problems = results["problems"].to_string();
    assert!(problems.contains("most often GET") && problems.contains(" unchecked."), "{problems}");
    let unchecked = &problems[..problems.find(" requests took the response").unwrap()];
    let unchecked: u64 = unchecked.rsplit('"').next().unwrap().parse().unwrap();
    let requests = results["total"]["requests"].as_u64().unwrap();
    // One of four responses is never checked; the last round of each user may have been cut off.
    assert!(unchecked * 3 <= requests + 6, "{unchecked} of {requests}: {problems}");
}
