//! One good run as a line of the history.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::statistics::Failed;
use crate::gate::{Measure, Measured};
use crate::results::{Endpoint, EndpointKey, Engine, Fingerprint, Percentile, Results, RunRecord};
use crate::verdict::Outcome;

/// The version of a history line this program writes.
pub const HISTORY_SCHEMA_VERSION: u32 = 1;

/// A run's identity: the service and its number there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunName {
    /// The API's base URL.
    pub api: String,
    /// The run's number on that service.
    pub id: u64,
}

/// What one good run measured: everything a later run is compared with, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoodRun {
    /// Always [`HISTORY_SCHEMA_VERSION`] in lines this version writes.
    pub schema_version: u32,
    /// Which run it was.
    pub run: RunName,
    /// When it was started.
    pub at: Timestamp,
    /// The commit under test.
    pub commit: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// The verdict on it: pass or warn.
    pub verdict: Outcome,
    /// What makes it comparable with other runs.
    pub fingerprint: Fingerprint,
    /// Where its report or its CI job can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether its percentiles are free of Locust's rounding.
    pub exact: bool,
    /// All requests together.
    pub total: EndpointRecord,
    /// One record per endpoint.
    pub endpoints: Vec<EndpointRecord>,
}

/// What one good run measured of one endpoint, or of all together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EndpointRecord {
    /// HTTP method or Locust request type; empty for all requests together.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// The request's name in the script.
    pub name: String,
    /// Requests, failed ones included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
    /// Throughput, requests/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_s: Option<f64>,
    /// Mean response time, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_ms: Option<f64>,
    /// Median response time, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<f64>,
    /// Shortest response time, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ms: Option<f64>,
    /// Longest response time, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<f64>,
    /// Response-time percentiles, ms: those of Locust's CSV.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub percentiles: BTreeMap<Percentile, f64>,
}

impl GoodRun {
    /// The line for a run. `None` when the run has no number or was never started.
    #[must_use]
    pub fn of(record: &RunRecord, results: &Results, verdict: Outcome) -> Option<Self> {
        let run = RunName::of(record)?;
        let at = started(record)?;
        Some(Self {
            schema_version: HISTORY_SCHEMA_VERSION,
            run,
            at,
            commit: record.identity.build.commit.clone(),
            branch: record.identity.build.branch.clone(),
            verdict,
            fingerprint: record.fingerprint.clone(),
            link: record.monitor_url.clone(),
            exact: is_exact(results),
            total: EndpointRecord::of(&results.total),
            endpoints: results.endpoints.iter().map(EndpointRecord::of).collect(),
        })
    }
}

/// A run of the history, as far as it matters whether it is compared with.
pub(super) trait Recorded {
    /// Which run it was.
    fn run(&self) -> &RunName;
    /// When it was started.
    fn at(&self) -> Timestamp;
    /// Its branch.
    fn branch(&self) -> Option<&str>;
    /// What makes it comparable with other runs.
    fn fingerprint(&self) -> &Fingerprint;

    /// Whether this is that run. The local engine numbers its runs from 1 each time it starts, on whatever port is free,
    /// so there the time of the start counts too.
    fn is(&self, run: &RunName, at: Option<Timestamp>) -> bool {
        self.run() == run && (self.fingerprint().engine != Engine::Local || at.is_none_or(|at| at == self.at()))
    }
}

impl Recorded for GoodRun {
    fn run(&self) -> &RunName {
        &self.run
    }

    fn at(&self) -> Timestamp {
        self.at
    }

    fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

/// How long before `now` a run was started; zero for one that is not in the past (clocks differ).
pub(super) fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or(Duration::ZERO)
}

/// What runs measured of one endpoint, in the order of the runs.
pub(super) type EndpointSeries<'a> = Vec<&'a EndpointRecord>;

/// What these runs measured, by method and name; a run in which an endpoint was not called does not count for it.
pub(super) fn by_endpoint<'a>(runs: &[&'a GoodRun]) -> HashMap<(&'a str, &'a str), EndpointSeries<'a>> {
    let mut endpoints: HashMap<(&str, &str), EndpointSeries<'_>> = HashMap::new();
    for measured in runs.iter().flat_map(|run| &run.endpoints).filter(|measured| measured.requests > 0) {
        endpoints.entry((&measured.method, &measured.name)).or_default().push(measured);
    }
    endpoints
}

impl RunName {
    /// The name of a recorded run, once its number is known.
    #[must_use]
    pub fn of(record: &RunRecord) -> Option<Self> {
        Some(Self { api: record.identity.api_url.trim_end_matches('/').to_owned(), id: record.run_id? })
    }
}

/// When a run was started, as far as this machine knows.
#[must_use]
pub fn started(record: &RunRecord) -> Option<Timestamp> {
    record.states.first().map(|change| change.at).or_else(|| record.intent.as_ref().map(|intent| intent.at))
}

/// Whether the percentiles of all endpoints come from exact response times.
#[must_use]
pub fn is_exact(results: &Results) -> bool {
    let exact = |endpoint: &Endpoint| endpoint.requests == 0 || endpoint.histogram.is_some();
    !results.endpoints.is_empty() && results.endpoints.iter().all(exact)
}

impl EndpointRecord {
    /// What the history keeps of an endpoint.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        let percentiles = Percentile::LOCUST
            .into_iter()
            .filter_map(|percentile| Some((percentile, trimmed(endpoint.percentile(percentile)?))))
            .collect();
        // As gates read it: from the exact response times where there are any.
        let median = match &endpoint.histogram {
            Some(histogram) if !histogram.is_empty() => histogram.percentile(Percentile::P50),
            _ => endpoint.median_ms,
        };
        Self {
            method: endpoint.method.clone(),
            name: endpoint.name.clone(),
            requests: endpoint.requests,
            failures: endpoint.failures,
            requests_per_s: endpoint.requests_per_s.map(trimmed),
            avg_ms: endpoint.avg_ms.map(trimmed),
            median_ms: median.map(trimmed),
            min_ms: endpoint.min_ms.map(trimmed),
            max_ms: endpoint.max_ms.map(trimmed),
            percentiles,
        }
    }

    /// The endpoint's identity.
    #[must_use]
    pub fn key(&self) -> EndpointKey {
        EndpointKey { method: self.method.clone(), name: self.name.clone() }
    }

    /// The value of a measure in its own unit; `None` where the history does not keep it.
    #[must_use]
    pub fn value(&self, measure: &Measure) -> Option<f64> {
        measure.value(self)
    }

    /// Its failed requests.
    #[must_use]
    pub fn failed(&self) -> Failed {
        Failed { requests: self.requests, failures: self.failures.min(self.requests) }
    }
}

impl Measured for EndpointRecord {
    fn requests(&self) -> u64 {
        self.requests
    }

    fn failures(&self) -> u64 {
        self.failures.min(self.requests)
    }

    fn requests_per_s(&self) -> Option<f64> {
        self.requests_per_s
    }

    fn avg_ms(&self) -> Option<f64> {
        self.avg_ms
    }

    fn median_ms(&self) -> Option<f64> {
        self.median_ms.or_else(|| self.percentile(Percentile::P50))
    }

    fn min_ms(&self) -> Option<f64> {
        self.min_ms
    }

    fn max_ms(&self) -> Option<f64> {
        self.max_ms.or_else(|| self.percentile(Percentile::P100))
    }

    fn percentile(&self, percentile: Percentile) -> Option<f64> {
        self.percentiles.get(&percentile).copied()
    }
}

/// Three decimals: 1 µs, or a request in a quarter of an hour. More is noise that makes the file long.
fn trimmed(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A line of the history file.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryLine {
    /// A good run.
    Run(Box<GoodRun>),
    /// Written by a later version of this program: kept unchanged, not read.
    Newer(String),
    /// Not a whole record: cut off, or changed by hand.
    Damaged,
}

impl HistoryLine {
    /// Reads a line, without its line end. Never fails: what is not a record is [`HistoryLine::Damaged`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        #[derive(Deserialize)]
        struct LineVersion {
            schema_version: u32,
        }
        match serde_json::from_str::<GoodRun>(text) {
            Ok(run) if run.schema_version <= HISTORY_SCHEMA_VERSION => return Self::Run(Box::new(run)),
            _ => {}
        }
        match serde_json::from_str::<LineVersion>(text) {
            Ok(LineVersion { schema_version }) if schema_version > HISTORY_SCHEMA_VERSION => {
                Self::Newer(text.to_owned())
            }
            _ => Self::Damaged,
        }
    }
}
