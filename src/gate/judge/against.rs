//! A value against what the history of good runs says.

use super::decide::Comparison;
use super::{open_requests, rows};
use crate::gate::BaselineAnswer;
use crate::verdict::{AgainstBaseline, Outcome, Row};

/// Judges a value against what the history says.
pub(super) fn judge(row: &mut Row, answer: &BaselineAnswer, mut comparison: Comparison<'_>, open: u64) {
    let BaselineAnswer::Limit { limit, median, runs, recent, warn_only, reason, shown, new_failures } = answer else {
        return rows::without_limit(row, comparison.observed, answer);
    };
    comparison.limit = *limit;
    comparison.learned = true;
    row.limit = Some(*limit);
    rows::settle(row, comparison.observed, comparison.decide());
    open_requests::check(row, &comparison, open);
    let change = (comparison.observed / median - 1.0) * 100.0;
    row.baseline = Some(AgainstBaseline {
        median: Some(*median),
        runs: *runs,
        change_percent: change.is_finite().then_some(change),
        recent: recent.clone(),
        // What too few requests leave open, no further run decides by.
        shown: shown.filter(|_| row.outcome != Outcome::Inconclusive),
    });
    if row.outcome == Outcome::Fail && *warn_only {
        row.outcome = Outcome::Warn;
    }
    if row.outcome == Outcome::Pass && shown.is_some_and(|shown| shown.explained) {
        rows::explained(row);
    }
    if row.outcome == Outcome::Pass && *new_failures {
        rows::new_failures(row, comparison.endpoint, *runs);
    }
    row.reason.limit = Some(reason.clone()).filter(|reason| !reason.is_empty());
}
