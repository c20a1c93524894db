//! A look at a run's figures while it goes on, by whoever may end it.

use std::time::Duration;

use super::client::Client;
use super::collect::live_results;
use super::wire::ResultRow;
use crate::results::{EarlyStop, LiveFigures};

/// Looks at a run while it goes on. What it looks for is not decided here.
pub trait RunWatch {
    /// Looks at the figures so far; a run that should not go on is cancelled.
    fn look(&mut self, live: &LiveFigures) -> Option<EarlyStop>;

    /// The gates that the figures so far would fail, in words.
    fn failing(&self, _: &LiveFigures) -> Vec<String> {
        Vec::new()
    }

    /// The longest pause between two looks while load is being sent.
    fn longest_pause(&self) -> Option<Duration>;
}

/// Lets every run go on.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWatch;

impl RunWatch for NoWatch {
    fn look(&mut self, _: &LiveFigures) -> Option<EarlyStop> {
        None
    }

    fn longest_pause(&self) -> Option<Duration> {
        None
    }
}

/// The figures of a run that is sending load: for `after` by this client's reckoning, where the engine does not say.
pub(super) fn figures(client: &Client, row: &ResultRow, after: Duration, of: Duration) -> LiveFigures {
    let live = row.extension.as_ref().and_then(|extension| extension.live);
    let reckoned = live.and_then(|live| Duration::try_from_secs_f64(live.load_s).ok());
    LiveFigures {
        after: reckoned.unwrap_or(after),
        of,
        users: live.map(|live| live.users).or(row.users),
        measured: live_results(client, row),
    }
}
