//! The stages of a run: numbers of users one after the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The class of the load shape that this program makes of stages, as the load generator reports it.
pub const STAGES_CLASS: &str = "LoadforgeCiStages";

/// A part of a run with a number of users of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// The users that run.
    pub users: u32,
    /// How long, the change from the users before included, s.
    pub seconds: f64,
}

/// When a stage is, and what its users come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageSpan {
    /// Its begin, s from the start of the run.
    pub from_s: f64,
    /// Its end, s from the start of the run.
    pub to_s: f64,
    /// The users of the stage before; 0 for the first.
    pub before: u32,
    /// Its own users.
    pub users: u32,
}

impl Stage {
    /// When each stage is, in order.
    #[must_use]
    pub fn spans(stages: &[Self]) -> Vec<StageSpan> {
        let (mut from_s, mut before) = (0.0, 0);
        let mut spans = Vec::new();
        for stage in stages {
            let to_s = from_s + stage.seconds;
            spans.push(StageSpan { from_s, to_s, before, users: stage.users });
            (from_s, before) = (to_s, stage.users);
        }
        spans
    }

    /// The users of all stages: `50 → 200 users`.
    #[must_use]
    pub fn users_in_words(stages: &[Self]) -> String {
        let users: Vec<String> = stages.iter().map(|stage| stage.users.to_string()).collect();
        format!("{} users", users.join(" → "))
    }
}
