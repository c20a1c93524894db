//! How a command on a run ended, and which exit code that means.

use crate::exit::Exit;
use crate::loadforge::stop::Signal;
use crate::results::{Problem, Results, RunState};

/// How a command on a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// The run finished and its results are collected.
    Finished,
    /// The run is started and left on its own, as asked for.
    Detached,
    /// The run ended without finishing.
    Incomplete(RunState),
    /// A stop rule was hit, and the run was cancelled for it.
    StoppedEarly,
    /// The overall timeout passed.
    TimedOut,
    /// Somebody asked to stop.
    Stopped(Signal),
}

/// The end of a command on a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// How it ended.
    pub outcome: RunOutcome,
    /// The run, if there is one.
    pub run_id: Option<u64>,
    /// Whether we cancelled the run.
    pub cancelled: bool,
    /// What was measured, where something was collected.
    pub results: Option<Results>,
    /// The service's words about the end, where it has any.
    pub message: Option<String>,
    /// Why there is nothing to collect, where the engine reports it: a script that did not load, with Python's traceback.
    pub problems: Vec<Problem>,
}

impl RunEnd {
    pub(super) fn of(outcome: RunOutcome, run_id: Option<u64>) -> Self {
        Self { outcome, run_id, cancelled: false, results: None, message: None, problems: Vec::new() }
    }

    /// The exit code, as far as the run itself decides it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.outcome {
            // What was measured until then is judged: a stop rule that was hit fails there.
            RunOutcome::Finished | RunOutcome::Detached | RunOutcome::StoppedEarly => Exit::Passed,
            RunOutcome::Incomplete(_) => Exit::RunIncomplete,
            RunOutcome::TimedOut => Exit::TimedOut,
            RunOutcome::Stopped(signal) => signal.exit(),
        }
    }

    /// One sentence on how it ended.
    #[must_use]
    pub fn sentence(&self) -> String {
        let run = self.run_id.map_or_else(|| "the run".to_owned(), |run_id| format!("run {run_id}"));
        let words = match self.outcome {
            RunOutcome::Finished => format!("{run} finished"),
            RunOutcome::Detached => format!("{run} is still running; collect it with `loadforge-ci wait`"),
            RunOutcome::Incomplete(state) => format!("{run} did not complete: {state}"),
            RunOutcome::StoppedEarly => format!("{run} was stopped early"),
            RunOutcome::TimedOut => format!("the overall timeout passed; {run} {}", self.fate()),
            RunOutcome::Stopped(signal) if self.run_id.is_none() => {
                format!("stopped by {} before a run was started", signal.name())
            }
            RunOutcome::Stopped(signal) => format!("stopped by {}; {run} {}", signal.name(), self.fate()),
        };
        self.message.as_ref().map_or(words.clone(), |message| format!("{words} ({message})"))
    }

    fn fate(&self) -> &'static str {
        if self.cancelled { "was cancelled" } else { "was not cancelled" }
    }
}
