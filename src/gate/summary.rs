//! The whole from its rows: the outcome, the sentence, the exit code.

use crate::exit::Exit;
use crate::verdict::{OnInconclusive, Outcome, Row, Severity, Subject, Verdict};

use super::judge::MOST_FAILED;
use super::sentence::sentence;

/// Sets the verdict's outcome and sentence from its rows. Call it again after rows were changed.
pub fn summarize(verdict: &mut Verdict, on_inconclusive: OnInconclusive) {
    verdict.outcome = overall(&verdict.rows, on_inconclusive);
    verdict.sentence = sentence(&verdict.rows, verdict.outcome);
}

/// Whether the run measured nothing at all, or hardly anything but failures that no gate judged.
fn measured_nothing(rows: &[Row]) -> bool {
    let open = rows.iter().filter(|row| row.subject == Subject::Run && row.outcome == Outcome::Inconclusive);
    open.into_iter().any(|row| row.requests == 0 || row.measure == MOST_FAILED)
}

/// The worst row. A row that is allowed to be inconclusive does not count, unless there is no other: nothing was
/// judged then, which is a warning. A `warn` gate that could not be judged is a warning too. No row at all is
/// inconclusive. `on_inconclusive: warn` makes the inconclusive a warning, but for a run that measured nothing.
fn overall(rows: &[Row], on_inconclusive: OnInconclusive) -> Outcome {
    let counted = rows.iter().filter(|row| !row.is_waiting()).map(|row| match (row.outcome, row.severity) {
        (Outcome::Inconclusive, Severity::Warn) => Outcome::Warn,
        (outcome, _) => outcome,
    });
    let worst = counted.max().unwrap_or(if rows.is_empty() { Outcome::Inconclusive } else { Outcome::Warn });
    match (worst, on_inconclusive) {
        (Outcome::Inconclusive, OnInconclusive::Warn) if !measured_nothing(rows) => Outcome::Warn,
        (worst, _) => worst,
    }
}

/// The exit code of a verdict; what `on_inconclusive` allows is in its outcome.
#[must_use]
pub const fn exit(verdict: &Verdict) -> Exit {
    match verdict.outcome {
        Outcome::Pass | Outcome::Warn => Exit::Passed,
        Outcome::Inconclusive => Exit::Inconclusive,
        Outcome::Fail => Exit::GateFailed,
    }
}
