//! What the load generator knows about a run beside its requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EndpointKey;

/// What our own load generator observed besides the requests. LoadForge reports none of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Requests that had started and not ended when the run was stopped, by endpoint. No count and no response time
    /// includes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_ended: Vec<NeverEnded>,
    /// The exit code the script asked for (`environment.process_exit_code`), if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_exit_code: Option<i64>,
    /// The class of the script's load shape, which decides users and length in place of the flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_shape: Option<String>,
}

/// Requests of one endpoint that had not ended when the run was stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NeverEnded {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: EndpointKey,
    /// How many.
    pub requests: u64,
    /// How long the oldest of them had waited, s.
    pub oldest_s: f64,
}

impl Evidence {
    /// Requests of one endpoint, or of all together, that never ended.
    #[must_use]
    pub fn open_requests(&self, key: Option<&EndpointKey>) -> u64 {
        let of_key = |open: &&NeverEnded| key.is_none_or(|key| *key == open.endpoint);
        self.never_ended.iter().filter(of_key).fold(0, |sum, open| sum.saturating_add(open.requests))
    }
}
