//! How a run was asked for, so that the same test can be run once more.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::project::ProjectOptions;
use super::stage::Stage;

/// How to run the same test once more. Secrets are named, never kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recipe {
    /// Which test.
    #[serde(alias = "what")]
    pub test: TestSource,
    /// Peak number of users, where they were asked for.
    pub users: Option<u32>,
    /// Users to start per second, where they were asked for.
    pub spawn_rate: Option<f64>,
    /// Length of the run, s.
    pub duration_s: f64,
    /// Load generators per region.
    #[serde(default)]
    pub regions: BTreeMap<String, u32>,
    /// The target host, where it was asked for.
    pub target_host: Option<String>,
    /// Names of the variables passed to the script; their values come from the environment again.
    #[serde(default)]
    pub env: Vec<String>,
    /// Time allowed for everything, s.
    pub timeout_s: f64,
    /// Which start call is sent.
    #[serde(default)]
    pub start_api: StartApi,
    /// For the local engine.
    #[serde(default)]
    pub local: LocalLoad,
    /// The stages of the run, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// What comes along with the script.
    #[serde(default)]
    pub project: ProjectOptions,
}

/// Load generators of all regions together.
#[must_use]
pub fn load_generators(regions: &BTreeMap<String, u32>) -> u32 {
    regions.values().fold(0, |sum, servers| sum.saturating_add(*servers))
}

/// How the local engine makes load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LocalLoad {
    /// Locust processes; `None` takes what the CPU quota allows.
    pub processes: Option<u32>,
    /// How long a minute of the run takes, s; 60 but in tests.
    pub seconds_per_minute: f64,
    /// Whether the script is meant to end the run by itself.
    #[serde(default)]
    pub ends_itself: bool,
}

impl Default for LocalLoad {
    fn default() -> Self {
        Self { processes: None, seconds_per_minute: 60.0, ends_itself: false }
    }
}

/// Which test is run. `S` is what is known of a script: its path in a record, its text as well in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestSource<S = String> {
    /// A saved test, by its id.
    Id(u64),
    /// A saved test, by its name.
    Name(String),
    /// A script kept in the repository; a test is made of it for one run and deleted afterwards.
    Script(S),
}

/// Which start call is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum StartApi {
    /// `POST /run` of API v2.
    #[default]
    V2,
    /// `POST /api/v1/tests/{id}/start`, which carries environment variables.
    V1,
}
