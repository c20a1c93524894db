//! Locust's own configuration files: those of the project are honored, those of the machine are not, and both is said.

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
    format!("warning: without effect in Locust's configuration in {file}: {names}\nhint: {hint}\n")
}

#[test]
fn a_local_run_honors_the_projects_files_and_names_what_a_machines_set() {
    let (_serving, port) = Background::start(async |opened, stopped| {
        let target = Target::start().await;
        opened.send(target.port).unwrap();
        let _ = stopped.await;
    });
    let tool = Tool::new()
        .file("perf/shop.py", SCRIPT)
        .file("perf/locust.conf", format!("users = 2\ntags = smoke\nhost = http://127.0.0.1:{port}\ncsv = spoiled\n"))
        .file("pyproject.toml", "[project]\nname = \"x\"\n[tool.locust]\nrun-time = \"2s\"\nusers = 9\n")
        // Locust itself would run no task because of the tags, and end with a usage error because of the other line.
        .file("home/.locust.conf", "exclude-tags = smoke slow\nshop-password: s3cret\n");
    let tool = tool.env("LOADFORGE_CI_CACHE_DIR", cache_folder().unwrap().to_str().unwrap());
    let home = tool.path("home").to_str().unwrap().to_owned();
    let tool = tool.env("HOME", home);
    let ended = tool.run(&["run", "--engine", "local", "--locustfile", "perf/shop.py"]).expect(0);
    let of_machine = warning(
        "~/.locust.conf",
        "exclude-tags, shop-password",
        "for exclude-tags use --exclude-tag or test.exclude_tags",
    );
    for expected in [
        "from Locust's configuration in perf/locust.conf: users, tags, host\n",
        "from Locust's configuration in pyproject.toml: run-time, users\n",
        "without effect in Locust's configuration in perf/locust.conf: csv\n",
        &of_machine,
    ] {
        assert!(ended.stderr.contains(expected), "{expected}\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    let results = tool.json("loadforge-results/results.json");
    let names: Vec<_> = results["endpoints"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["/smoke"]);
    let recorded = tool.json("loadforge-results/run.json");
    let shape = (&recorded["fingerprint"]["users"], &recorded["fingerprint"]["duration_s"]);
    assert_eq!(shape, (&2.into(), &2.into()), "the file beside the script wins");
}

#[test]
fn a_run_on_loadforge_takes_its_shape_from_them_and_names_the_rest() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let tool = service
        .tool()
        .file("shop.py", SCRIPT)
        .file("locust.conf", "tags = smoke\nusers = 10\nhost = http://127.0.0.1:9\n");
    let run = tool.run(&["run", "--locustfile", "shop.py", "--duration", "2m", "--no-preflight"]).expect(0);
    assert!(run.stderr.contains("from Locust's configuration in locust.conf: users, host\n"), "{}", run.stderr);
    assert!(run.stderr.contains("without effect in Locust's configuration in locust.conf: tags\n"), "{}", run.stderr);
    assert_eq!(service.runs(), 1);
    // A saved test has a script of its own.
    let test = service.save("checkout");
    let saved = tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert!(!saved.stderr.contains("locust.conf"), "{}", saved.stderr);
}

#[test]
fn doctor_names_them_as_a_run_does() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let tool =
        service.tool().file("shop.py", SCRIPT).file("pyproject.toml", "[tool.locust]\nusers = 10\ntags = \"smoke\"\n");
    let doctor = ["doctor", "--locustfile", "shop.py", "--duration", "2m", "--target-host", "http://127.0.0.1:9"];
    let ended = tool.run(&doctor);
    for expected in [
        "from Locust's configuration in pyproject.toml: users\n",
        "without effect in Locust's configuration in pyproject.toml: tags\n",
    ] {
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
}
