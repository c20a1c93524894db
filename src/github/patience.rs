//! How long GitHub is waited for.

use std::time::Duration;

/// How long we wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long a written comment rests before it is read again. Longer than it takes another job to write what it
    /// had read before, so that a section written over by it is noticed.
    pub settle: Duration,
    /// The first pause before a request is repeated; doubles from time to time.
    pub pause: Duration,
    /// All waiting that rate limits may cost together.
    pub rate_limit: Duration,
    /// The wait at a secondary rate limit that names no time: at least one minute (GitHub's REST API docs, "Rate
    /// limits").
    pub secondary: Duration,
    /// The whole publication of one section, and each search and status.
    pub overall: Duration,
    /// How often a request is tried.
    pub tries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            settle: Duration::from_millis(1_500),
            pause: Duration::from_millis(500),
            rate_limit: Duration::from_secs(90),
            secondary: Duration::from_secs(60),
            overall: Duration::from_secs(180),
            tries: 4,
        }
    }
}
