//! What can be wrong with the answer to a call.

use std::fmt;
use std::time::Duration;

/// How a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As it should be.
    Right,
    /// As it should be, after 25 s.
    Slow,
    /// This status, with a message that repeats the token and a secret.
    Status(u16),
    /// 429 and a `Retry-After` of thirty years.
    AbsurdWait,
    /// 200 and a web page.
    Html,
    /// 302 to a login page.
    Redirect,
    /// More than the client accepts.
    Huge,
    /// The body breaks off in the middle.
    Cut,
    /// 200 and half a JSON object.
    Garbage,
    /// 200 without a body.
    Empty,
    /// 200 and `{}`.
    EmptyObject,
    /// The right shape, but of something else: another run, another test.
    WrongId,
    /// Without the fields that the older documentation does not have.
    Bare,
    /// No connection.
    NoConnection,
    /// The connection is closed without an answer.
    Closed,
    /// No answer until the client's own time limit of 30 s.
    Hang,
}

/// An answer, and whether the call was carried out all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) answer: Answer,
    /// Whether the call does what it says.
    pub(crate) acted: bool,
    /// How much later it does.
    pub(crate) late: Duration,
}

impl Fault {
    pub(crate) const fn of(answer: Answer, acted: bool) -> Self {
        Self { answer, acted, late: Duration::ZERO }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.answer)?;
        match (self.acted, self.late.as_secs()) {
            (true, 0) => f.write_str(" but done"),
            (true, late) => write!(f, " but done {late} s later"),
            (false, _) => f.write_str(""),
        }
    }
}

/// Which of the calls of a kind meet the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    Once,
    Thrice,
    Always,
    /// All but the first.
    AfterFirst,
    /// The second alone.
    Second,
}

impl Pattern {
    /// Whether the call with this number, from 0, meets the fault.
    pub(crate) fn hits(self, number: usize) -> bool {
        match self {
            Self::Once => number == 0,
            Self::Thrice => number < 3,
            Self::Always => true,
            Self::AfterFirst => number > 0,
            Self::Second => number == 1,
        }
    }
}
