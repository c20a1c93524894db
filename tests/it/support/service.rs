//! The LoadForge-compatible server, for tests that run the binary against it.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use loadforge_ci::emulator::{EngineChoice, InjectedFaults, ReplayPace, Server, ServerConfig};
use serde_json::{Value, json};

use super::recording;
use crate::background::Background;
use crate::tool::{Tool, fixture};

/// A server that serves for as long as this value lives.
pub(crate) struct Service {
    pub(crate) url: String,
    _serving: Option<Background>,
}

impl Service {
    pub(crate) fn start(config: ServerConfig) -> Self {
        let (serving, url) = Background::start(async |said, stopped| {
            let server = Server::start(config).await.unwrap();
            said.send(server.api_url()).unwrap();
            let _ = stopped.await;
            server.shutdown().await;
        });
        Self { url, _serving: Some(serving) }
    }

    /// A recording of a healthy run, played back at once.
    pub(crate) fn replaying(pace: ReplayPace, faults: InjectedFaults) -> Self {
        let engine = EngineChoice::Replay { folder: fixture(recording::CHECKOUT), pace };
        Self::start(ServerConfig {
            engine,
            faults,
            provisioning: Duration::ZERO,
            seconds_per_minute: 1.0,
            ..ServerConfig::default()
        })
    }

    /// One that is running already, in a process of its own.
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned(), _serving: None }
    }

    /// The tool in an empty folder, pointed at this server.
    pub(crate) fn tool(&self) -> Tool {
        Tool::new().env("LOADFORGE_API_URL", &self.url).env("LOADFORGE_API_TOKEN", "t0p-s3cret")
    }

    fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let client = loadforge_ci::http::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, format!("{}{path}", self.url)).bearer_auth("t0p-s3cret");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() })
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.call(reqwest::Method::GET, path, None)
    }

    /// Saves a test and gives its id.
    pub(crate) fn save(&self, name: &str) -> String {
        let body = json!({ "name": name, "users": 20, "rate": 10, "servers": 1, "region": "nyc3", "locustfile": "import locust" });
        self.call(reqwest::Method::POST, "/tests", Some(body))["test_id"].to_string()
    }

    pub(crate) fn runs(&self) -> usize {
        self.get("/results").as_array().unwrap().len()
    }
}

/// Waits until something is so, without depending on the machine's speed.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal by its short name.
pub(crate) fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap().success());
}
