//! The signal: its keys, and whether it fires.

use serde::{Deserialize, Serialize};

use crate::verdict::Outcome;

/// What a signal says, in the words that CircleCI's catch-all check knows too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalStatus {
    /// The release should fail.
    Firing,
    /// The release may go on.
    Resolved,
}

impl SignalStatus {
    /// As it is sent.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// What else than a failed gate fires; each includes what is above it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FiringOn {
    /// A gate that failed.
    #[default]
    Failed,
    /// A verdict that could not be reached, too.
    Inconclusive,
    /// A run that did not complete, too.
    Incomplete,
}

/// What became of a load test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It was judged.
    Verdict(Outcome),
    /// It was not started, or did not complete, so that nothing was judged.
    Incomplete,
}

impl FiringOn {
    /// The signal of a load test; `None` where this policy sends none.
    #[must_use]
    pub fn status(self, judged: Judged) -> Option<SignalStatus> {
        match (judged, self) {
            (Judged::Verdict(Outcome::Pass | Outcome::Warn), _) => Some(SignalStatus::Resolved),
            (Judged::Verdict(Outcome::Fail), _) => Some(SignalStatus::Firing),
            (Judged::Verdict(Outcome::Inconclusive), Self::Inconclusive | Self::Incomplete) => {
                Some(SignalStatus::Firing)
            }
            (Judged::Incomplete, Self::Incomplete) => Some(SignalStatus::Firing),
            (Judged::Verdict(Outcome::Inconclusive) | Judged::Incomplete, _) => None,
        }
    }
}

/// What is posted. CircleCI matches `component_name` and `env`, and each of the other keys only where it is sent;
/// `signal_name` must be the name of the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseSignal {
    /// The component that was released.
    pub component_name: String,
    /// The environment it was released to.
    pub env: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The CircleCI project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The namespace of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What it says.
    pub status: SignalStatus,
    /// The name of the check that waits for it.
    pub signal_name: String,
    /// The verdict in one sentence.
    pub reason: String,
    /// The job's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_fires_a_pass_resolves_and_the_rest_is_for_the_policy_to_say() {
        let sent = |policy: FiringOn| {
            [
                Judged::Verdict(Outcome::Pass),
                Judged::Verdict(Outcome::Warn),
                Judged::Verdict(Outcome::Fail),
                Judged::Verdict(Outcome::Inconclusive),
                Judged::Incomplete,
            ]
            .map(|judged| policy.status(judged).map_or("-", SignalStatus::name))
        };
        assert_eq!(sent(FiringOn::Failed), ["resolved", "resolved", "firing", "-", "-"]);
        assert_eq!(sent(FiringOn::Inconclusive), ["resolved", "resolved", "firing", "firing", "-"]);
        assert_eq!(sent(FiringOn::Incomplete), ["resolved", "resolved", "firing", "firing", "firing"]);
    }
}
