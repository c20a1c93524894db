//! What Locust has measured by endpoint while it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::locust::{Record, failures};
use crate::results::{Extension, LiveState};

/// How often it is put together, for as many endpoints; more of them take more time.
const EVERY: Duration = Duration::from_secs(1);
const ENDPOINTS: u32 = 500;

/// The last state of a run by endpoint, renewed every second: response times take a moment to copy.
#[derive(Debug, Default)]
pub(super) struct LiveDetail {
    last: Option<(Instant, Arc<Extension>)>,
}

impl LiveDetail {
    /// The state of a record; `None` before it has begun.
    pub(super) fn of(&mut self, record: &Record) -> Option<Arc<Extension>> {
        let started = record.started()?;
        let endpoints = u32::try_from(record.endpoints().len()).unwrap_or(u32::MAX);
        let every = EVERY * endpoints.div_ceil(ENDPOINTS).max(1);
        if self.last.as_ref().is_none_or(|(at, _)| at.elapsed() >= every) {
            let now = Timestamp::now().as_duration().as_secs_f64();
            let live = LiveState { users: record.users_now(), load_s: (now - started).max(0.0) };
            let extension = Extension {
                endpoints: record.exact(),
                failures: failures(record),
                live: Some(live),
                ..Extension::default()
            };
            self.last = Some((Instant::now(), Arc::new(extension)));
        }
        self.last.as_ref().map(|(_, detail)| Arc::clone(detail))
    }
}
