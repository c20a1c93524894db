//! One row of the verdict: one gate on one endpoint.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reason::{Reason, ReasonFields};
use super::{Outcome, RowAttempts, Severity, Since, Unit, WhatNow};
use crate::results::EndpointKey;

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// All requests together.
    All,
    /// One endpoint.
    Endpoint(EndpointKey),
    /// A selector that matched no endpoint, as it was written.
    NoMatch(String),
    /// The run itself: did it send anything, was the load generator healthy.
    Run,
    /// LoadForge's own targets of the saved test (`run_passed`).
    LoadforgeTargets,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all requests"),
            Self::Endpoint(key) => key.fmt(f),
            Self::NoMatch(selector) => f.write_str(selector),
            Self::Run => f.write_str("the run"),
            Self::LoadforgeTargets => f.write_str("LoadForge targets"),
        }
    }
}

/// How the observed value is compared with the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    /// Below.
    #[serde(rename = "<")]
    Less,
    /// At most.
    #[serde(rename = "<=")]
    LessOrEqual,
    /// Above.
    #[serde(rename = ">")]
    Greater,
    /// At least.
    #[serde(rename = ">=")]
    GreaterOrEqual,
    /// Exactly.
    #[serde(rename = "==")]
    Equal,
}

impl Operator {
    /// Whether `observed operator limit` holds.
    #[must_use]
    pub fn holds(self, observed: f64, limit: f64) -> bool {
        match self {
            Self::Less => observed < limit,
            Self::LessOrEqual => observed <= limit,
            Self::Greater => observed > limit,
            Self::GreaterOrEqual => observed >= limit,
            Self::Equal => observed == limit,
        }
    }

    /// How far a value is from the limit, in percent of the limit; negative beyond it. `None` where that is no number.
    #[must_use]
    pub fn headroom_percent(self, observed: f64, limit: f64) -> Option<f64> {
        let distance = match self {
            Self::Less | Self::LessOrEqual => limit - observed,
            Self::Greater | Self::GreaterOrEqual => observed - limit,
            Self::Equal => -(observed - limit).abs(),
        };
        let percent = distance / limit.abs() * 100.0;
        (limit != 0.0 && percent.is_finite()).then_some(percent)
    }

    /// Whether smaller values are better.
    #[must_use]
    pub const fn wants_less(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
        })
    }
}

/// Where a gate was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In a file, at a line (from 1).
    File {
        /// The file, as it was named.
        path: String,
        /// The line, from 1.
        line: u32,
    },
    /// On the command line (`--gate`) or in `LOADFORGE_CI_GATE`.
    Flag,
    /// On the command line, as a stop rule (`--stop`).
    StopFlag,
    /// Nowhere: it applies by default.
    Default,
}

/// What one run showed of a row whose limit knows what the run did to all endpoints. Further runs decide by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// The value is beyond the limit that two runs must exceed.
    pub beyond_two: bool,
    /// The value is beyond the lower limit that three runs must exceed.
    pub beyond_three: bool,
    /// The value is too high, but the environment of the run explains it.
    pub explained: bool,
    /// Everything is slower than good runs ever were: one more run of the same environment would decide nothing.
    pub unusual: bool,
}

/// A row's value against the history of good runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgainstBaseline {
    /// The baseline's median, in the row's unit. `None` when there is no baseline yet.
    pub median: Option<f64>,
    /// Good runs behind it.
    pub runs: u32,
    /// Change of this run against the median, %: +34 means 34 % more.
    pub change_percent: Option<f64>,
    /// The values of the good runs, oldest first, for a sparkline.
    pub recent: Vec<f64>,
    /// What this run showed, where the limit knows the environment. Not kept in files: further runs follow at once.
    #[serde(skip)]
    pub shown: Option<Shown>,
}

/// A waiver that was applied to a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverNote {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Its last day, `YYYY-MM-DD`.
    pub expires: String,
}

/// One gate on one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The gate as it was written, white space folded.
    pub gate: String,
    /// Which gate made the row: its position among the gates that were judged, from 0. `None` for rows that no gate makes
    /// (the run itself, LoadForge's targets, a waiver that nothing needs) and in files of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_index: Option<u32>,
    /// Where it was written.
    pub origin: Origin,
    /// What it means when it is not met.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// The measure as written in a gate: `p95`, `error_rate`, `errors(5xx)`, `drift(p95)`.
    pub measure: String,
    /// The unit of `observed` and `limit`.
    pub unit: Unit,
    /// How it ended.
    pub outcome: Outcome,
    /// What was measured; `None` when it could not be.
    pub observed: Option<f64>,
    /// What the second run of `--confirm` measured, where there was one and the row compares with the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_observed: Option<f64>,
    /// What the third run of `--confirm` measured, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_observed: Option<f64>,
    /// The values of the attempts at this commit, where several count; the row is judged by what they are together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<RowAttempts>,
    /// What the control run against a known-good deployment measured, where there was one and it decides about the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_observed: Option<f64>,
    /// How the value is compared with the limit; `None` for rows that compare nothing.
    pub operator: Option<Operator>,
    /// The limit; for `vs baseline` the one learned from history. `None` when there is none.
    pub limit: Option<f64>,
    /// How far the value is from the limit, in percent of the limit; negative beyond it.
    pub headroom_percent: Option<f64>,
    /// Requests behind the value.
    pub requests: u64,
    /// True when the value is an estimate from the windows of the history.
    #[serde(default)]
    pub estimated: bool,
    /// True for an inconclusive row that does not count: there is nothing to compare with yet. The verdict is then
    /// made by the other rows.
    #[serde(default)]
    pub allowed: bool,
    /// True for the stop rule that ended the run before its time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped_run: bool,
    /// The value against the history of good runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<AgainstBaseline>,
    /// Since which build the value is worse, where the last builds show it. It says nothing about the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Box<Since>>,
    /// Why it ended this way.
    #[serde(flatten)]
    #[schemars(with = "ReasonFields")]
    pub reason: Reason,
    /// The waiver that lets it pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverNote>,
    /// Whose it is, where somebody is named and it is no pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What to do about it, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what_now: Option<WhatNow>,
}

/// Which row of a verdict: a gate on a subject. Two runs that are judged by the same gates have the same ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowId<'a> {
    gate_index: u32,
    subject: &'a Subject,
}

impl Row {
    /// A row that could not be judged so far: inconclusive, with nothing measured and no limit. It stops the build when
    /// it fails, and no gate made it.
    #[must_use]
    pub fn open(
        gate: impl Into<String>,
        origin: Origin,
        subject: Subject,
        measure: impl Into<String>,
        unit: Unit,
    ) -> Self {
        Self {
            gate: gate.into(),
            gate_index: None,
            origin,
            severity: Severity::Fail,
            subject,
            measure: measure.into(),
            unit,
            outcome: Outcome::Inconclusive,
            observed: None,
            second_observed: None,
            third_observed: None,
            attempts: None,
            control_observed: None,
            operator: None,
            limit: None,
            headroom_percent: None,
            requests: 0,
            estimated: false,
            allowed: false,
            stopped_run: false,
            baseline: None,
            since: None,
            reason: Reason::default(),
            waiver: None,
            owner: None,
            what_now: None,
        }
    }

    /// Which row this is; `None` when no gate made it.
    #[must_use]
    pub fn id(&self) -> Option<RowId<'_>> {
        self.gate_index.map(|gate_index| RowId { gate_index, subject: &self.subject })
    }

    /// The value that the row is judged by: that of all attempts together where there are several.
    #[must_use]
    pub fn judged_value(&self) -> Option<f64> {
        self.attempts.as_ref().map(|attempts| attempts.together).or(self.observed)
    }

    /// The observed value with its unit, or a dash; with further runs, several attempts or a control, all values.
    #[must_use]
    pub fn observed_text(&self) -> String {
        if let Some(attempts) = &self.attempts {
            return attempts.text(self.unit);
        }
        let value = |observed: Option<f64>| {
            observed.map_or_else(
                || "–".to_owned(),
                |value| format!("{}{}", if self.estimated { "≈ " } else { "" }, self.unit.show(value)),
            )
        };
        let runs = match (self.second_observed, self.third_observed) {
            (None, None) => value(self.observed),
            (second, None) => format!("{}, then {}", value(self.observed), value(second)),
            (second, third) => format!("{}, then {} and {}", value(self.observed), value(second), value(third)),
        };
        match self.control_observed {
            None => runs,
            control => format!("{runs}; control {}", value(control)),
        }
    }

    /// Whether the row could not be judged yet and may stay so: there is nothing to compare with. It does not count.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.allowed && self.outcome == Outcome::Inconclusive
    }

    /// Whether the goal was missed, regardless of the outcome.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        match self.outcome {
            Outcome::Fail => true,
            Outcome::Warn => self.subject != Subject::Run,
            Outcome::Pass | Outcome::Inconclusive => false,
        }
    }

    /// The operator and the limit with its unit, or a dash.
    #[must_use]
    pub fn limit_text(&self) -> String {
        match (self.operator, self.limit) {
            (Some(operator), Some(limit)) => format!("{operator} {}", self.unit.show(limit)),
            _ => "–".to_owned(),
        }
    }
}
