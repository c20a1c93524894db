//! A run that was ended before its time because a stop rule was hit.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EndpointKey;
use crate::text::duration;

/// Why a run was ended before its time, and when. The run is no full one: its gates are not judged, and it is never a
/// baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EarlyStop {
    /// The stop rule that was hit, as in `stop:`. `None` for the one that nobody writes: every request failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The file and the line that the rule is written in; `None` for one of the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_in: Option<(String, u32)>,
    /// The endpoint that hit it; `None` for all requests together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointKey>,
    /// The last value, in the unit of the rule's measure.
    pub observed: f64,
    /// How long load had been sent, s.
    pub after_s: f64,
    /// How long load was to be sent, s.
    pub of_s: f64,
}

impl EarlyStop {
    /// The time that the run did not take, s.
    #[must_use]
    pub fn saved_s(&self) -> f64 {
        (self.of_s - self.after_s).max(0.0)
    }

    /// `after 1m 12s of 5m`
    #[must_use]
    pub fn when(&self) -> String {
        format!("after {} of {}", shown(self.after_s), shown(self.of_s))
    }

    /// The time saved: `3m 48s`.
    #[must_use]
    pub fn saved(&self) -> String {
        shown(self.saved_s())
    }
}

/// Why the run was ended, in words that follow "because".
impl fmt::Display for EarlyStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "its stop rule was hit: {rule}"),
            None => f.write_str("every request failed"),
        }
    }
}

fn shown(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
