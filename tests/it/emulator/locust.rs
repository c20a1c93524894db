//! Real Locust behind the server. The first test that needs it installs it into the machine's cache, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use loadforge_ci::emulator::{EngineChoice, RunningServer, ServerConfig};
use loadforge_ci::locust::{HistoryReader, read_failures, read_stats};
use loadforge_ci::results::{Extension, FailureKind, ProblemKind};
use serde_json::{Value, json};

use super::target::Target;
use super::{Api, on_one_thread, serve};

/// Real Locust whose runs work in a folder of their own. A minute takes a second.
fn config(processes: u32, folder: &Path) -> ServerConfig {
    ServerConfig {
        engine: EngineChoice::Locust { processes: Some(processes), cache_dir: None },
        provisioning: Duration::ZERO,
        seconds_per_minute: 1.0,
        stop_timeout: Duration::from_secs(5),
        work_dir: Some(folder.into()),
        ..ServerConfig::default()
    }
}

pub(super) async fn real(processes: u32, folder: &Path) -> RunningServer {
    serve(config(processes, folder)).await
}

/// Saves a host and a script, starts a run of so many seconds, and gives its id.
pub(super) async fn start(api: &Api, target: &Target, script: &str, seconds: u32) -> u64 {
    let host = json!({ "url": "127.0.0.1", "port": target.port, "protocol": "http" });
    let (_, body) = api.post("/hosts", host).await;
    let test = api.save(json!({ "host_id": body["host_id"], "locustfile": script })).await;
    api.start(test, json!(seconds)).await
}

pub(super) fn extension(result: &Value) -> Extension {
    serde_json::from_value(result["x_loadforge_ci"].clone()).unwrap()
}

pub(super) fn kinds(result: &Value) -> Vec<ProblemKind> {
    extension(result).problems.iter().map(|problem| problem.kind).collect()
}

/// The living processes that work in this folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let words = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        // A zombie has no words left.
        if words.contains(&*folder) && words.contains("launcher") {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

async fn wait_until_no_process_is_in(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !processes_in(folder).is_empty() {
        assert!(Instant::now() < deadline, "left over: {:?}", processes_in(folder));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const SHOP: &str = r#"
import os
from locust import HttpUser, constant, task

with open("files/users.csv") as users:
    USER = users.read().strip()

class Shopper(HttpUser):
    host = "http://not.used.invalid"
    wait_time = constant(0.05)

    @task(3)
    def look(self):
        self.client.get("/products/" + USER)

    @task
    def pay(self):
        self.client.post("/pay/broken")

    @task
    def env(self):
        self.client.get("/env/" + os.environ.get("WHO", "nobody"))
"#;

/// Runs the shop script and compares what Locust says with what the target served.
async fn counts_equal(processes: u32) {
    let dir = tempfile::tempdir().unwrap();
    let target = Target::start().await;
    let server = real(processes, dir.path()).await;
    let api = Api::of(&server);
    let (_, body) = api.post("/files", json!({ "name": "users.csv", "content": "YW5uYWJlbGxl" })).await;
    assert!(body["file_id"].is_u64(), "{body}");
    let host = json!({ "url": "127.0.0.1", "port": target.port, "protocol": "http" });
    let (_, body) = api.post("/hosts", host).await;
    let test = api.save(json!({ "host_id": body["host_id"], "locustfile": SHOP, "p95_target": 5000 })).await;
    let v1 = server.api_url().replace("/api/v2", &format!("/api/v1/tests/{test}/start"));
    let request = api.client.post(v1).header("Authorization", "Token any");
    let answer = request.json(&json!({ "duration": 4, "env": { "WHO": "annabelle" } })).send().await.unwrap();
    let run = answer.json::<Value>().await.unwrap()["run_id"].as_u64().unwrap();
    let live = api.wait(run, |result| result["run_status"] == 2 && result["requests"] != "0").await;
    assert!(live["response_median"].is_string() && live.get("results_csv_stats").is_none(), "{live}");
    let end = api.finish(run).await;
    let extension = extension(&end);
    assert_eq!((&end["run_status"], &extension.problems), (&json!(3), &vec![]), "{:?}", extension.log);
    assert_eq!(end["run_passed"], true);

    let stats = read_stats("stats.csv", end["results_csv_stats"].as_str().unwrap().as_bytes()).unwrap();
    let counted = stats.endpoints.iter().map(|row| (row.label(), row.requests)).collect();
    assert_eq!(target.served(), counted);
    assert_eq!(end["requests"], stats.total.requests.to_string());
    let names: Vec<_> = counted.keys().map(String::as_str).collect();
    assert_eq!(names, ["GET /env/annabelle", "GET /products/annabelle", "POST /pay/broken"]);

    let failures = read_failures("failures.csv", end["results_csv_failures"].as_str().unwrap().as_bytes()).unwrap();
    let broken = stats.endpoints.iter().find(|row| row.name == "/pay/broken").unwrap();
    assert_eq!((broken.failures, failures[0].occurrences), (broken.requests, broken.requests));
    assert_eq!(failures[0].kind(), FailureKind::Http(503));
    for exact in &extension.endpoints {
        let row = stats.endpoints.iter().find(|row| row.name == exact.name).unwrap();
        assert_eq!(exact.passed.count() + exact.failed.count(), row.requests, "{}", row.name);
        assert_eq!(exact.failed.count(), row.failures, "{}", row.name);
    }
    let steady = extension.after_ramp_up.unwrap();
    let after: u64 = steady.endpoints.iter().map(|exact| exact.passed.count() + exact.failed.count()).sum();
    assert!(after > 0 && after <= stats.total.requests, "{after} of {}", stats.total.requests);

    let text = end["results_csv_history"].as_str().unwrap();
    let mut history = HistoryReader::open("history.csv", text.as_bytes()).unwrap();
    let (mut last, mut users) = (0, 0);
    while let Some(row) = history.next_row().unwrap() {
        if row.is_total() {
            last = row.total_requests().unwrap();
            users = users.max(row.users().unwrap());
        }
    }
    assert_eq!((last, users), (stats.total.requests, 4));
    wait_until_no_process_is_in(dir.path()).await;
    let left: Vec<PathBuf> =
        fs::read_dir(dir.path().join(format!("runs/{run}"))).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.is_file()), "the script stays nowhere: {left:?}");
    server.shutdown().await;
}

#[test]
fn every_request_is_counted_with_one_process() {
    on_one_thread(counts_equal(1));
}

#[test]
fn every_request_is_counted_with_two_processes() {
    on_one_thread(counts_equal(2));
}

#[test]
fn scripts_that_cannot_run_say_why() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::start().await;
        let server = real(1, dir.path()).await;
        let api = Api::of(&server);
        for (script, words) in [
            ("from locust import HttpUser\ndef (:\n", "SyntaxError"),
            ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
            ("from locust import task\n", "no user class"),
        ] {
            let run = start(&api, &target, script, 5).await;
            let end = api.finish(run).await;
            let problems = extension(&end).problems;
            assert_eq!((&end["run_status"], &end["run_passed"]), (&json!(4), &json!(false)), "{problems:?}");
            assert_eq!(problems[0].kind, ProblemKind::ScriptDidNotLoad);
            assert!(problems[0].message.contains(words), "{problems:?}");
            assert!(problems[0].detail.is_some());
        }
        assert!(target.served().is_empty());
        server.shutdown().await;
    });
}

#[test]
fn runs_without_load_say_why() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::start().await;
        let server = real(1, dir.path()).await;
        let api = Api::of(&server);
        let silent = "
from locust import HttpUser, constant, task
class Silent(HttpUser):
    wait_time = constant(1)
    @task
    def nothing(self):
        pass
";
        let lost = "
from locust import HttpUser, constant, task
class Lost(HttpUser):
    wait_time = constant(0.1)
    def on_start(self):
        raise KeyError('access_token')
    @task
    def never(self):
        self.client.get('/')
";
        let silent = start(&api, &target, silent, 2).await;
        let lost = start(&api, &target, lost, 2).await;
        let end = api.finish(silent).await;
        assert_eq!((&end["run_status"], end.get("run_passed")), (&json!(3), None));
        assert_eq!(kinds(&end), [ProblemKind::NothingSent]);
        let end = api.finish(lost).await;
        assert_eq!(kinds(&end), [ProblemKind::NothingSent, ProblemKind::UsersLost]);
        let problem = &extension(&end).problems[1];
        assert!(problem.message.contains("4 of 4 users"), "{problem:?}");
        assert!(problem.detail.as_ref().unwrap().contains("on_start"), "{problem:?}");
        server.shutdown().await;
    });
}

const ENDLESS: &str = "
from locust import HttpUser, constant, task
class Endless(HttpUser):
    wait_time = constant(0.05)
    @task
    def get(self):
        self.client.get('/')
";

#[test]
fn a_cancelled_run_leaves_no_process_and_keeps_its_numbers() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::start().await;
        let server = real(2, dir.path()).await;
        let api = Api::of(&server);
        let run = start(&api, &target, ENDLESS, 300).await;
        api.wait(run, |result| result["requests"].as_str().is_some_and(|count| count != "0")).await;
        assert_eq!(processes_in(dir.path()).len(), 3, "a master and two workers");
        api.post(&format!("/run/cancel/{run}"), json!({})).await;
        let end = api.finish(run).await;
        assert_eq!((&end["run_status"], &end["cancelled"]), (&json!(5), &json!(true)));
        assert_eq!(kinds(&end), [ProblemKind::EndedEarly]);
        let stats = read_stats("stats.csv", end["results_csv_stats"].as_str().unwrap().as_bytes()).unwrap();
        // A machine that is too slow to stop Locust in time loses the requests under way.
        let (counted, served) = (stats.total.requests, target.served()["GET /"]);
        assert!(counted > 0 && counted <= served, "{counted} of {served}");
        wait_until_no_process_is_in(dir.path()).await;
        server.shutdown().await;
    });
}

#[test]
fn a_killed_locust_is_told_and_its_workers_go_with_it() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::start().await;
        let server = real(2, dir.path()).await;
        let api = Api::of(&server);
        let run = start(&api, &target, ENDLESS, 300).await;
        api.wait(run, |result| result["requests"].as_str().is_some_and(|count| count != "0")).await;
        let record = fs::read_dir(dir.path().join(format!("runs/{run}/record"))).unwrap();
        let names = record.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let master = names.filter_map(|name| Some(name.strip_prefix("master-")?.strip_suffix(".ndjson")?.to_owned()));
        let master = master.last().unwrap();
        assert!(Command::new("kill").args(["-KILL", &master]).status().unwrap().success());
        let end = api.finish(run).await;
        assert_eq!((&end["run_status"], kinds(&end)), (&json!(4), vec![ProblemKind::EndedEarly]));
        assert!(extension(&end).problems[0].message.contains("killed by signal 9"), "{:?}", extension(&end).problems);
        assert_ne!(end["requests"], "0", "what was measured is kept");
        wait_until_no_process_is_in(dir.path()).await;
        server.shutdown().await;
    });
}

#[test]
fn no_process_outlives_its_server_and_a_restart_finds_what_was_measured() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::start().await;
        for gently in [true, false] {
            let config = || ServerConfig { state: Some(dir.path().join("state.json")), ..config(2, dir.path()) };
            let server = serve(config()).await;
            let api = Api::of(&server);
            let run = start(&api, &target, ENDLESS, 300).await;
            api.wait(run, |result| result["requests"].as_str().is_some_and(|count| count != "0")).await;
            if gently {
                server.shutdown().await;
                assert_eq!(processes_in(dir.path()), Vec::<String>::new());
            } else {
                drop(server);
            }
            wait_until_no_process_is_in(dir.path()).await;
            let server = serve(config()).await;
            let end = Api::of(&server).get(&format!("/result/{run}")).await;
            assert_eq!((&end["run_status"], kinds(&end)), (&json!(5), vec![ProblemKind::EndedEarly]));
            let stats = read_stats("stats.csv", end["results_csv_stats"].as_str().unwrap().as_bytes()).unwrap();
            assert!(stats.total.requests > 0, "{end:.300}");
            server.shutdown().await;
        }
    });
}

#[test]
fn an_endless_load_shape_is_stopped_when_its_time_is_over() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::start().await;
        let server = real(1, dir.path()).await;
        let api = Api::of(&server);
        let shape = format!(
            "{ENDLESS}
from locust import LoadTestShape
class Wave(LoadTestShape):
    def tick(self):
        return (2, 2)
"
        );
        let run = start(&api, &target, &shape, 3).await;
        let end = api.finish(run).await;
        assert_eq!((&end["run_status"], kinds(&end)), (&json!(3), vec![]), "{:?}", extension(&end).problems);
        assert_eq!(end["requests"], target.served()["GET /"].to_string());
        server.shutdown().await;
    });
}
