//! What makes a run's numbers doubtful or void.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something about the run itself, not about the system under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Which kind.
    pub kind: ProblemKind,
    /// One sentence in words.
    pub message: String,
    /// The evidence: a Python traceback, the tail of Locust's output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    /// The problem of a run that sent nothing.
    #[must_use]
    pub fn nothing_sent() -> Self {
        Self::new(ProblemKind::NothingSent, "the run finished without one request")
    }

    /// A problem without evidence.
    #[must_use]
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None }
    }

    /// The same problem with this evidence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Option<String>>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// The kinds of problem a run can have. None of them is a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The script could not be imported, or holds no user class.
    ScriptDidNotLoad,
    /// The load generator could not be installed or started (no Python, for example).
    EngineNotAvailable,
    /// The run finished without one request.
    NothingSent,
    /// Users were lost: they raised in `on_start`, or never reached the number asked for.
    UsersLost,
    /// Requests vanished into exceptions of the script's own.
    ScriptExceptions,
    /// Users waited for a response that never came, and sent nothing else.
    UsersHung,
    /// Requests ended that are in no number: their response was taken and never checked.
    RequestsUnrecorded,
    /// A part of the record was lost: seconds, or single requests.
    RecordIncomplete,
    /// A listener of the script raised, which Locust only logs.
    ListenerRaised,
    /// The script ended the run by itself before its time was over.
    EndedItself,
    /// The load generator was at its CPU limit, so response times include its own queueing.
    GeneratorSaturated,
    /// The load generator was killed or ended early; the measurements until then are kept.
    EndedEarly,
}
