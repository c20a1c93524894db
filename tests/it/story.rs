//! The main job on its embedded default: shop, server, real Locust, gates and reports in one command.

use crate::tool::Tool;

const FILES: [&str; 9] = [
    "run.json",
    "stats.csv",
    "history.csv",
    "failures.csv",
    "results.json",
    "verdict.json",
    "summary.md",
    "report.html",
    "junit/loadforge.xml",
];

#[test]
fn the_demo_passes_and_leaves_everything_behind() {
    let tool = Tool::new();
    let ended = tool.run(&["demo"]).expect(0);
    assert!(ended.stdout.starts_with("Passed"), "{}", ended.stdout);
    for file in FILES {
        assert!(tool.path(&format!("loadforge-results/{file}")).exists(), "{file}");
    }
    let counted = tool.json("loadforge-results/results.json")["total"]["requests"].to_string();
    assert!(ended.stderr.contains(&format!("the shop counted {counted} requests")), "{}", ended.stderr);
}

#[test]
fn the_broken_demo_fails_on_login_and_says_so() {
    let tool = Tool::new();
    let ended = tool.run(&["demo", "--broken"]).expect(1);
    assert!(ended.stdout.starts_with("Failed: POST /api/v1/auth/login"), "{}", ended.stdout);
    let verdict = tool.json("loadforge-results/verdict.json");
    let failed: Vec<_> = verdict["rows"].as_array().unwrap().iter().filter(|row| row["outcome"] == "fail").collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
}

#[test]
fn a_secret_that_a_script_repeats_stays_out_of_every_report() {
    let script = "import os\n\
                  from locust import HttpUser, constant, task\n\
                  SECRET = os.environ['SHOP_PASSWORD']\n\
                  print('password is', SECRET)\n\
                  class Loud(HttpUser):\n    \
                      wait_time = constant(1)\n    \
                      @task\n    \
                      def shout(self):\n        \
                          with self.client.get('/x', name='/x', timeout=2, catch_response=True) as response:\n            \
                              response.failure('refused with ' + SECRET)\n";
    let tool = Tool::new().file("loud.py", script).env("SHOP_PASSWORD", "corr3ct-h0rse");
    let run = ["run", "--engine", "local", "--locustfile", "loud.py", "--users", "1", "--duration", "3s"];
    let more = ["--target-host", "http://127.0.0.1:9", "--env", "SHOP_PASSWORD"];
    let ended = tool.run(&[&run[..], &more[..]].concat()).expect(0);
    assert!(!ended.stderr.contains("corr3ct-h0rse"), "{}", ended.stderr);
    let gated = tool.run(&["gate", "--gate", "error_rate < 1%"]).expect(1);
    assert!(!gated.stdout.contains("corr3ct-h0rse"), "{}", gated.stdout);
    assert!(tool.read("loadforge-results/locust.log").contains("password is [hidden]"));
    for file in ["run.json", "results.json", "verdict.json", "summary.md", "report.html", "junit/loadforge.xml"] {
        assert!(!tool.read(&format!("loadforge-results/{file}")).contains("corr3ct-h0rse"), "{file}");
    }
}
