//! One fault and the rules there are.

use std::fmt;

use ruff_text_size::TextRange;
use serde::Serialize;

use crate::python::LineIndex;

/// What a fault means for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LintSeverity {
    /// The script must not run like this.
    Error,
    /// It runs, but its result is less informative than it could be.
    Warning,
}

impl fmt::Display for LintSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// The rules. Their names in text are kebab-case: `unnamed-dynamic-url`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A password or key is written in the script.
    HardCodedCredential,
    /// A token, cookie or authorization header is written in the script.
    HardCodedToken,
    /// The script names the target host.
    HardCodedHost,
    /// A URL that changes from call to call has no fixed name.
    UnnamedDynamicUrl,
    /// Users do not wait between tasks.
    NoWaitTime,
    /// The whole script calls one endpoint.
    SingleEndpoint,
    /// No response is ever looked at.
    UncheckedResponses,
    /// Paths that need a login are called without one.
    MissingLogin,
    /// A request that does not reach the statistics.
    LostRequest,
    /// A request that is sent past Locust's client.
    UnmeasuredRequest,
    /// A comment ignores a rule that does not exist.
    UnknownRule,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 11] = [
        Self::HardCodedCredential,
        Self::HardCodedToken,
        Self::HardCodedHost,
        Self::UnnamedDynamicUrl,
        Self::NoWaitTime,
        Self::SingleEndpoint,
        Self::UncheckedResponses,
        Self::MissingLogin,
        Self::LostRequest,
        Self::UnmeasuredRequest,
        Self::UnknownRule,
    ];

    /// Its name, as written in `# loadforge: ignore[name]`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HardCodedCredential => "hard-coded-credential",
            Self::HardCodedToken => "hard-coded-token",
            Self::HardCodedHost => "hard-coded-host",
            Self::UnnamedDynamicUrl => "unnamed-dynamic-url",
            Self::NoWaitTime => "no-wait-time",
            Self::SingleEndpoint => "single-endpoint",
            Self::UncheckedResponses => "unchecked-responses",
            Self::MissingLogin => "missing-login",
            Self::LostRequest => "lost-request",
            Self::UnmeasuredRequest => "unmeasured-request",
            Self::UnknownRule => "unknown-rule",
        }
    }

    /// What breaking it means.
    #[must_use]
    pub const fn severity(self) -> LintSeverity {
        match self {
            Self::HardCodedCredential | Self::HardCodedToken | Self::HardCodedHost | Self::UnnamedDynamicUrl => {
                LintSeverity::Error
            }
            Self::NoWaitTime
            | Self::SingleEndpoint
            | Self::UncheckedResponses
            | Self::MissingLogin
            | Self::LostRequest
            | Self::UnmeasuredRequest
            | Self::UnknownRule => LintSeverity::Warning,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One fault of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What the fault means for the exit code.
    pub severity: LintSeverity,
    /// Which rule is broken.
    pub rule: Rule,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub instead: String,
}

/// A fault by its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LintFault {
    pub(super) rule: Rule,
    pub(super) range: TextRange,
    pub(super) message: String,
    pub(super) instead: String,
}

impl LintFault {
    pub(super) fn at(self, lines: &LineIndex<'_>) -> Diagnostic {
        let (line, column) = lines.place(self.range.start());
        let Self { rule, message, instead, .. } = self;
        Diagnostic { line, column, severity: rule.severity(), rule, message, instead }
    }
}
