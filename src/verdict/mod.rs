//! What was judged: the data that `gate` and `insight` make, `report` and `github` show, and `verdict.json` holds.

mod attempts;
mod comparison;
mod control;
mod finding;
mod options;
mod outcome;
mod reason;
mod row;
mod since;
mod unit;
mod what_now;

pub use attempts::{AttemptsPolicy, CommitAttempts, EarlierAttempt, RowAttempts};
pub use comparison::{Direction, EndpointMove, RunComparison, SideOfComparison, ValueMove};
pub use control::{Control, ControlConclusion, ControlDifference};
pub use finding::{Finding, FindingKind};
pub use options::{OnInconclusive, TargetPolicy};
pub use outcome::{Outcome, Severity};
pub use reason::Reason;
pub use row::{AgainstBaseline, Operator, Origin, Row, RowId, Shown, Subject, WaiverNote};
pub use since::{BuildRef, EndpointChange, Since};
pub use unit::Unit;
pub use what_now::WhatNow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of `verdict.json` this program writes.
pub const VERDICT_SCHEMA_VERSION: u32 = 1;

/// The verdict on one run: one row per gate and endpoint, and the worst of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Always [`VERDICT_SCHEMA_VERSION`] in files this version writes.
    pub schema_version: u32,
    /// The worst row, with what a waiver or `on_inconclusive` allows already taken into account.
    pub outcome: Outcome,
    /// What was judged where no run is recorded: the stats file's name with what tells it from others of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<String>,
    /// The verdict in one sentence, for the top of every report.
    pub sentence: String,
    /// What the comparisons with the history point to: the code, its environment, the load generator, or not enough to
    /// tell; one line with the numbers. `None` where nothing was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Every row, in the order of the gates.
    pub rows: Vec<Row>,
    /// Whether a comment mentions the owners of failed rows, so that they are notified.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mention_owners: bool,
    /// What the numbers mean over time. Findings never change the outcome.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The endpoints that are slower since a build, as the last builds show it, the largest change first. They never
    /// change the outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<EndpointChange>,
    /// The further runs that decided about comparisons with the history, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// The earlier attempts at this commit that count together with this one, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<CommitAttempts>,
    /// The run against a known-good deployment, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
}

/// Further runs of the same test (`--confirm`). Their values are beside those of the first one, in the rows that compare
/// with the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// The second run.
    pub run_id: Option<u64>,
    /// The third run, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_run_id: Option<u64>,
    /// What they cost together, in words.
    pub cost: String,
}

impl Verdict {
    /// A verdict with these rows; its outcome and sentence are still to be made of them.
    #[must_use]
    pub fn new(rows: Vec<Row>) -> Self {
        Self {
            schema_version: VERDICT_SCHEMA_VERSION,
            outcome: Outcome::Inconclusive,
            judged: None,
            sentence: String::new(),
            evidence: None,
            rows,
            mention_owners: false,
            findings: Vec::new(),
            changes: Vec::new(),
            confirmation: None,
            attempts: None,
            control: None,
        }
    }

    /// The row of this id.
    #[must_use]
    pub fn row(&self, id: RowId<'_>) -> Option<&Row> {
        self.rows.iter().find(|row| row.id() == Some(id))
    }

    /// The rows that ended this way.
    pub fn rows_with(&self, outcome: Outcome) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.outcome == outcome)
    }
}
