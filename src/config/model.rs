//! The keys of `loadforge.yml`, and the resulting settings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::gate_list::{gate_list, some_gate_list};
use super::judged_test::JudgedTest;
use super::test_section::TestSection;
use super::{ConfirmSection, ControlSection, Duration, Owners, OwnershipSection, StopSection};
use crate::gate::{GateLine, PlacedGate, PlacedStopRule, Waiver, WaiverEntry};
use crate::verdict::{AttemptsPolicy, OnInconclusive, TargetPolicy};

/// The configuration a command goes by: the file with a profile laid over it, every gate and waiver parsed.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// What to run and in which shape.
    pub test: TestSection,
    /// The names of the tests under `tests:`.
    pub tests: Vec<String>,
    /// What must never be hit.
    pub guard: Guard,
    /// What must hold, each gate with its place.
    pub gates: Vec<PlacedGate>,
    /// When to end a run before its time, each rule with its place.
    pub stop: Vec<PlacedStopRule>,
    /// Gates that may fail for a while, each with its place.
    pub waivers: Vec<Waiver>,
    /// Whose each endpoint is.
    pub owners: Owners,
    /// The history to compare with.
    pub baseline: BaselineSection,
    /// Further runs before a comparison with the history fails the build.
    pub confirm: ConfirmSection,
    /// The known-good deployment to compare with.
    pub control: ControlSection,
    /// What a gate that could not be judged means; `None` is the default, `fail`.
    pub on_inconclusive: Option<OnInconclusive>,
    /// What the saved test's own targets (`run_passed`) mean; `None` is the default, `fail`.
    pub loadforge_targets: Option<TargetPolicy>,
    /// How several attempts at one commit are judged; `None` is the default, `together`.
    pub attempts: Option<AttemptsPolicy>,
}

/// The whole file. Every part is optional; unknown and duplicate keys are errors.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[serde(bound(deserialize = "T: Default + Deserialize<'de>"))]
#[schemars(title = "loadforge.yml", bound = "T: Default + JsonSchema")]
pub struct ConfigFile<T = TestSection> {
    /// What to run and in which shape; with `tests`, what they have in common.
    pub test: T,
    /// Several tests by name, each with the keys of `test`, whose values it overrides. `--name` picks one.
    pub tests: BTreeMap<String, T>,
    /// What must never be hit.
    pub guard: Guard,
    /// What must hold, one gate per line.
    #[schemars(with = "Vec<GateLine>")]
    #[serde(deserialize_with = "gate_list")]
    pub gates: Vec<Spanned<GateLine>>,
    /// When to end a run before its time. Default: when every request failed until a minute after the ramp-up.
    pub stop: StopSection,
    /// Gates that may fail for a while.
    #[schemars(with = "Vec<Waiver>")]
    pub waivers: Vec<Spanned<WaiverEntry>>,
    /// Whose each endpoint is: an endpoint or a glob, and a person or a team such as `@identity-team`. Shown for rows that
    /// are no pass; the longest pattern wins.
    pub owners: BTreeMap<String, String>,
    /// Owners of what `owners` does not name, and whether they are mentioned.
    pub ownership: OwnershipSection,
    /// The history to compare with.
    pub baseline: BaselineSection,
    /// Further runs before a comparison with the history fails the build.
    pub confirm: ConfirmSection,
    /// A known-good deployment that tells slow code from a slow environment.
    pub control: ControlSection,
    /// What a gate that could not be judged means. Default: `fail`.
    pub on_inconclusive: Option<OnInconclusive>,
    /// What the saved test's own targets (`run_passed`) mean. Default: `fail`.
    pub loadforge_targets: Option<TargetPolicy>,
    /// How several attempts at one commit are judged: by the median of all, or by the last alone. Default: `together`.
    pub attempts: Option<AttemptsPolicy>,
    /// Named variants; the values of a profile override the rest of the file.
    pub profiles: BTreeMap<String, Profile<T>>,
}

/// What must never be hit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// The only hosts a run may go to, checked before anything starts. `*` matches one or more labels.
    pub allowed_hosts: Vec<String>,
}

/// The history to compare with.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BaselineSection {
    /// The branch whose good runs count. Default: `main`.
    pub branch: Option<String>,
    /// How many of the last good runs count. Default: 20.
    #[schemars(range(min = 1))]
    pub runs: Option<u32>,
    /// How old a run may be. Default: 90d.
    pub max_age: Option<Duration>,
}

/// A named variant of the file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[serde(bound(deserialize = "T: Default + Deserialize<'de>"))]
#[schemars(rename = "Profile", bound = "T: Default + JsonSchema")]
pub struct Profile<T = TestSection> {
    /// What differs in the test. Regions and `env` replace those of the file.
    pub test: T,
    /// The only hosts this variant may go to, in place of the file's.
    pub guard: Option<Guard>,
    /// Gates in place of the file's.
    #[schemars(with = "Option<Vec<GateLine>>")]
    #[serde(deserialize_with = "some_gate_list")]
    pub gates: Option<Vec<Spanned<GateLine>>>,
    /// Stop rules in place of the file's.
    pub stop: Option<StopSection>,
    /// What differs in the history to compare with.
    pub baseline: BaselineSection,
    /// What differs in the further runs.
    pub confirm: ConfirmSection,
    /// What differs in the known-good deployment.
    pub control: ControlSection,
    /// What a gate that could not be judged means.
    pub on_inconclusive: Option<OnInconclusive>,
    /// What the saved test's own targets mean.
    pub loadforge_targets: Option<TargetPolicy>,
    /// How several attempts at one commit are judged.
    pub attempts: Option<AttemptsPolicy>,
}

impl ConfigFile<JudgedTest> {
    /// The same with nothing of the tests but what judging needs.
    pub(super) fn without_test(self) -> ConfigFile {
        let Self {
            test,
            tests,
            guard,
            gates,
            stop,
            waivers,
            owners,
            ownership,
            baseline,
            confirm,
            control,
            on_inconclusive,
            loadforge_targets,
            attempts,
            profiles,
        } = self;
        let profiles = profiles.into_iter().map(|(name, profile)| (name, profile.without_test())).collect();
        let test = test.into();
        let tests = tests.into_iter().map(|(name, test)| (name, test.into())).collect();
        ConfigFile {
            test,
            tests,
            guard,
            gates,
            stop,
            waivers,
            owners,
            ownership,
            baseline,
            confirm,
            control,
            on_inconclusive,
            loadforge_targets,
            attempts,
            profiles,
        }
    }
}

impl Profile<JudgedTest> {
    fn without_test(self) -> Profile {
        let Self { test, guard, gates, stop, baseline, confirm, control, on_inconclusive, loadforge_targets, attempts } =
            self;
        let test = test.into();
        Profile { test, guard, gates, stop, baseline, confirm, control, on_inconclusive, loadforge_targets, attempts }
    }
}

impl ConfigFile {
    /// Merges a profile into the file: the profile's values win.
    pub(super) fn merge(&mut self, profile: Profile) {
        let Profile {
            test,
            guard,
            gates,
            stop,
            baseline,
            confirm,
            control,
            on_inconclusive,
            loadforge_targets,
            attempts,
        } = profile;
        self.test.merge(test);
        self.guard = guard.unwrap_or_else(|| std::mem::take(&mut self.guard));
        self.gates = gates.unwrap_or_else(|| std::mem::take(&mut self.gates));
        self.stop = stop.unwrap_or_else(|| std::mem::take(&mut self.stop));
        self.baseline.branch = baseline.branch.or(self.baseline.branch.take());
        self.baseline.runs = baseline.runs.or(self.baseline.runs);
        self.baseline.max_age = baseline.max_age.or(self.baseline.max_age);
        self.confirm.runs = confirm.runs.or(self.confirm.runs);
        self.confirm.duration = confirm.duration.or(self.confirm.duration);
        self.confirm.wait = confirm.wait.or(self.confirm.wait);
        self.control.target_host = control.target_host.or(self.control.target_host.take());
        self.on_inconclusive = on_inconclusive.or(self.on_inconclusive);
        self.loadforge_targets = loadforge_targets.or(self.loadforge_targets);
        self.attempts = attempts.or(self.attempts);
    }
}
