//! The main job on its embedded default: shop, server, real Locust, gates and reports in one command.

use std::collections::BTreeMap;

use crate::open_shop::OpenShop;
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
    assert!(ended.stdout.contains("All 5 gates passed"), "{}", ended.stdout);
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
                          with self.client.get('/x', name='/x/' + SECRET, timeout=2, catch_response=True) as response:\n            \
                              response.failure('refused with ' + SECRET)\n";
    let tool = Tool::new().file("loud.py", script).env("SHOP_PASSWORD", "corr3ct-h0rse").env("SHOP_PIN", "12345");
    let run = ["run", "--engine", "local", "--locustfile", "loud.py", "--users", "1", "--duration", "3s"];
    let more = ["--target-host", "http://127.0.0.1:9", "--no-preflight", "--env", "SHOP_PASSWORD", "--env", "SHOP_PIN"];
    let ended = tool.run(&[&run[..], &more[..]].concat()).expect(0);
    assert!(!ended.stderr.contains("corr3ct-h0rse"), "{}", ended.stderr);
    assert!(ended.stderr.contains("values shorter than 6 characters are not hidden in logs and reports: SHOP_PIN"));
    let gated = tool.run(&["gate", "--gate", "error_rate < 1%", "--gate", "p95 of \"/x/*\" < 1s"]).expect(1);
    assert!(!gated.stdout.contains("corr3ct-h0rse"), "{}", gated.stdout);
    assert!(tool.read("loadforge-results/locust.log").contains("password is [hidden]"));
    assert!(tool.read("loadforge-results/stats.csv").contains("GET,/x/[hidden],"));
    let results = tool.json("loadforge-results/results.json");
    assert_eq!(results["endpoints"].as_array().unwrap().len(), 1, "the exact times belong to the hidden name too");
    for file in [
        "stats.csv",
        "history.csv",
        "failures.csv",
        "locust.log",
        "run.json",
        "results.json",
        "verdict.json",
        "summary.md",
        "report.html",
        "junit/loadforge.xml",
    ] {
        assert!(!tool.read(&format!("loadforge-results/{file}")).contains("corr3ct-h0rse"), "{file}");
    }
}

/// Runs a script against a shop of our own and compares, endpoint by endpoint, what was measured with what was served.
fn counts_agree(script: &str, processes: &str) {
    let shop = OpenShop::new();
    let (url, env) = (shop.url(), shop.env());
    let source = std::fs::read(format!("{}/examples/locust/{script}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut tool = Tool::new().file(script, source);
    let mut run = vec!["run", "--engine", "local", "--locustfile", script, "--users", "10", "--spawn-rate", "10"];
    // The look at the host before the load is a request that the shop would count.
    run.extend(["--duration", "5s", "--processes", processes, "--target-host", &url, "--no-preflight"]);
    for (name, value) in &env {
        tool = tool.env(name, value);
        run.extend(["--env", name]);
    }
    tool.run(&run).expect(0);
    let counts: BTreeMap<String, u64> =
        shop.served().into_iter().map(|row| (format!("{} {}", row.method, row.name), row.requests())).collect();
    let results = tool.json("loadforge-results/results.json");
    let measured: BTreeMap<String, u64> = results["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let label = format!("{} {}", row["method"].as_str().unwrap(), row["name"].as_str().unwrap());
            (label, row["requests"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(measured, counts);
    assert!(measured.values().sum::<u64>() > 10, "{measured:?}");
}

#[test]
fn the_ecommerce_script_counts_as_the_shop_with_one_process() {
    counts_agree("ecommerce.py", "1");
}

#[test]
fn the_authenticated_script_counts_as_the_shop_with_two_processes() {
    counts_agree("authenticated.py", "2");
}

#[test]
fn the_checkout_script_counts_as_the_shop_with_two_processes() {
    counts_agree("checkout.py", "2");
}

#[test]
fn the_reporting_script_counts_as_the_shop_with_one_process() {
    counts_agree("reporting.py", "1");
}

const LOCAL: [&str; 12] = [
    "run",
    "--engine",
    "local",
    "--locustfile",
    "shop.py",
    "--users",
    "1",
    "--duration",
    "2s",
    "--target-host",
    "http://127.0.0.1:9",
    "--no-preflight",
];

#[test]
fn a_script_with_a_syntax_error_exits_with_4_and_shows_pythons_words() {
    let tool = Tool::new().file("shop.py", "from locust import HttpUser\nclass Shop(HttpUser:\n    pass\n");
    let ended = tool.run(&LOCAL).expect(4);
    assert!(ended.stderr.contains("SyntaxError") && ended.stderr.contains("shop.py"), "{}", ended.stderr);
    let judged = tool.run(&["gate", "--gate", "p95 < 1s"]);
    assert_ne!(judged.code, 0, "{}", judged.stdout);
}

#[test]
fn without_python_it_is_said_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().display().to_string();
    let tool = Tool::new()
        .file("shop.py", "from locust import HttpUser\n")
        .env("PATH", path.clone())
        .env("LOADFORGE_CI_CACHE_DIR", format!("{path}/cache"));
    let ended = tool.run(&LOCAL).expect(4);
    assert!(ended.stderr.contains("Python"), "{}", ended.stderr);
}
