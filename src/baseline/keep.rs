//! What of a history is kept.

use std::time::Duration;

use jiff::Timestamp;

/// Builds that are looked through for changes, and failed runs of each fingerprint that are kept for it.
pub(super) const SEEN_BUILDS: usize = 40;

/// What a prune keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keep {
    /// The newest runs of each fingerprint.
    pub runs: usize,
    /// Runs started at most this long before `now`.
    pub max_age: Duration,
    /// The present.
    pub now: Timestamp,
}

impl Keep {
    /// 100 runs of each fingerprint, none older than a year.
    #[must_use]
    pub fn usual(now: Timestamp) -> Self {
        Self { runs: 100, max_age: Duration::from_secs(365 * 86_400), now }
    }
}

/// What a prune did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Runs that stay.
    pub kept: usize,
    /// Runs that were removed.
    pub removed: usize,
}
