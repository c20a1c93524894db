//! Which runs of the history a run is compared with.

use std::time::Duration;

use jiff::Timestamp;

use super::history_error::HistoryError;
use super::index::HistoryIndex;
use super::keep::SEEN_BUILDS;
use super::record::{EndpointRecord, GoodRun, Recorded, RunName, age, is_exact, started};
use crate::config::BaselineSection;
use crate::gate::{FieldDifference, PlacedGate};
use crate::results::{EndpointKey, Fingerprint, Results, RunRecord};
use crate::text::counted;
use crate::verdict::Severity;

/// Which good runs count.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The branch whose runs count; `None` takes any.
    pub branch: Option<String>,
    /// How many of the last ones count.
    pub runs: usize,
    /// How old they may be.
    pub max_age: Duration,
    /// The present.
    pub now: Timestamp,
}

impl Rules {
    /// The rules of a `baseline:` section: by default the last 20 good runs of `main`, none older than 90 days.
    #[must_use]
    pub fn of(section: &BaselineSection, now: Timestamp) -> Self {
        Self {
            branch: Some(section.branch.clone().unwrap_or_else(|| "main".into())),
            runs: section.runs.map_or(20, |runs| runs as usize),
            max_age: section.max_age.map_or(Duration::from_secs(90 * 86_400), |age| age.to_std()),
            now,
        }
    }

    pub(super) fn admit(&self, run: &impl Recorded) -> bool {
        self.branch.as_ref().is_none_or(|branch| run.branch() == Some(branch))
            && age(run.at(), self.now) <= self.max_age
    }
}

/// The properties of the judged run that the history needs.
#[derive(Debug, Clone, PartialEq)]
pub struct ThisRun {
    /// What makes it comparable.
    pub fingerprint: Fingerprint,
    /// Its identity and start, so that it is never compared with itself.
    pub run: Option<(RunName, Option<Timestamp>)>,
    /// The commit under test.
    pub commit: Option<String>,
    /// Whether its percentiles are free of Locust's rounding.
    pub exact: bool,
    /// Rows of its verdict that compare with the history and can fail the build.
    pub rows: usize,
    /// What it measured, by endpoint: what a run did to all of them is not the fault of one.
    pub endpoints: Vec<EndpointRecord>,
    /// All requests together.
    pub total: EndpointRecord,
    /// How many runs of this build there may be, 1 without `--confirm`.
    pub most_runs: usize,
    /// Whether it was as long as the runs it is compared with; a further run may be shorter.
    pub as_long: bool,
}

impl ThisRun {
    /// The run of a results folder, to be judged by these gates.
    #[must_use]
    pub fn of(record: &RunRecord, results: &Results, gates: &[PlacedGate]) -> Self {
        Self {
            fingerprint: record.fingerprint.clone(),
            run: RunName::of(record).map(|name| (name, started(record))),
            commit: record.identity.build.commit.clone(),
            exact: is_exact(results),
            rows: rows_at_stake(
                gates,
                results.endpoints.iter().map(|endpoint| (endpoint.method.as_str(), endpoint.name.as_str())),
            ),
            endpoints: results.endpoints.iter().map(EndpointRecord::of).collect(),
            total: EndpointRecord::of(&results.total),
            most_runs: 1,
            as_long: is_as_long(record),
        }
    }

    /// A run of the history, as on its day.
    #[must_use]
    pub fn recorded(run: &GoodRun, gates: &[PlacedGate]) -> Self {
        Self {
            fingerprint: run.fingerprint.clone(),
            run: Some((run.run.clone(), Some(run.at))),
            commit: run.commit.clone(),
            exact: run.exact,
            rows: rows_at_stake(gates, run.endpoints.iter().map(|one| (one.method.as_str(), one.name.as_str()))),
            endpoints: run.endpoints.clone(),
            total: run.total.clone(),
            most_runs: 1,
            as_long: true,
        }
    }

    /// The endpoints it called.
    #[must_use]
    pub fn endpoint_keys(&self) -> Vec<EndpointKey> {
        self.endpoints.iter().filter(|one| one.requests > 0).map(EndpointRecord::key).collect()
    }

    /// `run 22 of 2026-05-23`, as far as it is known.
    pub(super) fn name(&self) -> String {
        match &self.run {
            Some((name, Some(at))) => format!("run {} of {}", name.id, at.strftime("%Y-%m-%d")),
            Some((name, None)) => format!("run {}", name.id),
            None => "this run".to_owned(),
        }
    }

    /// What it measured of an endpoint, or of all requests together.
    pub(super) fn measured(&self, endpoint: Option<&EndpointKey>) -> Option<&EndpointRecord> {
        match endpoint {
            None => Some(&self.total),
            Some(key) => self.endpoints.iter().find(|one| one.method == key.method && one.name == key.name),
        }
    }

    /// The same when there may be so many runs of the build.
    #[must_use]
    pub fn with_most_runs(self, most_runs: usize) -> Self {
        Self { most_runs, ..self }
    }
}

/// Whether a run was as long as its fingerprint says, as far as the record knows.
fn is_as_long(record: &RunRecord) -> bool {
    let planned = record.recipe.as_ref().map(|recipe| recipe.duration_s);
    planned.zip(record.fingerprint.duration_s).is_none_or(|(planned, seconds)| planned.round() as u64 == seconds)
}

/// How many rows these gates make that compare with the history and can fail the build.
fn rows_at_stake<'a>(gates: &[PlacedGate], endpoints: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> usize {
    gates
        .iter()
        // Where it judges at all, it adds one row.
        .filter(|placed| !placed.is_default_throughput())
        .map(|placed| &placed.gate)
        .filter(|gate| gate.is_vs_baseline() && gate.severity == Severity::Fail)
        .map(|gate| match &gate.selector {
            None => 1,
            Some(selector) => endpoints.clone().filter(|(method, name)| selector.matches(method, name)).count(),
        })
        .sum()
}

/// The runs that may be compared with one run, and what is known of those that may not.
pub(super) struct Candidates<'r, R> {
    /// Runs of the same fingerprint, oldest first.
    pub(super) same: Vec<&'r R>,
    pub(super) others: OtherRuns,
}

/// Information about the runs that are not compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OtherRuns {
    /// Runs with another fingerprint.
    pub(super) left_out: usize,
    /// How the most similar of them differs, when there is no run to compare with.
    pub(super) differences: Vec<FieldDifference>,
    /// The reason when there is no run at all.
    pub(super) none: String,
}

impl OtherRuns {
    /// Nothing is known of them.
    pub(super) const fn unknown() -> Self {
        Self { left_out: 0, differences: Vec::new(), none: String::new() }
    }
}

impl<'r, R: Recorded> Candidates<'r, R> {
    /// Chooses among runs, oldest first.
    pub(super) fn of(all: &'r [R], rules: &Rules, this: &ThisRun) -> Self {
        let candidates = all.iter().filter(|run| rules.admit(*run) && !this.is(*run));
        let (same, other): (Vec<&R>, Vec<&R>) = candidates.partition(|run| *run.fingerprint() == this.fingerprint);
        let differences = if same.is_empty() { nearest_differences(&other, &this.fingerprint) } else { Vec::new() };
        Self { same, others: OtherRuns { left_out: other.len(), differences, none: rules.none(all.is_empty()) } }
    }
}

impl Rules {
    /// Why there is no run to compare with.
    fn none(&self, is_empty: bool) -> String {
        if is_empty {
            return "no good run is recorded".to_owned();
        }
        let branch = self.branch.as_ref().map(|name| format!(" of branch `{name}`")).unwrap_or_default();
        let days = counted(self.max_age.as_secs() / 86_400, "day");
        format!("no good run{branch} from the last {days} is recorded")
    }
}

impl ThisRun {
    /// Whether this run is that one of the history.
    pub(super) fn is(&self, run: &impl Recorded) -> bool {
        self.run.as_ref().is_some_and(|(name, at)| run.is(name, *at))
    }
}

/// The runs that one run is compared with, read out of a history of which nothing else was read.
#[derive(Debug, Clone)]
pub struct ComparableRuns {
    pub(super) runs: Vec<GoodRun>,
    pub(super) others: OtherRuns,
    /// Good runs before those, from which no limit is learned.
    pub(super) earlier: Vec<GoodRun>,
    /// Runs that failed or could not be judged.
    pub(super) failed: Vec<GoodRun>,
}

impl ComparableRuns {
    /// The same with the runs that failed ([`HistoryIndex::comparable_failed`]).
    #[must_use]
    pub fn with_failed(self, failed: Vec<GoodRun>) -> Self {
        Self { failed, ..self }
    }
}

impl HistoryIndex {
    /// Reads the last runs that a run is compared with, and those before them in which a change may be seen.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn comparable(&self, rules: &Rules, this: &ThisRun) -> Result<ComparableRuns, HistoryError> {
        let Candidates { mut same, others } = Candidates::of(self.heads(), rules, this);
        let mut earlier = Vec::new();
        let wanted = rules.runs.max(SEEN_BUILDS);
        // A line that turns out to be damaged makes room for an older one.
        while earlier.len() < wanted && !same.is_empty() {
            let next = same.split_off(same.len().saturating_sub(wanted - earlier.len()));
            let mut older = self.load(next)?;
            older.append(&mut earlier);
            earlier = older;
        }
        let runs = earlier.split_off(earlier.len().saturating_sub(rules.runs));
        Ok(ComparableRuns { runs, others, earlier, failed: Vec::new() })
    }
}

impl ComparableRuns {
    /// The newest `most` runs, also those from which no limit is learned, oldest first.
    pub fn newest(&self, most: usize) -> impl Iterator<Item = &GoodRun> {
        let all = self.earlier.len() + self.runs.len();
        self.earlier.iter().chain(&self.runs).skip(all.saturating_sub(most))
    }

    /// The runs, oldest first.
    #[must_use]
    pub fn into_runs(self) -> Vec<GoodRun> {
        self.runs
    }
}

/// How the most similar of these runs differs from a fingerprint; the newest of equals. Hashes are cut to what distinguishes
/// them apart.
fn nearest_differences<R: Recorded>(others: &[&R], fingerprint: &Fingerprint) -> Vec<FieldDifference> {
    let nearest = others.iter().rev().map(|run| fingerprint.differences(run.fingerprint())).min_by_key(Vec::len);
    let difference = |field: &str, value: String| match value.get(..8) {
        Some(begin) if field == "script_sha256" && value.len() == 64 => begin.to_owned(),
        _ => value,
    };
    nearest
        .unwrap_or_default()
        .into_iter()
        .map(|(field, this_run, history)| FieldDifference {
            field: field.into(),
            this_run: difference(field, this_run),
            history: difference(field, history),
        })
        .collect()
}
