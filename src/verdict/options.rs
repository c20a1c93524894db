//! What the user wants made of what cannot be judged, and of the service's own targets.

use schemars::JsonSchema;
use serde::Deserialize;

/// What a gate that could not be judged means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// The job stops with exit code 3.
    #[default]
    Fail,
    /// The job continues; the report lists what could not be judged.
    Warn,
}

/// What the saved test's own targets mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum TargetPolicy {
    /// A target that was missed fails the verdict.
    #[default]
    Fail,
    /// A target that was missed is shown as a warning.
    Warn,
    /// Targets are not shown.
    Ignore,
}
