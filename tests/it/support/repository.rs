//! A repository whose main branch had five usual builds, on a service that plays recordings one after the other.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadforge_ci::baseline::RunHistory;
use loadforge_ci::emulator::{EngineChoice, EngineOutcome, Job, Live, LoadEngine, Replay, ReplayPace, ServerConfig};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::recording;
use super::service::Service;
use crate::tool::{Ended, Tool};

/// The endpoint that tests make slow, as its line in the recording begins.
pub(crate) const CHECKOUT: &str = "POST,/api/v1/carts/[id]/checkout";

/// What a run was handed: the script's variables and the target host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handed {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) host: Option<String>,
}

/// Plays one recording after the other; the last one again and again. Notes what each run was handed.
struct InTurn {
    recordings: Mutex<Vec<Replay>>,
    handed: Arc<Mutex<Vec<Handed>>>,
}

impl LoadEngine for InTurn {
    fn run<'a>(
        &'a self,
        job: Job,
        live: watch::Sender<Live>,
        stop: watch::Receiver<bool>,
    ) -> Pin<Box<dyn Future<Output = EngineOutcome> + Send + 'a>> {
        Box::pin(async move {
            self.handed.lock().unwrap().push(Handed { env: job.env.clone(), host: job.host.clone() });
            let replay = {
                let mut left = self.recordings.lock().unwrap();
                if left.len() > 1 { left.remove(0) } else { left[0].clone() }
            };
            replay.run(job, live, stop).await
        })
    }

    fn recover(&self, _: &Path) -> Option<EngineOutcome> {
        None
    }
}

/// A recording of the checkout, its stats changed line by line.
pub(crate) fn recorded(pace: ReplayPace, change: impl Fn(&str) -> Option<String>) -> Replay {
    // A replay reads its history when a run is delivered, so the folder stays until the process ends.
    let folder: &'static tempfile::TempDir = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    recording::write(folder.path(), change);
    Replay::open(folder.path(), pace).unwrap()
}

pub(crate) fn usual() -> Replay {
    recorded(ReplayPace::AtOnce, |line| Some(line.to_owned()))
}

pub(crate) fn slow_checkout(pace: ReplayPace) -> Replay {
    recorded(pace, |line| recording::slower(line, CHECKOUT))
}

/// A service that plays these, a saved test on it, and a repository whose main branch had five usual builds.
pub(crate) struct Repository {
    pub(crate) service: Service,
    pub(crate) tool: Tool,
    pub(crate) test: String,
    pub(crate) handed: Arc<Mutex<Vec<Handed>>>,
    host: Option<String>,
}

/// The script of tests that keep theirs in the repository; recordings do not need to know what is in it.
const SCRIPT: &str = "perf/checkout.py";

impl Repository {
    /// One that runs a saved test.
    pub(crate) fn new(recordings: Vec<Replay>) -> Self {
        Self::of(recordings, None)
    }

    /// One that runs a script of its own against a host.
    pub(crate) fn with_script(recordings: Vec<Replay>, host: &str) -> Self {
        Self::of(recordings, Some(host))
    }

    fn of(recordings: Vec<Replay>, host: Option<&str>) -> Self {
        let handed = Arc::default();
        let recordings = Mutex::new([vec![usual()], recordings].concat());
        let engine = EngineChoice::Custom(Arc::new(InTurn { recordings, handed: Arc::clone(&handed) }));
        let config =
            ServerConfig { engine, provisioning: Duration::ZERO, seconds_per_minute: 1.0, ..ServerConfig::default() };
        let service = Service::start(config);
        let test = service.save("checkout");
        let script = "from locust import HttpUser, task\n\n\nclass Buyer(HttpUser):\n    @task\n    def buy(self):\n        pass\n";
        let tool = service.tool().env("CIRCLECI", "true").env("CIRCLE_BRANCH", "main").file(SCRIPT, script);
        let repository = Self { service, tool, test, handed, host: host.map(str::to_owned) };
        repository.run(&[]).expect(0);
        repository.tool.run(&["gate"]).expect(0);
        repository.tool.run(&["baseline", "add"]).expect(0);
        repository.repeat_the_good_run();
        repository
    }

    /// Makes five good runs of one, a day apart.
    fn repeat_the_good_run(&self) {
        let path = self.tool.path("loadforge-history").join(RunHistory::FILE);
        let line: Value = serde_json::from_str(std::fs::read_to_string(&path).unwrap().trim()).unwrap();
        let at: jiff::Timestamp = line["at"].as_str().unwrap().parse().unwrap();
        let lines = (1..=5_i64).map(|days| {
            let mut run = line.clone();
            run["run"]["id"] = json!(1_000 - days);
            run["at"] = json!((at - jiff::SignedDuration::from_hours(24 * days)).to_string());
            format!("{run}\n")
        });
        std::fs::write(&path, lines.collect::<String>()).unwrap();
    }

    pub(crate) fn run(&self, more: &[&str]) -> Ended {
        let what = match &self.host {
            None => vec!["--test-id", &self.test],
            Some(host) => vec!["--locustfile", SCRIPT, "--users", "20", "--target-host", host],
        };
        self.tool.run(&[&["run", "--no-preflight", "--duration", "720m"], &what[..], more].concat())
    }

    pub(crate) fn verdict(&self) -> Value {
        self.tool.json("loadforge-results/verdict.json")
    }

    pub(crate) fn checkout(&self) -> Value {
        let verdict = self.verdict();
        let rows = verdict["rows"].as_array().unwrap();
        rows.iter().find(|row| row["subject"]["endpoint"]["name"] == "/api/v1/carts/[id]/checkout").unwrap().clone()
    }
}
