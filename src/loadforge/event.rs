//! What happens during a run, as events; who shows them is not decided here.

use std::fmt;
use std::io;
use std::time::Duration;

use super::progress::Progress;
use crate::results::{EarlyStop, RunState};
use crate::text::{self, counted};

/// Something that happened. Its `Display` is one line for a log, without the line end.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The run recorded in the results folder is taken up instead of starting another.
    Adopted {
        /// The run, where it is known already.
        run_id: Option<u64>,
    },
    /// The recorded run is not taken up.
    NotAdopted {
        /// Why not.
        reason: String,
    },
    /// A test was made for this run alone.
    TestCreated {
        /// Its id.
        id: u64,
        /// Its name.
        name: String,
    },
    /// That test is deleted again.
    TestDeleted {
        /// Its id.
        id: u64,
    },
    /// That test could not be deleted, or it is unknown whether it exists.
    TestLeft {
        /// Its id, if the service reported it.
        id: Option<u64>,
        /// Its name, where it was recorded.
        name: Option<String>,
        /// The cause.
        cause: String,
    },
    /// The start request is about to be sent.
    Starting {
        /// The test's name or the script's path.
        test: String,
        /// Length of the run.
        duration: Duration,
        /// The target host, where it is known.
        host: Option<String>,
    },
    /// The service is not ready to start the run.
    StartDelayed {
        /// The cause.
        cause: String,
        /// Time until the next try.
        pause: Duration,
    },
    /// Whether the run was started is not known.
    StartUnclear {
        /// The cause.
        cause: String,
    },
    /// The run whose start was unclear does not exist.
    NotStarted,
    /// The run exists.
    Started {
        /// Its id.
        run_id: u64,
        /// Where to watch it.
        monitor_url: Option<String>,
    },
    /// The run's state changed.
    State {
        /// The new state.
        state: RunState,
        /// Time since following began.
        after: Duration,
    },
    /// A sign of life.
    Progress(Progress),
    /// A sign of life while no run is followed.
    StillWaiting {
        /// Time since the command began.
        after: Duration,
    },
    /// The service cannot be reached.
    OutageBegan {
        /// The cause.
        cause: String,
    },
    /// The service answers again.
    OutageEnded {
        /// How long it did not.
        lasted: Duration,
    },
    /// The run is being cancelled.
    Cancelling {
        /// Its id.
        run_id: u64,
        /// Why, in words that follow "because".
        why: String,
    },
    /// A stop rule was hit.
    StopRuleHit {
        /// The run.
        run_id: u64,
        /// Which rule, and when.
        stop: EarlyStop,
    },
    /// The run was cancelled.
    Cancelled {
        /// Its id.
        run_id: u64,
    },
    /// The run was not seen to be cancelled and may go on.
    NotCancelled {
        /// Its id.
        run_id: u64,
        /// Where to watch it.
        monitor_url: Option<String>,
        /// The cause.
        cause: String,
    },
    /// The results are in the folder.
    Collected {
        /// Requests of all endpoints.
        requests: u64,
        /// Failed requests, where that is known.
        failures: Option<u64>,
        /// Endpoints.
        endpoints: usize,
    },
    /// Something to know.
    Notice(String),
    /// Something to mind.
    Warning(String),
}

impl Event {
    /// Whether it is something to mind.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::TestLeft { .. }
                | Self::StartDelayed { .. }
                | Self::StartUnclear { .. }
                | Self::OutageBegan { .. }
                | Self::StopRuleHit { .. }
                | Self::NotCancelled { .. }
                | Self::Warning(_)
        )
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adopted { run_id: Some(run_id) } => write!(f, "continuing with run {run_id}, recorded in run.json"),
            Self::Adopted { run_id: None } => {
                write!(f, "an earlier start is recorded in run.json; looking for its run")
            }
            Self::NotAdopted { reason } => write!(f, "the run recorded in run.json is not continued: {reason}"),
            Self::TestCreated { id, name } => write!(f, "created test {id} (`{name}`) for this run"),
            Self::TestDeleted { id } => write!(f, "deleted test {id}"),
            Self::TestLeft { id: Some(id), cause, .. } => {
                write!(f, "test {id}, made for this run, could not be deleted and stays on the service: {cause}")
            }
            Self::TestLeft { id: None, name, cause } => {
                let name = name.as_ref().map(|name| format!(" `{name}`,")).unwrap_or_default();
                write!(f, "the test{name} made for this run, may still be on the service: {cause}")
            }
            Self::Starting { test, duration, host } => {
                write!(f, "starting `{test}` for {}", text::duration(*duration))?;
                host.as_ref().map_or(Ok(()), |host| write!(f, " against {host}"))
            }
            Self::StartDelayed { cause, pause } => {
                write!(f, "the run could not be started yet ({cause}); trying again in {}", text::duration(*pause))
            }
            Self::StartUnclear { cause } => {
                write!(f, "it is not known whether the run was started ({cause}); looking for it")
            }
            Self::NotStarted => write!(f, "no run was started"),
            Self::Started { run_id, monitor_url } => {
                write!(f, "run {run_id} is started")?;
                monitor_url.as_ref().map_or(Ok(()), |url| write!(f, ": {url}"))
            }
            Self::State { state, after } => write!(f, "{} run is now: {state}", text::duration(*after)),
            Self::Progress(progress) => progress.fmt(f),
            Self::StillWaiting { after } => write!(f, "{} still waiting for the service", text::duration(*after)),
            Self::OutageBegan { cause } => write!(f, "the service does not answer ({cause}); waiting for it"),
            Self::OutageEnded { lasted } => write!(f, "the service answers again after {}", text::duration(*lasted)),
            Self::Cancelling { run_id, why } => write!(f, "cancelling run {run_id} because {why}"),
            Self::StopRuleHit { run_id, stop } => {
                write!(f, "stopping run {run_id} {} because {stop}; this saves {}", stop.when(), stop.saved())
            }
            Self::Cancelled { run_id } => write!(f, "run {run_id} is cancelled"),
            Self::NotCancelled { run_id, monitor_url, cause } => {
                let place = monitor_url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
                write!(f, "run {run_id} could not be cancelled and may go on{place}: {cause}")
            }
            Self::Collected { requests, failures, endpoints } => {
                let (requests, endpoints) = (counted(*requests, "request"), counted(*endpoints, "endpoint"));
                let failed = failures.map_or_else(|| "an unknown number".to_owned(), |failures| failures.to_string());
                write!(f, "collected {requests} ({failed} failed) of {endpoints}")
            }
            Self::Notice(text) | Self::Warning(text) => f.write_str(text),
        }
    }
}

/// Receives the events of a session.
pub trait Observer {
    /// Called once for each event, in order.
    fn event(&mut self, event: &Event);
}

impl<F: FnMut(&Event)> Observer for F {
    fn event(&mut self, event: &Event) {
        self(event);
    }
}

/// Writes each event as one line.
pub struct LineWriter<W>(pub W);

impl<W: io::Write> Observer for LineWriter<W> {
    fn event(&mut self, event: &Event) {
        let mark = if event.is_warning() { "warning: " } else { "" };
        // A log that cannot be written must not end a run.
        let _ = writeln!(self.0, "{mark}{event}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_one_line() {
        let mut lines = LineWriter(Vec::new());
        lines.event(&Event::Started { run_id: 7, monitor_url: Some("https://x/7".into()) });
        lines.event(&Event::OutageBegan { cause: "no connection".into() });
        lines.event(&Event::OutageEnded { lasted: Duration::from_secs(3700) });
        assert_eq!(
            String::from_utf8(lines.0).unwrap(),
            "run 7 is started: https://x/7\n\
             warning: the service does not answer (no connection); waiting for it\n\
             the service answers again after 1h 1m 40s\n"
        );
    }
}
