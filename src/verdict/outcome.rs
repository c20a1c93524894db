//! The four ways a row can end.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a row, or the whole verdict, ended; ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The goal is met, with enough behind it.
    Pass,
    /// A `warn:` gate is not met, or something allowed deserves a look.
    Warn,
    /// It could not be judged: nothing measured, too few samples, no data. Never a pass.
    Inconclusive,
    /// The goal is not met.
    Fail,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}

/// What a gate that is not met means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It stops the build.
    #[default]
    Fail,
    /// It is shown and never turns the build red.
    Warn,
}
