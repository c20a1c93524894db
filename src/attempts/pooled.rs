//! One row in several attempts.

use super::record::{AttemptRow, measured};
use super::words::course;
use crate::series::median;
use crate::verdict::{Operator, Outcome, Row, RowAttempts, Severity, Subject};

/// Judges a row by all attempts. `earlier` is the row in the attempts before, oldest first, `attempts` how many count,
/// this one included. Returns what became of the row in each of them where that changes its outcome or differs.
///
/// The value is the median of what the attempts measured; what they could not judge does not count. A row without a value
/// (LoadForge's targets) stays failed until more attempts met it than missed it.
pub(super) fn pool(row: &mut Row, earlier: &[&AttemptRow], attempts: usize) -> Option<String> {
    let judged: Vec<&AttemptRow> = earlier.iter().copied().filter(|one| one.is_judged()).collect();
    if judged.is_empty() {
        return None;
    }
    let own = AttemptRow::of(row);
    let now = Some(&own).filter(|own| own.is_judged());
    let outcomes: Vec<Outcome> = judged.iter().copied().chain(now).map(|one| one.outcome).collect();
    let missed = outcomes.iter().copied().filter(|outcome| *outcome != Outcome::Pass).max();
    let before = row.outcome;
    let text = match Together::of(row, &judged, now) {
        Some(together) => {
            let always_failed = outcomes.iter().all(|outcome| *outcome == Outcome::Fail);
            row.outcome = if always_failed { Outcome::Fail } else { together.outcome(row, missed) };
            // It counts now, whatever this attempt had to compare with.
            row.allowed &= row.outcome == before;
            if now.is_none() && row.outcome == before {
                return None;
            }
            together.enter(row);
            format!("{}, limit {}", row.observed_text(), row.limit_text())
        }
        None => {
            let failed = judged.iter().filter(|one| one.outcome == Outcome::Fail).count();
            if before == Outcome::Fail || is_outvoted(failed, attempts - usize::from(now.is_none())) {
                return None;
            }
            row.outcome = Outcome::Fail;
            format!("missed in {failed} of {attempts} attempts")
        }
    };
    let differs = outcomes.iter().any(|outcome| *outcome != outcomes[0]);
    if !differs && row.outcome == before && row.outcome == Outcome::Pass {
        return None;
    }
    let open = if now.is_none() {
        format!(" (this attempt could not judge it: {})", row.reason.outcome)
    } else {
        String::new()
    };
    let course = course(&outcomes);
    row.reason.outcome = match together_measure(row) {
        Some(measure) => format!("{course}: {measure} {text}{open}"),
        None => format!("{course}: {text}{open}"),
    };
    Some(row.reason.outcome.clone())
}

/// A row that an earlier attempt failed and this one does not have: the endpoint was not called, or what failed is not
/// there any more. It stays failed until more attempts did without it than failed it.
pub(super) fn carry(earlier: &[&AttemptRow], attempts: usize) -> Option<Row> {
    let failed: Vec<&AttemptRow> = earlier.iter().copied().filter(|one| one.outcome == Outcome::Fail).collect();
    let last = *failed.last().filter(|_| !is_outvoted(failed.len(), attempts))?;
    let mut row = Row {
        severity: last.severity,
        operator: last.operator,
        limit: last.limit,
        outcome: Outcome::Fail,
        ..Row::open(last.gate.clone(), last.origin.clone(), last.subject.clone(), last.measure.clone(), last.unit)
    };
    let value = last.value.map_or_else(String::new, |value| {
        format!(" ({} {}, limit {})", last.measure, last.unit.show(value), row.limit_text())
    });
    let times = format!("failed in {} of {attempts} attempts at this commit{value}", failed.len());
    row.reason = match last.subject {
        Subject::Endpoint(_) => format!("{times}; this attempt did not measure it").into(),
        _ => format!("{times}; not in this attempt").into(),
    };
    Some(row)
}

/// Whether more attempts did not fail than failed.
const fn is_outvoted(failed: usize, attempts: usize) -> bool {
    failed * 2 < attempts
}

/// The measure, where the row has a value.
fn together_measure(row: &Row) -> Option<&str> {
    row.attempts.as_ref().map(|_| row.measure.as_str())
}

/// The values of a row in all attempts.
struct Together {
    values: Vec<f64>,
    value: f64,
    operator: Operator,
    limit: f64,
}

impl Together {
    /// `None` where a judged attempt compared no value.
    fn of(row: &Row, judged: &[&AttemptRow], now: Option<&AttemptRow>) -> Option<Self> {
        let all = || judged.iter().copied().chain(now);
        let comparisons: Option<Vec<(f64, f64)>> = all().map(|one| one.value.zip(one.limit)).collect();
        let (mut values, limits): (Vec<f64>, Vec<f64>) = comparisons?.into_iter().unzip();
        // Measured, with nothing to compare it with in this attempt.
        values.extend(measured(row).filter(|_| row.is_waiting()));
        let (value, limit) = (median(values.iter().copied())?, median(limits)?);
        let operator = all().find_map(|one| one.operator)?;
        Some(Self { values, value, operator, limit })
    }

    fn outcome(&self, row: &Row, missed: Option<Outcome>) -> Outcome {
        let is_open = row.outcome == Outcome::Inconclusive;
        if !self.operator.holds(self.value, self.limit) {
            let worst = missed.unwrap_or(row.outcome);
            return if row.severity == Severity::Warn { worst.min(Outcome::Warn) } else { worst };
        }
        // What a further run of this attempt did not confirm stays a warning.
        let unconfirmed = row.outcome == Outcome::Warn && row.second_observed.is_some();
        if is_open || unconfirmed { row.outcome } else { Outcome::Pass }
    }

    fn enter(self, row: &mut Row) {
        row.operator = Some(self.operator);
        row.limit = Some(self.limit);
        row.headroom_percent = self.operator.headroom_percent(self.value, self.limit);
        if let Some(baseline) = &mut row.baseline
            && let Some(median) = baseline.median.filter(|median| *median != 0.0)
        {
            baseline.change_percent = Some((self.value / median - 1.0) * 100.0);
        }
        row.attempts = Some(RowAttempts { values: self.values, together: self.value });
    }
}
