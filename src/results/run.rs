//! `run.json`: which run this folder belongs to, from before it was started until it was collected.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::early_stop::EarlyStop;
use super::engine::Engine;
use super::identity::{Relation, RunIdentity};
use super::recipe::Recipe;
use super::stage::Stage;

/// The version of `run.json` this program writes.
pub const RUN_SCHEMA_VERSION: u32 = 1;

/// The state of a run. The names are the clear words for LoadForge's eight `run_status` codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// The start request is about to be sent; whether a run exists is not known yet.
    Intended,
    /// 0: waiting for its turn.
    Queued,
    /// 1: load generators are being launched.
    Provisioning,
    /// 2: load is being sent.
    Running,
    /// 3: finished.
    Finished,
    /// 4: the run failed to launch.
    FailedToLaunch,
    /// 4 again, of a run that had sent load: it ended before its time.
    EndedEarly,
    /// 5: the run was cancelled.
    Cancelled,
    /// 6: limited by the cloud provider.
    ProviderLimited,
    /// 7: the cloud workers failed to launch.
    WorkersFailed,
    /// Any other code from 8 on: an end this version does not know.
    UnknownEnd,
}

impl RunState {
    /// The state of a `run_status` code. Every code of 3 or more is an end.
    #[must_use]
    pub const fn of_code(code: i64) -> Self {
        match code {
            1 => Self::Provisioning,
            2 => Self::Running,
            3 => Self::Finished,
            4 => Self::FailedToLaunch,
            5 => Self::Cancelled,
            6 => Self::ProviderLimited,
            7 => Self::WorkersFailed,
            code if code >= 8 => Self::UnknownEnd,
            _ => Self::Queued,
        }
    }

    /// Whether the run has ended.
    #[must_use]
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Intended | Self::Queued | Self::Provisioning | Self::Running)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intended => "about to start",
            Self::Queued => "queued",
            Self::Provisioning => "launching load generators",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::FailedToLaunch => "failed to launch",
            Self::EndedEarly => "ended early",
            Self::Cancelled => "cancelled",
            Self::ProviderLimited => "limited by the cloud provider",
            Self::WorkersFailed => "cloud workers failed to launch",
            Self::UnknownEnd => "ended in a way this version does not know",
        })
    }
}

/// A state and when it was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateChange {
    /// The state.
    pub state: RunState,
    /// When it was first seen.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

/// What was known right before the start request was sent, so that a run whose start answer was lost can be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// When the request was about to be sent (this machine's clock).
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The test to be run.
    pub test_id: u64,
    /// The runs listed before the start.
    pub known_runs: Vec<u64>,
}

/// What must be equal for two runs to be comparable. A field that is not known on both sides counts as different
/// only when one side has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// The engine, so that a laptop is never compared with the cloud.
    pub engine: Engine,
    /// Test id or name, or the script's path.
    pub test: String,
    /// SHA-256 of the script without what changes from run to run (the `env` prelude), hex.
    pub script_sha256: Option<String>,
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users to start per second.
    pub spawn_rate: Option<f64>,
    /// Length of the run, s.
    pub duration_s: Option<u64>,
    /// The stages of the run, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// Load generators per region.
    #[serde(default)]
    pub regions: BTreeMap<String, u32>,
    /// Target of the load: scheme, host and port.
    pub host: Option<String>,
}

impl Fingerprint {
    /// The fields that differ, each as (field, this side, other side). Empty when the runs are comparable.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        fn shown<T: fmt::Display>(value: &Option<T>) -> String {
            value.as_ref().map_or_else(|| "not known".to_owned(), ToString::to_string)
        }
        let regions = |side: &Self| {
            let list: Vec<String> = side.regions.iter().map(|(region, count)| format!("{region}={count}")).collect();
            if list.is_empty() { "none".to_owned() } else { list.join(" ") }
        };
        let stages = |side: &Self| {
            let list: Vec<String> =
                side.stages.iter().map(|stage| format!("{} for {} s", stage.users, stage.seconds)).collect();
            if list.is_empty() { "none".to_owned() } else { list.join(", ") }
        };
        [
            ("engine", self.engine.name().to_owned(), other.engine.name().to_owned()),
            ("test", self.test.clone(), other.test.clone()),
            ("script_sha256", shown(&self.script_sha256), shown(&other.script_sha256)),
            ("users", shown(&self.users), shown(&other.users)),
            ("spawn_rate", shown(&self.spawn_rate), shown(&other.spawn_rate)),
            ("duration_s", shown(&self.duration_s), shown(&other.duration_s)),
            ("stages", stages(self), stages(other)),
            ("regions", regions(self), regions(other)),
            ("host", shown(&self.host), shown(&other.host)),
        ]
        .into_iter()
        .filter(|(_, this, that)| this != that)
        .collect()
    }
}

/// Why `run` ended without a run to judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunFailure {
    /// The exit code.
    pub exit: u8,
    /// What happened.
    pub message: String,
}

/// The content of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Always 1 in files this version writes.
    pub schema_version: u32,
    /// The service that runs it and the build that it measures.
    #[serde(flatten)]
    pub identity: RunIdentity,
    /// The test's name or the script's path, for people.
    pub test: String,
    /// The test on the service.
    pub test_id: Option<u64>,
    /// Whether that test was made for this run alone and has to be deleted afterwards.
    #[serde(default)]
    pub ephemeral: bool,
    /// The name of the test made for this run alone, written down before it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_name: Option<String>,
    /// Whether data files were sent for that test, which have to be removed with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sent_files: bool,
    /// What was known before the start.
    pub intent: Option<Intent>,
    /// The run, once known.
    pub run_id: Option<u64>,
    /// Where to watch the run.
    pub monitor_url: Option<String>,
    /// The states seen, oldest first.
    #[serde(default)]
    pub states: Vec<StateChange>,
    /// Whether results.json belongs to this run already.
    #[serde(default)]
    pub collected: bool,
    /// Whether the run was left on its own on purpose (`--detach`).
    #[serde(default)]
    pub detached: bool,
    /// What makes this run comparable with others.
    pub fingerprint: Fingerprint,
    /// How to run the same test once more; `None` for a run that another program started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// Why `run` ended without a run to judge; the next `run` or `wait` that succeeds removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<RunFailure>,
    /// The stop rule that was hit, written down before the run is cancelled for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStop>,
    /// The service's words on how the run ended, and what the engine adds (a Python traceback).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_message: Option<String>,
}

impl RunRecord {
    /// The record of a run of which nothing else is known yet.
    #[must_use]
    pub fn new(identity: RunIdentity, test: impl Into<String>, fingerprint: Fingerprint) -> Self {
        Self {
            schema_version: RUN_SCHEMA_VERSION,
            identity,
            test: test.into(),
            test_id: None,
            ephemeral: false,
            ephemeral_name: None,
            sent_files: false,
            intent: None,
            run_id: None,
            monitor_url: None,
            states: Vec::new(),
            collected: false,
            detached: false,
            fingerprint,
            recipe: None,
            failure: None,
            early_stop: None,
            end_message: None,
        }
    }

    /// Whether the run is one of LoadForge's API at this address.
    #[must_use]
    pub fn is_at(&self, api_url: &str) -> bool {
        let service = Some((Engine::Loadforge, api_url));
        self.identity.compare(&self.identity.build, service).relation != Relation::OtherService
    }

    /// The state a run ended in. A run that was seen running did launch, whatever the service calls its final state.
    #[must_use]
    pub fn end_state(&self, state: RunState) -> RunState {
        let ran = self.states.iter().any(|change| change.state == RunState::Running);
        if state == RunState::FailedToLaunch && ran { RunState::EndedEarly } else { state }
    }

    /// The run's number, where it is one that people know: that of files stands for their content, and each local run is the
    /// first of a server of its own.
    #[must_use]
    pub fn shown_id(&self) -> Option<u64> {
        self.run_id.filter(|_| self.identity.engine == Engine::Loadforge)
    }

    /// The last state seen.
    #[must_use]
    pub fn state(&self) -> Option<RunState> {
        self.states.last().map(|change| change.state)
    }

    /// Notes a state if it is new; true when it was.
    pub fn note(&mut self, state: RunState, at: Timestamp) -> bool {
        let state = self.end_state(state);
        let new = self.state() != Some(state);
        if new {
            self.states.push(StateChange { state, at });
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_from_three_on_is_an_end() {
        for code in -1..=20 {
            assert_eq!(RunState::of_code(code).is_end(), code >= 3, "{code}");
        }
    }

    #[test]
    fn two_fingerprints_name_the_fields_that_differ() {
        let this = Fingerprint { users: Some(50), ..Fingerprint::default() };
        let that = Fingerprint { users: Some(200), regions: [("nyc3".to_owned(), 1)].into(), ..Fingerprint::default() };
        let fields: Vec<_> = this.differences(&that).into_iter().map(|(field, ..)| field).collect();
        assert_eq!(fields, ["users", "regions"]);
        assert!(this.differences(&this).is_empty());
    }
}
