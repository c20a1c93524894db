//! One attempt as a line of the file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::results::{Build, Fingerprint, Relation, RunIdentity};
use crate::series::median;
use crate::verdict::{EarlierAttempt, Operator, Origin, Outcome, Row, Severity, Subject, Unit, Verdict};

/// The version of a line that this program writes.
pub const ATTEMPTS_SCHEMA_VERSION: u32 = 1;

/// One attempt at a commit: the job that judged, what it judged, and every row with its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobAttempt {
    /// Always [`ATTEMPTS_SCHEMA_VERSION`] in lines this version writes.
    pub schema_version: u32,
    /// What was judged: the run by its service, number and start, or a digest of the files. Judging it again in the same
    /// job is the same attempt.
    pub run: String,
    /// When it was judged.
    pub at: Timestamp,
    /// The job that judged.
    #[serde(flatten)]
    pub build: Build,
    /// What the run was: only attempts with the same settings count together.
    pub recipe: Fingerprint,
    /// The verdict on this attempt alone.
    pub verdict: Outcome,
    /// The verdict on it and the attempts before it, which decided the exit code.
    pub together: Outcome,
    /// The rows of this attempt alone, before waivers.
    pub rows: Vec<AttemptRow>,
}

/// One row of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// The gate as it was written.
    pub gate: String,
    /// Whether a gate made the row. Others are about the run, LoadForge's targets or an endpoint that always failed.
    #[serde(default)]
    pub by_gate: bool,
    /// Where it was written.
    pub origin: Origin,
    /// What the row is about.
    pub subject: Subject,
    /// The measure as it is spoken.
    pub measure: String,
    /// The unit of value and limit.
    pub unit: Unit,
    /// What it means when it is not met.
    pub severity: Severity,
    /// How it ended in this attempt alone.
    pub outcome: Outcome,
    /// What was measured; with further runs the median of the runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// How value and limit are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Operator>,
    /// The limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

impl JobAttempt {
    /// The attempt of a job that judged a run alone. `together` is the same as the verdict until earlier attempts change
    /// it.
    #[must_use]
    pub fn new(run: String, at: Timestamp, build: Build, recipe: Fingerprint, verdict: &Verdict) -> Self {
        Self {
            schema_version: ATTEMPTS_SCHEMA_VERSION,
            run,
            at,
            build,
            recipe,
            verdict: verdict.outcome,
            together: verdict.outcome,
            rows: verdict.rows.iter().map(AttemptRow::of).collect(),
        }
    }

    /// Whether both are of the same commit, job, profile and settings.
    #[must_use]
    pub fn is_of_the_same_job(&self, other: &Self) -> bool {
        let identity = |attempt: &Self| RunIdentity {
            build: attempt.build.clone(),
            ..RunIdentity::new(attempt.recipe.engine, "")
        };
        let relation = identity(self).compare(&other.build, None).relation;
        self.build.commit.is_some()
            && matches!(relation, Relation::SameRun | Relation::OtherAttempt)
            && self.recipe == other.recipe
    }

    /// What reports say of it, as an attempt before theirs.
    #[must_use]
    pub fn summary(&self) -> EarlierAttempt {
        EarlierAttempt { at: self.at, workflow: self.build.workflow.clone(), outcome: self.verdict }
    }
}

impl AttemptRow {
    /// What is kept of a row.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self {
            gate: row.gate.clone(),
            by_gate: row.gate_index.is_some(),
            origin: row.origin.clone(),
            subject: row.subject.clone(),
            measure: row.measure.clone(),
            unit: row.unit,
            severity: row.severity,
            outcome: row.outcome,
            value: measured(row),
            operator: row.operator,
            limit: row.limit,
        }
    }

    /// Whether the row was judged: what could not be judged says nothing.
    #[must_use]
    pub const fn is_judged(&self) -> bool {
        !matches!(self.outcome, Outcome::Inconclusive)
    }
}

/// What an attempt measured of a row; with further runs the median of the runs.
pub(super) fn measured(row: &Row) -> Option<f64> {
    let finite = |value: &f64| value.is_finite();
    median([row.observed, row.second_observed, row.third_observed].into_iter().flatten().filter(finite))
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptLine {
    /// An attempt.
    Attempt(Box<JobAttempt>),
    /// Written by a later version of this program: kept as it is, not read.
    Newer,
    /// Not a whole record: cut off, or changed by hand.
    Damaged,
}

impl AttemptLine {
    /// Reads a line, without its line end. Never fails: what is not a record is [`AttemptLine::Damaged`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        #[derive(Deserialize)]
        struct WrittenBy {
            schema_version: u32,
        }
        match serde_json::from_str::<WrittenBy>(text) {
            Err(_) => Self::Damaged,
            Ok(WrittenBy { schema_version }) if schema_version > ATTEMPTS_SCHEMA_VERSION => Self::Newer,
            Ok(_) => serde_json::from_str(text).map_or(Self::Damaged, |attempt| Self::Attempt(Box::new(attempt))),
        }
    }
}
