//! The exit codes, documented once. Every command ends with one of these and with nothing else.

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Passed; warnings allowed.
    Passed = 0,
    /// A gate failed: performance is not good enough.
    GateFailed = 1,
    /// Usage or configuration error: a gate that cannot be parsed, an unknown key, a test that does not exist.
    Usage = 2,
    /// A gate could not be judged and `on_inconclusive` is `fail`; or nothing was measured.
    Inconclusive = 3,
    /// The run did not complete: launch failed, cancelled, provider limited, workers failed.
    RunIncomplete = 4,
    /// The overall timeout passed; the run was cancelled.
    TimedOut = 5,
    /// Refused by a guard: the target host is not allowed.
    Refused = 6,
    /// The service could not be reached or kept failing; try again later (`EX_TEMPFAIL` of sysexits.h).
    Unavailable = 75,
    /// Not allowed: token missing, wrong, or without the right (`EX_NOPERM` of sysexits.h).
    NotAllowed = 77,
    /// Stopped by SIGINT; the run was cancelled first.
    Interrupted = 130,
    /// Stopped by SIGTERM or SIGHUP; the run was cancelled first.
    Terminated = 143,
}

impl Exit {
    /// The number the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exit code of this number; `None` when it is none of ours.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        const ALL: [Exit; 11] = [
            Exit::Passed,
            Exit::GateFailed,
            Exit::Usage,
            Exit::Inconclusive,
            Exit::RunIncomplete,
            Exit::TimedOut,
            Exit::Refused,
            Exit::Unavailable,
            Exit::NotAllowed,
            Exit::Interrupted,
            Exit::Terminated,
        ];
        ALL.into_iter().find(|exit| exit.code() == code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
