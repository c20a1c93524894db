//! The engine behind the server, which makes the load.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::results::{Endpoint, Extension, Histogram, LocalProject};

/// Makes the load of a run, or plays one back.
pub trait LoadEngine: Send + Sync {
    /// Makes the run. It reports its state through `live`, ends early when `stop` turns true, and ends all its
    /// processes when dropped.
    fn run<'a>(
        &'a self,
        job: Job,
        live: watch::Sender<Live>,
        stop: watch::Receiver<bool>,
    ) -> Pin<Box<dyn Future<Output = EngineOutcome> + Send + 'a>>;

    /// What was measured by a run that was under way when the server died; its folder is as it left it.
    fn recover(&self, run_folder: &Path) -> Option<EngineOutcome>;
}

/// The run to execute.
#[derive(Debug, Clone)]
pub struct Job {
    /// The script's text.
    pub script: String,
    /// Peak number of users.
    pub users: u32,
    /// Users to start per second.
    pub spawn_rate: f64,
    /// Length of the run.
    pub run_time: Duration,
    /// The target host, when the test names one.
    pub host: Option<String>,
    /// Environment variables for the script.
    pub env: BTreeMap<String, String>,
    /// Files for the script, by name; it finds them as `files/NAME`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The script's project on this machine, whose copy Locust runs in.
    pub project: Option<LocalProject>,
    /// A folder of the run's own; made by the server.
    pub folder: PathBuf,
}

/// The state of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// Whether load is being sent.
    pub running: bool,
    /// What was measured until now.
    pub metrics: Metrics,
    /// The same by endpoint, with response times and failures, where the engine knows them.
    pub detail: Option<Arc<Extension>>,
}

/// What LoadForge reports of all requests together. Times in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Metrics {
    /// Requests, failed ones included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
    /// Median response time.
    pub median_ms: f64,
    /// Mean response time.
    pub avg_ms: f64,
    /// Shortest response time.
    pub min_ms: f64,
    /// Longest response time.
    pub max_ms: f64,
    /// Requests/s.
    pub requests_per_s: f64,
    /// Failed requests/s.
    pub failures_per_s: f64,
}

impl Metrics {
    /// The metrics of a row of Locust's stats.
    #[must_use]
    pub fn of(total: &Endpoint) -> Self {
        let or_zero = |value: Option<f64>| value.unwrap_or(0.0);
        Self {
            requests: total.requests,
            failures: total.failures,
            median_ms: or_zero(total.median_ms),
            avg_ms: or_zero(total.avg_ms),
            min_ms: or_zero(total.min_ms),
            max_ms: or_zero(total.max_ms),
            requests_per_s: or_zero(total.requests_per_s),
            failures_per_s: or_zero(total.failures_per_s),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineEnd {
    /// In order.
    Finished,
    /// It did not begin, or died under way.
    Failed,
    /// It was asked to stop.
    Cancelled,
}

/// A finished run.
#[derive(Debug, Clone)]
pub struct EngineOutcome {
    /// How it ended.
    pub end: EngineEnd,
    /// What was measured; nothing when the run did not begin.
    pub measured: Option<Delivery>,
    /// What our own engine adds.
    pub extension: Option<Extension>,
    /// Fields of the result to be replaced, for results made by hand.
    pub overrides: Map<String, Value>,
}

/// Locust's history file, which may be large.
#[derive(Debug, Clone)]
pub enum HistoryCsv {
    /// Its text.
    Text(String),
    /// A file with it.
    File(PathBuf),
}

/// What a run delivers.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Locust's stats file.
    pub stats_csv: String,
    /// Locust's history file.
    pub history_csv: HistoryCsv,
    /// Locust's failures file.
    pub failures_csv: String,
    /// All requests together.
    pub total: Endpoint,
    /// Exact response times of the requests that passed, where the engine knows them.
    pub passed_times: Option<Histogram>,
}
