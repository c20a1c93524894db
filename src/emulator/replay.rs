//! Recorded files played back, for exact numbers.

use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::{Instant, interval};

use super::engine::{Delivery, EngineEnd, EngineOutcome, HistoryCsv, Job, Live, LoadEngine, Metrics};
use crate::locust::read_stats;

/// How often the live numbers grow.
const STEP: Duration = Duration::from_millis(200);

/// A longer history stays in its file, bytes.
const MOST_IN_MEMORY: usize = 8 << 20;

/// How long a replayed run takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReplayPace {
    /// As long as the recorded run took.
    #[default]
    AsPlanned,
    /// No delay.
    AtOnce,
}

/// Plays back the files `run_stats.csv`, `run_stats_history.csv` and `run_failures.csv` of a folder, as `locust --csv
/// run` leaves them. An optional `result.json` there replaces single fields of the result.
#[derive(Debug, Clone)]
pub struct Replay {
    overrides: Map<String, Value>,
    delivery: Delivery,
    pace: ReplayPace,
}

/// A recording could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file is missing or cannot be read.
    #[error("failed to read the recording {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The stats are not Locust's.
    #[error("the recording cannot be played back")]
    Stats(#[source] crate::locust::CsvError),
    /// result.json is not an object.
    #[error("{path} must hold one JSON object")]
    Overrides {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
}

impl Replay {
    /// Reads the files of a folder.
    ///
    /// # Errors
    /// When one of the three files is missing or cannot be read.
    pub fn open(folder: &Path, pace: ReplayPace) -> Result<Self, ReplayError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| ReplayError::Read { path, source })
        };
        let stats_csv = read("run_stats.csv")?;
        let history_csv = match read("run_stats_history.csv")? {
            text if text.len() <= MOST_IN_MEMORY => HistoryCsv::Text(text),
            _ => HistoryCsv::File(folder.join("run_stats_history.csv")),
        };
        let failures_csv = read("run_failures.csv")?;
        let overrides = match read("result.json") {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|source| ReplayError::Overrides { path: folder.join("result.json"), source })?,
            Err(ReplayError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(error),
        };
        let total = read_stats("run_stats.csv", stats_csv.as_bytes()).map_err(ReplayError::Stats)?.total;
        let delivery = Delivery { stats_csv, history_csv, failures_csv, total, passed_times: None };
        Ok(Self { overrides, delivery, pace })
    }

    async fn play(&self, job: Job, live: watch::Sender<Live>, mut stop: watch::Receiver<bool>) -> EngineOutcome {
        let all = Metrics::of(&self.delivery.total);
        let begun = Instant::now();
        let mut steps = interval(STEP);
        let length = if self.pace == ReplayPace::AtOnce { Duration::ZERO } else { job.run_time };
        let mut watching = true;
        while begun.elapsed() < length {
            let share = begun.elapsed().as_secs_f64() / length.as_secs_f64();
            let part = |count: u64| (count as f64 * share) as u64;
            let metrics = Metrics { requests: part(all.requests), failures: part(all.failures), ..all };
            live.send_replace(Live { running: true, metrics, detail: None });
            tokio::select! {
                change = stop.wait_for(|stop| *stop), if watching => {
                    watching = false;
                    if change.is_ok() {
                        return self.outcome(EngineEnd::Cancelled);
                    }
                }
                _ = steps.tick() => {}
            }
        }
        live.send_replace(Live { running: true, metrics: all, detail: None });
        self.outcome(EngineEnd::Finished)
    }

    fn outcome(&self, end: EngineEnd) -> EngineOutcome {
        EngineOutcome { end, measured: Some(self.delivery.clone()), extension: None, overrides: self.overrides.clone() }
    }
}

impl LoadEngine for Replay {
    fn run<'a>(
        &'a self,
        job: Job,
        live: watch::Sender<Live>,
        stop: watch::Receiver<bool>,
    ) -> Pin<Box<dyn Future<Output = EngineOutcome> + Send + 'a>> {
        Box::pin(self.play(job, live, stop))
    }

    fn recover(&self, _: &Path) -> Option<EngineOutcome> {
        None
    }
}
