//! `--stop` through the binary, with real Locust.

use crate::background::Background;
use crate::emulator::target::Target;
use crate::tool::Tool;

const SCRIPT: &str = r#"
from locust import HttpUser, constant, task

class Shopper(HttpUser):
    wait_time = constant(0.05)

    @task
    def look(self):
        self.client.get("/good")
        self.client.get("/broken")
"#;

#[test]
fn a_rule_that_is_hit_fails_the_run_saves_its_time_and_makes_no_baseline() {
    let (_serving, port) = Background::start(async |opened, stopped| {
        let target = Target::start().await;
        opened.send(target.port).unwrap();
        let _ = stopped.await;
    });
    let host = format!("http://127.0.0.1:{port}");
    let tool = Tool::new().file("perf.py", SCRIPT).file(
        "loadforge.yml",
        "test: { locustfile: perf.py, users: 4, spawn_rate: 4 }\ngates: [ p95 < 5s, error_rate < 99% ]\n\
         stop: errors(5xx) of \"GET /broken\" > 50% for 5s\n",
    );
    let ran = tool.run(&["run", "--engine", "local", "--duration", "10m", "--target-host", &host]).expect(0);
    assert!(
        ran.stderr.contains("because its stop rule was hit: errors(5xx) of \"GET /broken\" > 50% for 5s"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("this saves 9m"), "{}", ran.stderr);
    let gated = tool.run(&["gate"]).expect(1);
    assert!(gated.stdout.contains("The run was stopped after"), "{}", gated.stdout);
    let verdict = tool.json("loadforge-results/verdict.json");
    let rows = verdict["rows"].as_array().unwrap();
    assert_eq!((rows[0]["stopped_run"].clone(), rows[0]["origin"]["file"]["line"].clone()), (true.into(), 3.into()));
    assert!(rows[1..].iter().all(|row| row["outcome"] == "inconclusive" || row["gate_index"].is_null()), "{rows:?}");
    let added = tool.run(&["baseline", "add", "--branch", "main"]);
    assert_ne!(added.code, 0, "{}", added.stderr);
}
