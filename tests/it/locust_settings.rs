//! Locust's own configuration files: no run reads them, and a note says so.

use loadforge_ci::emulator::{InjectedFaults, ReplayPace};
use loadforge_ci::locust::process::cache_folder;

use crate::background::Background;
use crate::emulator::target::Target;
use crate::support::service::Service;
use crate::tool::Tool;

const SCRIPT: &str = "
from locust import HttpUser, constant, tag, task

class Shopper(HttpUser):
    wait_time = constant(0.05)

    @tag('smoke')
    @task
    def home(self):
        self.client.get('/', name='/smoke')

    @tag('slow')
    @task
    def rare(self):
        self.client.get('/rare', name='/slow')
";

/// A warning and its hint, as they are logged.
fn warning(file: &str, names: &str, hint: &str) -> String {
    format!("warning: Locust's configuration in {file} is not read; without effect: {names}\nhint: {hint}\n")
}

#[test]
fn a_local_run_names_what_locusts_files_set_and_none_of_it_has_an_effect() {
    let (_serving, port) = Background::start(async |opened, stopped| {
        let target = Target::start().await;
        opened.send(target.port).unwrap();
        let _ = stopped.await;
    });
    let host = format!("http://127.0.0.1:{port}");
    let tool = Tool::new()
        .file("perf/shop.py", SCRIPT)
        .file("perf/locust.conf", "users = 9\nspawn-rate = 1\ntags = slow\nhost = http://ann:s3cret@h.example\n")
        .file("pyproject.toml", "[project]\nname = \"x\"\n[tool.locust]\nrun-time = \"3s3cret\"\nprocesses = 2\n")
        // Locust itself would run no task because of the tags, and end with a usage error because of the other line.
        .file("home/.locust.conf", "exclude-tags = smoke slow\nshop-password: s3cret\n");
    let tool = tool.env("LOADFORGE_CI_CACHE_DIR", cache_folder().unwrap().to_str().unwrap());
    let home = tool.path("home").to_str().unwrap().to_owned();
    let tool = tool.env("HOME", home).env("LOCUST_TAGS", "smoke");
    let script = ["run", "--engine", "local", "--locustfile", "perf/shop.py", "--target-host", &host];
    let ended = tool.run(&[&script[..], &["--users", "2", "--duration", "2s"]].concat()).expect(0);
    for expected in [
        warning("perf/locust.conf", "spawn-rate", "for spawn-rate use --spawn-rate or test.spawn_rate"),
        warning("pyproject.toml", "processes", "for processes use --processes"),
        warning(
            "~/.locust.conf",
            "exclude-tags, shop-password",
            "for exclude-tags use the variable LOCUST_EXCLUDE_TAGS",
        ),
    ] {
        assert!(ended.stderr.contains(&expected), "{expected}\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    let results = tool.json("loadforge-results/results.json");
    let names: Vec<_> = results["endpoints"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["/smoke"], "the variable chooses, as the warning says");
}

#[test]
fn a_run_on_loadforge_names_them_before_it_is_started_or_refused() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let tool = service
        .tool()
        .file("shop.py", SCRIPT)
        .file("locust.conf", "tags = smoke\nusers = 10\nhost = http://127.0.0.1:9\n");
    let refused = tool.run(&["run", "--locustfile", "shop.py", "--duration", "2m"]).expect(2);
    let hint = "for users use --users or test.users, for host use --target-host or test.target_host";
    let expected = warning("locust.conf", "tags, users, host", hint);
    assert!(refused.stderr.contains(&expected), "{}", refused.stderr);
    assert_eq!(service.runs(), 0);
    // A saved test has a script of its own.
    let test = service.save("checkout");
    let saved = tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert!(!saved.stderr.contains("locust.conf"), "{}", saved.stderr);
}
