//! `--confirm`: a second run decides about rows that missed a learned limit, and only about them.

use std::fmt;

use crate::gate::summarise;
use crate::results::Engine;
use crate::text::counted;
use crate::verdict::{OnInconclusive, Outcome, Row, Subject, Verdict};

/// Whether a second run is needed: a row that compares with the history failed.
#[must_use]
pub fn needs_confirmation(verdict: &Verdict) -> bool {
    verdict.rows.iter().any(failed_against_history)
}

/// The verdict of two runs: the first one's, in which a row that compares with the history fails only when it failed
/// both times. One that failed in one of the runs is a warning; one that failed and that the second run could not judge,
/// or not without doubt, is inconclusive. All other rows stay as the first run left them. Rows that were compared hold
/// both values.
#[must_use]
pub fn combine(first: &Verdict, second: &Verdict, on_inconclusive: OnInconclusive) -> Verdict {
    let doubt = second.rows.iter().find(|row| row.subject == Subject::Run && row.outcome == Outcome::Inconclusive);
    let mut verdict = first.clone();
    for row in verdict.rows.iter_mut().filter(|row| row.baseline.is_some()) {
        let again = row.id().and_then(|id| second.row(id));
        row.second_observed = again.and_then(|other| other.observed);
        let failed_again = again.is_some_and(|other| other.outcome == Outcome::Fail);
        if row.outcome == Outcome::Fail {
            settle(row, doubt.or(again));
        } else if failed_again && doubt.is_none() {
            row.reason.prefix("missed in the second run only; ");
            // What the first run could not judge stays open.
            row.outcome = row.outcome.max(Outcome::Warn);
        }
    }
    summarise(&mut verdict, on_inconclusive);
    verdict
}

/// The verdict when a second run was wanted and could not be had: what only one run has shown is no failure, and no pass
/// either. `cause` tells why, without a full stop.
#[must_use]
pub fn unconfirmed(first: &Verdict, cause: &str, on_inconclusive: OnInconclusive) -> Verdict {
    let mut verdict = first.clone();
    for row in verdict.rows.iter_mut().filter(|row| failed_against_history(row)) {
        leave_open(row, cause);
    }
    summarise(&mut verdict, on_inconclusive);
    verdict
}

/// Settles a row that failed in the first run.
fn settle(row: &mut Row, again: Option<&Row>) {
    match again.map(|other| other.outcome) {
        Some(Outcome::Fail) => row.reason.prefix("failed in both runs; "),
        // A limit may have become unclear meanwhile, and an endpoint may not have been called again.
        Some(Outcome::Inconclusive) | None => {
            // How the limit was learned is told once, with the first run.
            let why = again.map_or("it does not have this row", |other| &other.reason.outcome);
            leave_open(row, &format!("the second run cannot tell: {why}"));
        }
        Some(Outcome::Pass | Outcome::Warn) => {
            row.outcome = Outcome::Warn;
            row.reason.prefix("failed in the first run only; ");
        }
    }
}

fn leave_open(row: &mut Row, cause: &str) {
    row.outcome = Outcome::Inconclusive;
    row.reason.prefix(&format!("failed once and could not be confirmed, {cause}; the first run: "));
}

fn failed_against_history(row: &Row) -> bool {
    row.outcome == Outcome::Fail && row.baseline.is_some()
}

/// What a run costs.
#[derive(Debug, Clone, Copy, PartialEq)]
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
            || AgainstBaseline { median: Some(500.0), runs: 6, change_percent: None, recent: vec![500.0; 6] };
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
        summarise(&mut verdict, OnInconclusive::Fail);
        verdict
    }

    fn told(first: Row, second: Option<Row>) -> (Outcome, String) {
        let combined = combine(&verdict(vec![first]), &verdict(second.into_iter().collect()), OnInconclusive::Fail);
        (combined.outcome, combined.rows[0].reason.to_string())
    }

    #[test]
    fn only_a_failed_comparison_asks_for_a_second_run() {
        assert!(needs_confirmation(&verdict(vec![row("g", Outcome::Fail, 700.0, true)])));
        assert!(!needs_confirmation(&verdict(vec![row("g", Outcome::Fail, 700.0, false)])));
        assert!(!needs_confirmation(&verdict(vec![row("g", Outcome::Warn, 700.0, true)])));
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
            "failed once and could not be confirmed, the second run cannot tell: it does not have this row; \
             the first run: limit from 6 good runs"
        );
        let open = Row { reason: "too few requests".into(), ..row("g", Outcome::Inconclusive, 700.0, true) };
        let (outcome, reason) = told(row("g", Outcome::Fail, 700.0, true), Some(open));
        assert_eq!(outcome, Outcome::Inconclusive);
        assert!(reason.contains("cannot tell: too few requests; the first run: "), "{reason}");
    }

    #[test]
    fn how_the_limit_was_learned_is_told_once() {
        let learned = |outcome: &str| Reason { limit: Some("limit from 6 good runs".into()), ..outcome.into() };
        let first = Row { reason: learned("700 ms misses <= 600 ms"), ..row("g", Outcome::Fail, 700.0, true) };
        let second = Row { reason: learned("too few requests"), ..row("g", Outcome::Inconclusive, 700.0, true) };
        insta::assert_snapshot!(
            told(first, Some(second)).1,
            @"failed once and could not be confirmed, the second run cannot tell: too few requests; the first run: 700 ms misses <= 600 ms; limit from 6 good runs"
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
        let combined =
            combine(&gates(Outcome::Fail, Outcome::Fail), &gates(Outcome::Fail, Outcome::Pass), OnInconclusive::Fail);
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
        let open = unconfirmed(&first, "the service did not answer", OnInconclusive::Fail);
        assert_eq!(outcomes(&open), [Outcome::Inconclusive, Outcome::Fail, Outcome::Pass]);
        assert_eq!(open.outcome, Outcome::Fail);
        assert!(open.rows[0].reason.to_string().contains("could not be confirmed, the service did not answer"));
        let learned = verdict(first.rows[..1].to_vec());
        assert_eq!(unconfirmed(&learned, "", OnInconclusive::Fail).outcome, Outcome::Inconclusive);
        assert_eq!(unconfirmed(&learned, "", OnInconclusive::Warn).outcome, Outcome::Warn);
    }

    #[test]
    fn both_values_stand_beside_each_other() {
        let both = combine(
            &verdict(vec![row("a", Outcome::Fail, 700.0, true), row("b", Outcome::Pass, 10.0, false)]),
            &verdict(vec![row("a", Outcome::Fail, 710.0, true), row("b", Outcome::Pass, 11.0, false)]),
            OnInconclusive::Fail,
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
            let combined = combine(&first, &second, OnInconclusive::Fail);
            assert_eq!(combined.outcome, Outcome::Inconclusive);
            assert!(
                combined.rows[0].reason.to_string().contains("cannot tell: 3 of 20 users were lost;"),
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

    #[test]
    fn the_cost_counts_the_leading_server_too() {
        assert_eq!(Cost::of(Engine::Loadforge, 2, 300, Some(12_345)).to_string(), "15 test minutes, 12,345 requests");
        assert_eq!(Cost::of(Engine::Local, 2, 300, Some(1)).to_string(), "no test minutes, 1 request");
        assert_eq!(Cost::of(Engine::Loadforge, 1, 150, None).to_string(), "5 test minutes");
    }
}
