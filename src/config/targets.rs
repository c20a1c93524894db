//! `targets:` of a test: what LoadForge itself demands of each run of the saved test.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Duration;

/// The targets that `sync` gives a saved test. What is left out stays as it is on LoadForge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetsSection {
    /// The response time up to which Apdex counts a request as satisfied, such as `300ms`.
    pub apdex: Option<Duration>,
    /// The highest p95, such as `600ms`.
    pub p95: Option<Duration>,
    /// The highest share of failed requests, %.
    #[schemars(range(min = 0, max = 100))]
    pub error_percent: Option<f64>,
}

impl TargetsSection {
    pub(super) fn merge(&mut self, over: Self) {
        self.apdex = over.apdex.or(self.apdex);
        self.p95 = over.p95.or(self.p95);
        self.error_percent = over.error_percent.or(self.error_percent);
    }
}
