//! A problem and the evidence for it.

use std::time::Duration;

use crate::results::{Problem, ProblemKind};
use crate::text::duration;

/// A problem with its evidence, where there is any.
pub(super) fn problem(kind: ProblemKind, message: impl Into<String>, detail: Option<String>) -> Problem {
    Problem::new(kind, message).with_detail(detail.filter(|detail| !detail.trim().is_empty()))
}

/// The log from its last traceback on.
pub(super) fn last_traceback(log: &str) -> Option<&str> {
    log.rfind("Traceback (most recent call last)").map(|start| &log[start..])
}

/// Seconds in words.
pub(super) fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}
