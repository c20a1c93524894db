//! The ground floor: what a finished run measured, independent of where it ran and of how it is judged.
//!
//! [`Results`] is the content of `results.json`; [`RunRecord`] that of `run.json`; [`ResultsFolder`] is the
//! folder they live in.

mod connection;
mod early_stop;
mod endpoint;
mod engine;
mod evidence;
mod extension;
mod failure;
mod folder;
mod histogram;
mod identity;
mod live;
mod percentile;
mod problem;
mod project;
mod recipe;
mod recipe_command;
mod run;
mod stage;
mod timeline;

pub use connection::ConnectionCause;
pub use early_stop::EarlyStop;
pub use endpoint::{Endpoint, EndpointKey};
pub use engine::Engine;
pub use evidence::{Evidence, NeverEnded};
pub use extension::{ExactEndpoint, ExactSteady, Extension, LiveState};
pub use failure::{Failure, FailureKind, NotAFailureKind};
pub use folder::{FolderError, ResultsFolder, lock_file, replace_atomically, write_atomically};
pub use histogram::Histogram;
pub use identity::{Build, ConfigChoice, Difference, IdentityMatch, Relation, RunIdentity};
pub use live::LiveFigures;
pub use percentile::{Percentile, not_delivered};
pub use problem::{Problem, ProblemKind};
pub use project::{LocalProject, LocustOptions, ProjectOptions, Requirements};
pub use recipe::{LocalLoad, Recipe, StartApi, TestSource, load_generators};
pub use run::{Fingerprint, Intent, RUN_SCHEMA_VERSION, RunFailure, RunRecord, RunState, StateChange};
pub use stage::{STAGES_CLASS, Stage, StageSpan};
pub use timeline::{PeakUsers, TimePoint, Timeline};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the load generator calls the failures whose texts were too many to keep.
const REST_OF_TEXTS: &str = "(other)";

/// The version of `results.json` this program writes.
pub const RESULTS_SCHEMA_VERSION: u32 = 1;

/// What a finished run measured. Times are in ms unless the name says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// Always [`RESULTS_SCHEMA_VERSION`] in files this version writes.
    pub schema_version: u32,
    /// All requests together.
    pub total: Endpoint,
    /// One record per endpoint, in the order of the CSV.
    pub endpoints: Vec<Endpoint>,
    /// Failures by endpoint and text, as Locust lists them.
    pub failures: Vec<Failure>,
    /// The course of the run, all requests together; empty when no history was delivered.
    #[serde(default)]
    pub timeline: Timeline,
    /// What makes these numbers doubtful or void, in words. A run with a problem is never a pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Whether the saved test's own targets (Apdex, p95, error rate) were met, if the service reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets_passed: Option<bool>,
    /// Measures of the time after the ramp-up alone, where the engine delivered them exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ramp_up: Option<Steady>,
    /// The stages of the run; empty where it had none, or where the script's own load shape decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// What the load generator saw beside the requests, where it is our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Why the run was ended before its time, where a stop rule was hit. Its numbers are those of a part of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStop>,
    /// What could not be read or was left out, in words (a CSV field that was missing, for example).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What was measured after the ramp-up alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Steady {
    /// Begin of the steady part, Unix seconds.
    pub from_s: i64,
    /// Its length in seconds.
    pub seconds: f64,
    /// All requests together.
    pub total: Endpoint,
    /// One record per endpoint.
    pub endpoints: Vec<Endpoint>,
}

impl Results {
    /// Results with these measures and nothing else: no failure, no timeline, no problem.
    #[must_use]
    pub fn new(total: Endpoint, endpoints: Vec<Endpoint>) -> Self {
        Self {
            schema_version: RESULTS_SCHEMA_VERSION,
            total,
            endpoints,
            failures: Vec::new(),
            timeline: Timeline::default(),
            problems: Vec::new(),
            targets_passed: None,
            after_ramp_up: None,
            stages: Vec::new(),
            evidence: None,
            early_stop: None,
            notes: Vec::new(),
        }
    }

    /// The most frequent text (one that was kept) among the failures of one endpoint, or of all together, as an excerpt, and how often it
    /// occurred. `None` where no text was delivered.
    #[must_use]
    pub fn main_failure(&self, key: Option<&EndpointKey>) -> Option<(String, u64)> {
        let of_key =
            |failure: &&Failure| key.is_none_or(|key| failure.method == key.method && failure.name == key.name);
        // What the load generator counts together where there are too many texts is none.
        let of_key = |failure: &&Failure| of_key(failure) && failure.error != REST_OF_TEXTS;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for failure in self.failures.iter().filter(of_key) {
            let count = counts.entry(failure.excerpt()).or_default();
            *count = count.saturating_add(failure.occurrences);
        }
        counts.into_iter().max_by_key(|(_, count)| *count)
    }

    /// The record of one endpoint.
    #[must_use]
    pub fn endpoint(&self, key: &EndpointKey) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.method == key.method && endpoint.name == key.name)
    }
}
