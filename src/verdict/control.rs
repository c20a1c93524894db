//! What a control run said: the same test against a known-good deployment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run of the same test against a known-good deployment, which decides about rows that the environment may explain.
/// Its values are beside those of the run, in the rows that it decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// The known-good deployment: scheme, host and port.
    pub host: String,
    /// The control run; `None` when it could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<u64>,
    /// What it cost, in words; `None` when it could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// What follows from it.
    pub conclusion: ControlConclusion,
    /// How much slower this build is than the known-good deployment, by measure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<ControlDifference>,
    /// What it says, in one sentence without a full stop.
    pub sentence: String,
}

/// What follows from a control run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlConclusion {
    /// This build is slower than the known-good deployment: the code.
    Slower,
    /// The known-good deployment is as slow: the environment.
    Alike,
    /// The difference is too large for the environment alone and too small for the code.
    Unclear,
    /// There is no control run, or it says nothing.
    Missing,
}

/// How much slower a build is than the known-good deployment, in one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ControlDifference {
    /// The measure as it is spoken: `p95`.
    pub measure: String,
    /// The median over the endpoints of their differences, %: +48 means 48 % slower than the control.
    pub percent: f64,
    /// The endpoints that both measured well enough.
    pub endpoints: u32,
}
