//! The rows of the gate table.

use serde::Serialize;

use super::strip;
use crate::report::context::WhatNowView;
use crate::report::{Story, wording};
use crate::verdict::{Outcome, Row};

/// Rows that did not pass on the page; more are counted, and all are in `verdict.json`.
const MOST_GATES: usize = 150;
/// The same for rows that passed.
const MOST_PASSED: usize = 60;
/// Owners named above the rows.
const MOST_OWNERS: usize = 5;

/// The rows by what they mean.
#[derive(Debug, Serialize)]
pub(super) struct GateRows {
    /// Failed, could not be judged, or warned.
    matter: Vec<GateView>,
    /// Not judged yet, which is allowed.
    waiting: Vec<GateView>,
    pass: Vec<GateView>,
    left_out: usize,
    /// Whose the rows are that stop the build, each once.
    owners: Vec<String>,
}

/// A row of the gate table.
#[derive(Debug, Serialize)]
struct GateView {
    outcome: Outcome,
    word: String,
    endpoint: String,
    measure: String,
    observed: String,
    limit: String,
    headroom: String,
    bar: String,
    change: String,
    sparkline: String,
    gate: String,
    place: String,
    reason: String,
    waiver: Option<String>,
    owner: Option<String>,
    now: Option<WhatNowView>,
}

impl GateRows {
    pub(super) fn of(story: &Story<'_>) -> Self {
        let rows = |outcome, most, waits| {
            let rows =
                wording::rows_with(story.verdict, outcome).into_iter().filter(move |row| row.is_waiting() == waits);
            rows.take(most).map(GateView::of).collect::<Vec<_>>()
        };
        let mut matter: Vec<GateView> = [Outcome::Fail, Outcome::Inconclusive, Outcome::Warn]
            .into_iter()
            .flat_map(|outcome| rows(outcome, MOST_GATES, false))
            .collect();
        matter.truncate(MOST_GATES);
        let waiting = rows(Outcome::Inconclusive, MOST_PASSED, true);
        let pass = rows(Outcome::Pass, MOST_PASSED, false);
        let left_out = story.verdict.rows.len() - matter.len() - waiting.len() - pass.len();
        let mut owners = Vec::new();
        for owner in story.verdict.rows_with(Outcome::Fail).filter_map(|row| row.owner.clone()) {
            if !owners.contains(&owner) && owners.len() < MOST_OWNERS {
                owners.push(owner);
            }
        }
        Self { matter, waiting, pass, left_out, owners }
    }
}

impl GateView {
    fn of(row: &Row) -> Self {
        Self {
            outcome: row.outcome,
            word: wording::outcome_text(row),
            endpoint: row.subject.to_string(),
            measure: row.measure.clone(),
            observed: row.observed_text(),
            limit: row.limit_text(),
            headroom: wording::headroom_text(row),
            bar: strip::headroom(row),
            change: wording::change_text(row),
            sparkline: wording::sparkline(row),
            gate: row.gate.clone(),
            place: wording::place(&row.origin),
            reason: wording::closed(&wording::reason_and_since(row)),
            waiver: row.waiver.as_ref().map(|waiver| {
                wording::closed(&format!("Waived by {} until {}: {}", waiver.owner, waiver.expires, waiver.reason))
            }),
            owner: row.owner.clone(),
            now: row.what_now.as_ref().map(WhatNowView::from),
        }
    }
}
