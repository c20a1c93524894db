//! `--confirm`: further runs decide about rows that missed a learned limit, and only about them.

use std::fmt;

use super::model::{Standing, standing};
use super::pooled::is_rate;
use crate::gate::summarize;
use crate::results::Engine;
use crate::text::counted;
use crate::verdict::{OnInconclusive, Outcome, Row, Shown, Subject, Verdict};

/// Whether one more run is needed, of `most` at most: a row that compares with the history failed or may be explained by
/// the environment, and the runs so far leave it undecided.
#[must_use]
pub fn needs_another(first: &Verdict, further: &[Verdict], most: usize) -> bool {
    let undecided =
        |row: &Row| matches!(Decided::of(row, &again(row, further), most), Decided::By(_, Standing::Undecided));
    further.len() + 1 < most && first.rows.iter().filter(|row| is_suspect(row)).any(undecided)
}

/// The verdict of a build's runs, with what it leaves to a control run.
#[derive(Debug, Clone, PartialEq)]
pub struct Combined {
    /// The verdict.
    pub verdict: Verdict,
    /// The positions of the rows that the environment may explain: a control run can decide about them.
    pub(super) open: Vec<usize>,
    /// What a row that could not be judged means. A failed row that could not be confirmed is never made a warning.
    pub on_inconclusive: OnInconclusive,
}

impl Combined {
    /// The verdict of one run that decides alone.
    #[must_use]
    pub fn of_one_run(verdict: Verdict, on_inconclusive: OnInconclusive) -> Self {
        let open = verdict.rows.iter().enumerate().filter(|(_, row)| is_explained(row)).map(|(at, _)| at);
        Self { open: open.collect(), verdict, on_inconclusive }
    }
}

/// The verdict of several runs: the first one's, in which a row that compares with the history fails only when further
/// runs failed as well: twice beyond the limit for two runs, three times beyond the limit for three. One that failed in
/// one of the runs alone is a warning; one that failed and that a further run could not judge, or not without doubt, is
/// inconclusive, and so is one that the environment may explain. All other rows stay as the first run left them. Rows
/// that were compared hold all values. A failed row that could not be confirmed is never made a warning by
/// `on_inconclusive: warn`. Rates of failed requests are decided by `pooled`, the verdict on the failures of all runs
/// together. `missing` says why a run that is still needed could not be had, without a full stop.
#[must_use]
pub fn combine(
    first: &Verdict,
    further: &[Verdict],
    most: usize,
    pooled: Option<&Verdict>,
    missing: Option<&str>,
    on_inconclusive: OnInconclusive,
) -> Combined {
    let mut verdict = first.clone();
    let mut open = Vec::new();
    for (at, row) in verdict.rows.iter_mut().enumerate().filter(|(_, row)| row.baseline.is_some()) {
        let again = again(row, further);
        let observed = |run: usize| again.get(run).and_then(|other| other.row).and_then(|row| row.observed);
        (row.second_observed, row.third_observed) = (observed(0), observed(1));
        if is_suspect(row) {
            let decided = Decided::of(row, &again, most);
            let together = pooled.filter(|_| decided.is_known() && is_rate(row)).and_then(|all| all.row(row.id()?));
            match together {
                Some(together) => settle_together(row, together),
                None => settle(row, &decided, missing),
            }
            open.extend(matches!(decided, Decided::By(_, Standing::Open)).then_some(at));
        } else if let Some(run) = again.iter().position(RowAgain::failed) {
            row.reason.prefix(&format!("missed in the {} run only; ", ["second", "third"][run.min(1)]));
            // What the first run could not judge stays open.
            row.outcome = row.outcome.max(Outcome::Warn);
        }
    }
    let on_inconclusive = policy(first, further, most, on_inconclusive);
    summarize(&mut verdict, on_inconclusive);
    Combined { verdict, open, on_inconclusive }
}

/// What an inconclusive row means for the combined verdict: a failed row that could not be confirmed stops the build,
/// whatever `on_inconclusive` says.
fn policy(first: &Verdict, further: &[Verdict], most: usize, on_inconclusive: OnInconclusive) -> OnInconclusive {
    let failed = first.rows.iter().filter(|row| row.baseline.is_some() && row.outcome == Outcome::Fail);
    let mut unconfirmed = failed.filter(|row| !Decided::of(row, &again(row, further), most).is_known());
    if unconfirmed.next().is_some() { OnInconclusive::Fail } else { on_inconclusive }
}

/// A row in a further run.
#[derive(Clone, Copy)]
struct RowAgain<'a> {
    row: Option<&'a Row>,
    /// What makes the whole run doubtful.
    doubt: Option<&'a Row>,
}

impl RowAgain<'_> {
    fn failed(&self) -> bool {
        self.doubt.is_none() && self.row.is_some_and(|row| row.outcome == Outcome::Fail)
    }

    /// Why this run does not show it, where it does not.
    fn silent(&self) -> Option<String> {
        let (told, row) = match (self.doubt, self.row) {
            (Some(doubt), _) => (doubt, None),
            (None, Some(row)) => (row, Some(row)),
            (None, None) => return Some("it does not have this row".to_owned()),
        };
        let open = row.is_none_or(|row| row.outcome == Outcome::Inconclusive && !is_explained(row));
        // How the limit was learned is reported once, with the first run.
        open.then(|| told.reason.outcome.clone())
    }

    /// What it showed; a row whose limit knows no environment is beyond every limit or beyond none.
    fn shown(&self) -> Shown {
        self.row.map_or_else(Shown::default, shown)
    }
}

/// The outcome of a row that the first run left in question.
enum Decided {
    /// So many runs decided, or did not.
    By(usize, Standing),
    /// This run (2 or 3) does not show it, and why.
    Silent(usize, String),
}

impl Decided {
    /// Whether enough runs could be judged.
    fn is_known(&self) -> bool {
        !matches!(self, Self::By(_, Standing::Undecided) | Self::Silent(..))
    }

    fn of(first: &Row, again: &[RowAgain<'_>], most: usize) -> Self {
        // A limit that knows no environment is one for two runs.
        let most = if knows_environment(first) { most } else { most.min(2) };
        let mut runs = vec![shown(first)];
        let mut now = standing(&runs, most.max(2));
        for other in again {
            if now != Standing::Undecided {
                break;
            }
            if let Some(why) = other.silent() {
                return Self::Silent(runs.len() + 1, why);
            }
            runs.push(other.shown());
            now = standing(&runs, most);
        }
        Self::By(runs.len(), now)
    }
}

fn again<'a>(row: &Row, further: &'a [Verdict]) -> Vec<RowAgain<'a>> {
    let doubtful = |row: &&Row| row.subject == Subject::Run && row.outcome == Outcome::Inconclusive;
    let of = |verdict: &'a Verdict| RowAgain {
        row: row.id().and_then(|id| verdict.row(id)),
        doubt: verdict.rows.iter().find(doubtful),
    };
    further.iter().map(of).collect()
}

fn knows_environment(row: &Row) -> bool {
    row.baseline.as_ref().is_some_and(|baseline| baseline.shown.is_some())
}

fn shown(row: &Row) -> Shown {
    let failed = row.outcome == Outcome::Fail;
    let alone = Shown { beyond_two: failed, beyond_three: failed, ..Shown::default() };
    row.baseline.as_ref().and_then(|baseline| baseline.shown).unwrap_or(alone)
}

/// Whether the environment of the run may explain why the row's value is so high.
fn is_explained(row: &Row) -> bool {
    row.outcome == Outcome::Inconclusive && row.baseline.as_ref().is_some_and(|baseline| baseline.shown.is_some())
}

/// Whether further runs decide about the row.
fn is_suspect(row: &Row) -> bool {
    row.baseline.is_some() && (row.outcome == Outcome::Fail || is_explained(row))
}

/// Settles a row that the first run left in question.
fn settle(row: &mut Row, decided: &Decided, missing: Option<&str>) {
    if !matches!(decided, Decided::By(_, Standing::Slower)) {
        // Nothing says that this build alone is slower.
        row.since = row.since.take().filter(|since| !since.is_new());
    }
    match decided {
        Decided::By(runs, Standing::Slower) => {
            row.outcome = Outcome::Fail;
            row.reason.prefix(if *runs == 2 { "failed in both runs; " } else { "failed in all three runs; " });
        }
        Decided::By(runs, Standing::Clear) => {
            row.outcome = Outcome::Warn;
            row.reason.prefix(if *runs == 2 {
                "failed in the first run only; "
            } else {
                "failed in two of three runs; "
            });
        }
        Decided::By(_, Standing::Open) => {
            row.outcome = Outcome::Inconclusive;
            row.reason.prefix("slow in both runs, and the environment may explain it; the first run: ");
        }
        Decided::By(runs, Standing::Undecided) => leave_open(row, *runs, missing.unwrap_or("no further run was made")),
        Decided::Silent(run, why) => {
            let which = if *run == 2 { "second" } else { "third" };
            leave_open(row, run - 1, &format!("the {which} run does not show it: {why}"));
        }
    }
}

/// Settles a rate of failed requests by all runs together.
fn settle_together(row: &mut Row, together: &Row) {
    let words = &together.reason.outcome;
    if together.outcome == Outcome::Fail {
        row.reason.prefix(&format!("in all runs together {words}; the first run: "));
    } else {
        row.outcome = Outcome::Warn;
        row.reason.prefix(&format!("failed in the first run, and in all runs together {words}; the first run: "));
    }
}

fn leave_open(row: &mut Row, runs: usize, cause: &str) {
    row.outcome = Outcome::Inconclusive;
    let times = if runs == 1 { "once" } else { "twice" };
    row.reason.prefix(&format!("failed {times} and could not be confirmed, {cause}; the first run: "));
}

/// What a run costs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Test minutes that LoadForge counts; `None` for the local engine, which costs nothing.
    pub minutes: Option<f64>,
    /// Requests sent; `None` before the run.
    pub requests: Option<u64>,
}

impl Cost {
    /// The cost of a run on `servers` load generators for `duration_s` seconds. LoadForge counts the minutes of each and
    /// of the one that leads them.
    #[must_use]
    pub fn of(engine: Engine, servers: u32, duration_s: u64, requests: Option<u64>) -> Self {
        let minutes = (f64::from(servers) + 1.0) * duration_s as f64 / 60.0;
        Self { minutes: (engine == Engine::Loadforge).then_some(minutes), requests }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let minutes = self.minutes.zip(other.minutes).map(|(one, two)| one + two);
        let requests = self.requests.zip(other.requests).map(|(one, two)| one.saturating_add(two));
        Self { minutes, requests }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minutes {
            Some(minutes) => write!(f, "{} test minutes", (minutes * 10.0).round() / 10.0)?,
            None => f.write_str("no test minutes")?,
        }
        if let Some(requests) = self.requests {
            write!(f, ", {}", counted(requests, "request"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
