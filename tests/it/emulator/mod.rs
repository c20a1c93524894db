//! The LoadForge-compatible server through its HTTP face.

mod access;
mod api;
mod evidence;
mod locust;
mod replay;
mod state;
pub(crate) mod target;

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use loadforge_ci::emulator::{EngineChoice, ReplayPace, RunningServer, Server, ServerConfig};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// A client of the API that shows a token.
struct Api {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Api {
    fn of(server: &RunningServer) -> Self {
        Self::at(server.api_url(), Some("any"))
    }

    fn at(base: String, token: Option<&str>) -> Self {
        let client = loadforge_ci::http::builder().no_proxy().build().unwrap();
        Self { client, base, token: token.map(str::to_owned) }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Saves a test and gives its id.
    async fn save(&self, changes: Value) -> u64 {
        let mut test = json!({ "name": "shop", "users": 4, "rate": 4, "servers": 1, "region": "nyc3", "locustfile": "import locust" });
        for (name, value) in changes.as_object().unwrap() {
            test[name] = value.clone();
        }
        let (status, body) = self.post("/tests", test).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["test_id"].as_u64().unwrap()
    }

    /// Starts a run of a test and gives its id.
    async fn start(&self, test: u64, duration: Value) -> u64 {
        let (status, body) = self.post("/run", json!({ "test_id": test, "duration": duration })).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["run_id"].as_u64().unwrap()
    }

    /// Waits until a run's result is as wished.
    async fn wait(&self, run: u64, wished: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            let result = self.get(&format!("/result/{run}")).await;
            if wished(&result) {
                return result;
            }
            assert!(Instant::now() < deadline, "the run did not get there: {result:.1000}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a run is over.
    async fn finish(&self, run: u64) -> Value {
        self.wait(run, |result| result["run_status"].as_u64().unwrap() >= 3).await
    }
}

/// Runs a test's future as the program does: on one thread.
fn on_one_thread(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// A server that plays back recorded files.
fn replaying(pace: ReplayPace) -> ServerConfig {
    ServerConfig {
        engine: EngineChoice::Replay { folder: recording(), pace },
        provisioning: Duration::ZERO,
        ..ServerConfig::default()
    }
}

async fn serve(config: ServerConfig) -> RunningServer {
    Server::start(config).await.unwrap()
}

/// The folder of a recording with failures.
fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/locust/errors/s1_basic")
}

fn recorded(name: &str) -> String {
    fs::read_to_string(recording().join(name)).unwrap()
}
