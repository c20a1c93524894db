//! What the numbers mean over time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing worth knowing that is not a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Which kind.
    pub kind: FindingKind,
    /// One sentence.
    pub sentence: String,
    /// The numbers behind it.
    pub evidence: String,
    /// What to look at next.
    pub next: String,
    /// When in the run it happened, Unix seconds from and to, where it has a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_s: Option<(i64, i64)>,
}

impl Finding {
    /// A finding without a time.
    #[must_use]
    pub fn new(
        kind: FindingKind,
        sentence: impl Into<String>,
        evidence: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { kind, sentence: sentence.into(), evidence: evidence.into(), next: next.into(), span_s: None }
    }

    /// The same finding with the time in the run it is about, Unix seconds from and to.
    #[must_use]
    pub fn during(mut self, span_s: impl Into<Option<(i64, i64)>>) -> Self {
        self.span_s = span_s.into();
        self
    }
}

/// The kinds of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Response times rise through the run.
    Drift,
    /// Errors came in a burst.
    ErrorSpike,
    /// Throughput stays flat while users grow.
    Saturation,
    /// All endpoints slower by the same factor or the same time: the environment, not the code.
    CommonMode,
    /// Slower from build to build, each step too small for a gate.
    Creep,
    /// An endpoint became slower at one build and stayed so.
    ChangePoint,
    /// Faster only because more requests fail.
    FasterBecauseFailing,
    /// Many endpoint names that look like one dynamic URL.
    DynamicNames,
    /// Endpoints whose every request failed.
    AlwaysFailed,
    /// Failures by class with the most frequent texts.
    Failures,
}
