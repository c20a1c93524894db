//! What our own server adds to LoadForge's result, so that any percentile can be judged without rounding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evidence, Failure, Histogram, Problem};

/// The field `x_loadforge_ci` of `GET /result/{id}`. LoadForge itself never sends it and the client never needs it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extension {
    /// Every endpoint's exact response times over the whole run.
    #[serde(default)]
    pub endpoints: Vec<ExactEndpoint>,
    /// The same for the time after the ramp-up alone.
    #[serde(default)]
    pub after_ramp_up: Option<ExactSteady>,
    /// Every failure by endpoint, kind and text; the failures CSV has no room for the kind.
    #[serde(default)]
    pub failures: Vec<Failure>,
    /// What makes the run's numbers doubtful or void.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// What the load generator saw beside the requests.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Notes about the numbers that do not make them doubtful.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What is known only while the run goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveState>,
    /// The last lines the load generator printed, for `locust.log`.
    #[serde(default)]
    pub log: Option<String>,
}

/// The state of a run that is going on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LiveState {
    /// Users running.
    pub users: u32,
    /// How long load has been sent, s.
    pub load_s: f64,
}

/// One endpoint's exact response times, passed and failed requests apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExactEndpoint {
    /// HTTP method or Locust request type.
    pub method: String,
    /// The request's name in the script.
    pub name: String,
    /// Requests that passed.
    pub passed: Histogram,
    /// Requests that failed.
    pub failed: Histogram,
}

/// What was measured exactly after the ramp-up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExactSteady {
    /// Begin of the steady part, Unix seconds.
    pub from_s: i64,
    /// Its length in seconds.
    pub seconds: f64,
    /// Every endpoint's response times in it.
    pub endpoints: Vec<ExactEndpoint>,
}
