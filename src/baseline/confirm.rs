//! `--confirm`: further runs decide about rows that missed a learned limit, and only about them.

use std::fmt;

use super::model::{Standing, standing};
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

/// The verdict of several runs: the first one's, in which a row that compares with the history fails only when further
/// runs failed as well: twice beyond the limit for two runs, three times beyond the limit for three. One that failed in
/// one of the runs alone is a warning; one that failed and that a further run could not judge, or not without doubt, is
/// inconclusive, and so is one that the environment may explain. All other rows stay as the first run left them. Rows
/// that were compared hold all values. A failed row that could not be confirmed is never made a warning by
/// `on_inconclusive: warn`. `missing` says why a run that is still needed could not be had, without a full
/// stop.
#[must_use]
pub fn combine(
    first: &Verdict,
    further: &[Verdict],
    most: usize,
    missing: Option<&str>,
    on_inconclusive: OnInconclusive,
) -> Verdict {
    let mut verdict = first.clone();
    let mut on_inconclusive = on_inconclusive;
    for row in verdict.rows.iter_mut().filter(|row| row.baseline.is_some()) {
        let again = again(row, further);
        let observed = |run: usize| again.get(run).and_then(|other| other.row).and_then(|row| row.observed);
        (row.second_observed, row.third_observed) = (observed(0), observed(1));
        if is_suspect(row) {
            let (decided, has_failed) = (Decided::of(row, &again, most), row.outcome == Outcome::Fail);
            settle(row, &decided, missing);
            if has_failed && !decided.is_known() {
                on_inconclusive = OnInconclusive::Fail;
            }
        } else if let Some(run) = again.iter().position(RowAgain::failed) {
            row.reason.prefix(&format!("missed in the {} run only; ", ["second", "third"][run.min(1)]));
            // What the first run could not judge stays open.
            row.outcome = row.outcome.max(Outcome::Warn);
        }
    }
    summarize(&mut verdict, on_inconclusive);
    verdict
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

/// What became of a row that the first run left in question.
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
mod tests {
    use super::*;
    use crate::verdict::{AgainstBaseline, Operator, Origin, Reason, Unit};

    fn row(gate: &str, outcome: Outcome, observed: f64, learned: bool) -> Row {
        let baseline =
            || AgainstBaseline { median: Some(500.0), runs: 6, recent: vec![500.0; 6], ..AgainstBaseline::default() };
        Row {
            // As many gates as first letters.
            gate_index: gate.bytes().next().map(u32::from),
            outcome,
            observed: Some(observed),
            operator: Some(Operator::LessOrEqual),
            limit: Some(600.0),
            requests: 1_000,
            baseline: learned.then(baseline),
            reason: "limit from 6 good runs".into(),
            ..Row::open(gate, Origin::Flag, Subject::All, "p95", Unit::Ms)
        }
    }

    fn verdict(rows: Vec<Row>) -> Verdict {
        let mut verdict = Verdict::new(rows);
        summarize(&mut verdict, OnInconclusive::Fail);
        verdict
    }

    fn both(first: &Verdict, second: Verdict) -> Verdict {
        combine(first, &[second], 3, None, OnInconclusive::Fail)
    }

    fn told(first: Row, second: Option<Row>) -> (Outcome, String) {
        let combined = both(&verdict(vec![first]), verdict(second.into_iter().collect()));
        (combined.outcome, combined.rows[0].reason.to_string())
    }

    #[test]
    fn only_a_failed_comparison_asks_for_a_second_run() {
        assert!(needs_another(&verdict(vec![row("g", Outcome::Fail, 700.0, true)]), &[], 2));
        assert!(!needs_another(&verdict(vec![row("g", Outcome::Fail, 700.0, false)]), &[], 2));
        assert!(!needs_another(&verdict(vec![row("g", Outcome::Warn, 700.0, true)]), &[], 2));
    }

    #[test]
    fn what_fails_twice_fails() {
        let (outcome, reason) = told(row("g", Outcome::Fail, 700.0, true), Some(row("g", Outcome::Fail, 710.0, true)));
        assert_eq!(outcome, Outcome::Fail);
        assert_eq!(reason, "failed in both runs; limit from 6 good runs");
    }

    #[test]
    fn what_fails_once_is_a_warning_whichever_run_it_was() {
        let (outcome, reason) = told(row("g", Outcome::Fail, 700.0, true), Some(row("g", Outcome::Pass, 510.0, true)));
        assert_eq!(outcome, Outcome::Warn);
        assert_eq!(reason, "failed in the first run only; limit from 6 good runs");
        let (outcome, reason) = told(row("g", Outcome::Pass, 510.0, true), Some(row("g", Outcome::Fail, 700.0, true)));
        assert_eq!(outcome, Outcome::Warn);
        assert_eq!(reason, "missed in the second run only; limit from 6 good runs");
    }

    #[test]
    fn what_the_second_run_cannot_tell_is_neither_red_nor_green() {
        let (outcome, reason) = told(row("g", Outcome::Fail, 700.0, true), None);
        assert_eq!(outcome, Outcome::Inconclusive);
        assert_eq!(
            reason,
            "failed once and could not be confirmed, the second run does not show it: it does not have this row; \
             the first run: limit from 6 good runs"
        );
        let open = Row { reason: "too few requests".into(), ..row("g", Outcome::Inconclusive, 700.0, true) };
        let (outcome, reason) = told(row("g", Outcome::Fail, 700.0, true), Some(open));
        assert_eq!(outcome, Outcome::Inconclusive);
        assert!(reason.contains("does not show it: too few requests; the first run: "), "{reason}");
    }

    #[test]
    fn how_the_limit_was_learned_is_told_once() {
        let learned = |outcome: &str| Reason { limit: Some("limit from 6 good runs".into()), ..outcome.into() };
        let first = Row { reason: learned("700 ms misses <= 600 ms"), ..row("g", Outcome::Fail, 700.0, true) };
        let second = Row { reason: learned("too few requests"), ..row("g", Outcome::Inconclusive, 700.0, true) };
        insta::assert_snapshot!(
            told(first, Some(second)).1,
            @"failed once and could not be confirmed, the second run does not show it: too few requests; the first run: 700 ms misses <= 600 ms; limit from 6 good runs"
        );
    }

    #[test]
    fn rows_of_two_runs_are_paired_by_gate_and_subject_whatever_their_texts() {
        // The same gate is written twice, and only its first row failed again.
        let gates = |first, second| {
            let one = row("a", first, 700.0, true);
            let other = Row { gate: one.gate.clone(), ..row("b", second, 510.0, true) };
            verdict(vec![one, other])
        };
        let combined = both(&gates(Outcome::Fail, Outcome::Fail), gates(Outcome::Fail, Outcome::Pass));
        assert_eq!(combined.rows.iter().map(|row| row.outcome).collect::<Vec<_>>(), [Outcome::Fail, Outcome::Warn]);
    }

    #[test]
    fn without_a_second_run_what_failed_once_is_open_and_written_limits_stay() {
        let first = verdict(vec![
            row("learned", Outcome::Fail, 700.0, true),
            row("written", Outcome::Fail, 700.0, false),
            row("met", Outcome::Pass, 510.0, true),
        ]);
        let outcomes = |verdict: &Verdict| verdict.rows.iter().map(|row| row.outcome).collect::<Vec<_>>();
        let open = combine(&first, &[], 3, Some("the service did not answer"), OnInconclusive::Fail);
        assert_eq!(outcomes(&open), [Outcome::Inconclusive, Outcome::Fail, Outcome::Pass]);
        assert_eq!(open.outcome, Outcome::Fail);
        assert!(open.rows[0].reason.to_string().contains("could not be confirmed, the service did not answer"));
        let learned = verdict(first.rows[..1].to_vec());
        assert_eq!(combine(&learned, &[], 2, None, OnInconclusive::Fail).outcome, Outcome::Inconclusive);
        assert_eq!(combine(&learned, &[], 2, None, OnInconclusive::Warn).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn both_values_stand_beside_each_other() {
        let both = both(
            &verdict(vec![row("a", Outcome::Fail, 700.0, true), row("b", Outcome::Pass, 10.0, false)]),
            verdict(vec![row("a", Outcome::Fail, 710.0, true), row("b", Outcome::Pass, 11.0, false)]),
        );
        let told: Vec<String> = both.rows.iter().map(Row::observed_text).collect();
        assert_eq!(told, ["700 ms, then 710 ms", "10 ms"]);
    }

    #[test]
    fn a_doubtful_second_run_confirms_nothing() {
        let lost = Row {
            subject: Subject::Run,
            reason: "3 of 20 users were lost".into(),
            ..row("the run is sound", Outcome::Inconclusive, 20.0, false)
        };
        for again in [Outcome::Fail, Outcome::Pass] {
            let first = verdict(vec![row("g", Outcome::Fail, 700.0, true), row("h", Outcome::Pass, 510.0, true)]);
            let second =
                verdict(vec![lost.clone(), row("g", again, 710.0, true), row("h", Outcome::Fail, 900.0, true)]);
            let combined = both(&first, second);
            assert_eq!(combined.outcome, Outcome::Inconclusive);
            assert!(
                combined.rows[0].reason.to_string().contains("does not show it: 3 of 20 users were lost;"),
                "{combined:?}"
            );
            assert_eq!(combined.rows[1].outcome, Outcome::Pass);
        }
    }

    #[test]
    fn written_limits_are_judged_by_the_first_run_alone() {
        let (outcome, reason) =
            told(row("g", Outcome::Fail, 700.0, false), Some(row("g", Outcome::Pass, 510.0, false)));
        assert_eq!((outcome, reason.as_str()), (Outcome::Fail, "limit from 6 good runs"));
    }

    /// A row whose limit knows the environment.
    fn service_row(beyond_two: bool, beyond_three: bool, explained: bool) -> Row {
        let outcome = match (beyond_three, explained) {
            (true, _) => Outcome::Fail,
            (false, true) => Outcome::Inconclusive,
            (false, false) => Outcome::Pass,
        };
        let mut row = row("g", outcome, 700.0, true);
        let shown = Shown { beyond_two, beyond_three, explained, unusual: explained };
        row.baseline.as_mut().unwrap().shown = Some(shown);
        row
    }

    /// Whether one more run is asked for, and how the row ends without it.
    fn after(runs: &[Row], most: usize) -> (bool, Outcome, String) {
        let verdicts: Vec<Verdict> = runs.iter().map(|row| verdict(vec![row.clone()])).collect();
        let combined = combine(&verdicts[0], &verdicts[1..], most, None, OnInconclusive::Fail);
        let reason = combined.rows[0].reason.to_string();
        (needs_another(&verdicts[0], &verdicts[1..], most), combined.outcome, reason)
    }

    #[test]
    fn a_faint_miss_takes_three_runs_and_a_clear_one_two() {
        let (clear, faint, quiet) =
            (service_row(true, true, false), service_row(false, true, false), service_row(false, false, false));
        let ends = |runs: &[&Row]| after(&runs.iter().copied().cloned().collect::<Vec<_>>(), 3);
        assert_eq!(ends(&[&quiet]), (false, Outcome::Pass, "limit from 6 good runs".into()));
        assert!(ends(&[&clear]).0 && ends(&[&faint]).0 && ends(&[&clear, &faint]).0 && ends(&[&faint, &faint]).0);
        let (more, outcome, reason) = ends(&[&clear, &clear]);
        assert_eq!(
            (more, outcome, reason.as_str()),
            (false, Outcome::Fail, "failed in both runs; limit from 6 good runs")
        );
        let (more, outcome, reason) = ends(&[&faint, &faint, &clear]);
        assert_eq!((more, outcome), (false, Outcome::Fail));
        assert!(reason.starts_with("failed in all three runs; "), "{reason}");
        let (_, outcome, reason) = ends(&[&faint, &clear, &quiet]);
        assert_eq!(outcome, Outcome::Warn);
        assert!(reason.starts_with("failed in two of three runs; "), "{reason}");
        // Without the third run it is neither red nor green.
        let (_, outcome, reason) = ends(&[&faint, &faint]);
        assert_eq!(outcome, Outcome::Inconclusive);
        assert!(reason.starts_with("failed twice and could not be confirmed, no further run was made; "), "{reason}");
    }

    #[test]
    fn what_the_environment_explains_is_neither_red_nor_green() {
        let (explained, quiet) = (service_row(false, false, true), service_row(false, false, false));
        assert!(after(std::slice::from_ref(&explained), 3).0);
        let (more, outcome, reason) = after(&[explained.clone(), explained.clone()], 3);
        assert_eq!((more, outcome), (false, Outcome::Inconclusive));
        assert!(reason.starts_with("slow in both runs, and the environment may explain it; "), "{reason}");
        assert_eq!(after(&[explained, quiet], 3).1, Outcome::Warn);
    }

    #[test]
    fn a_limit_that_knows_no_environment_is_settled_by_two_runs() {
        let failed = row("g", Outcome::Fail, 700.0, true);
        assert!(!after(&[failed.clone(), failed.clone()], 3).0);
        assert_eq!(after(&[failed.clone(), failed], 3).1, Outcome::Fail);
    }

    #[test]
    fn the_cost_counts_the_leading_server_too() {
        assert_eq!(Cost::of(Engine::Loadforge, 2, 300, Some(12_345)).to_string(), "15 test minutes, 12,345 requests");
        assert_eq!(Cost::of(Engine::Local, 2, 300, Some(1)).to_string(), "no test minutes, 1 request");
        assert_eq!(Cost::of(Engine::Loadforge, 1, 150, None).to_string(), "5 test minutes");
    }
}
