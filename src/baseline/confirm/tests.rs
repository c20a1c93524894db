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
    combine(first, &[second], 3, None, None, OnInconclusive::Fail).verdict
}

fn outcome_and_text(first: Row, second: Option<Row>) -> (Outcome, String) {
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
    let (outcome, reason) =
        outcome_and_text(row("g", Outcome::Fail, 700.0, true), Some(row("g", Outcome::Fail, 710.0, true)));
    assert_eq!(outcome, Outcome::Fail);
    assert_eq!(reason, "failed in both runs; limit from 6 good runs");
}

#[test]
fn what_fails_once_is_a_warning_whichever_run_it_was() {
    let (outcome, reason) =
        outcome_and_text(row("g", Outcome::Fail, 700.0, true), Some(row("g", Outcome::Pass, 510.0, true)));
    assert_eq!(outcome, Outcome::Warn);
    assert_eq!(reason, "failed in the first run only; limit from 6 good runs");
    let (outcome, reason) =
        outcome_and_text(row("g", Outcome::Pass, 510.0, true), Some(row("g", Outcome::Fail, 700.0, true)));
    assert_eq!(outcome, Outcome::Warn);
    assert_eq!(reason, "missed in the second run only; limit from 6 good runs");
}

#[test]
fn what_the_second_run_cannot_tell_is_neither_red_nor_green() {
    let (outcome, reason) = outcome_and_text(row("g", Outcome::Fail, 700.0, true), None);
    assert_eq!(outcome, Outcome::Inconclusive);
    assert_eq!(
        reason,
        "failed once and could not be confirmed, the second run does not show it: it does not have this row; \
         the first run: limit from 6 good runs"
    );
    let open = Row { reason: "too few requests".into(), ..row("g", Outcome::Inconclusive, 700.0, true) };
    let (outcome, reason) = outcome_and_text(row("g", Outcome::Fail, 700.0, true), Some(open));
    assert_eq!(outcome, Outcome::Inconclusive);
    assert!(reason.contains("does not show it: too few requests; the first run: "), "{reason}");
}

#[test]
fn how_the_limit_was_learned_is_told_once() {
    let learned = |outcome: &str| Reason { limit: Some("limit from 6 good runs".into()), ..outcome.into() };
    let first = Row { reason: learned("700 ms misses <= 600 ms"), ..row("g", Outcome::Fail, 700.0, true) };
    let second = Row { reason: learned("too few requests"), ..row("g", Outcome::Inconclusive, 700.0, true) };
    insta::assert_snapshot!(
        outcome_and_text(first, Some(second)).1,
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
    let open = combine(&first, &[], 3, None, Some("the service did not answer"), OnInconclusive::Fail).verdict;
    assert_eq!(outcomes(&open), [Outcome::Inconclusive, Outcome::Fail, Outcome::Pass]);
    assert_eq!(open.outcome, Outcome::Fail);
    assert!(open.rows[0].reason.to_string().contains("could not be confirmed, the service did not answer"));
    let learned = verdict(first.rows[..1].to_vec());
    assert_eq!(combine(&learned, &[], 2, None, None, OnInconclusive::Fail).verdict.outcome, Outcome::Inconclusive);
    assert_eq!(combine(&learned, &[], 2, None, None, OnInconclusive::Warn).verdict.outcome, Outcome::Inconclusive);
}

#[test]
fn both_values_stand_beside_each_other() {
    let both = both(
        &verdict(vec![row("a", Outcome::Fail, 700.0, true), row("b", Outcome::Pass, 10.0, false)]),
        verdict(vec![row("a", Outcome::Fail, 710.0, true), row("b", Outcome::Pass, 11.0, false)]),
    );
    let observed: Vec<String> = both.rows.iter().map(Row::observed_text).collect();
    assert_eq!(observed, ["700 ms, then 710 ms", "10 ms"]);
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
        let second = verdict(vec![lost.clone(), row("g", again, 710.0, true), row("h", Outcome::Fail, 900.0, true)]);
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
        outcome_and_text(row("g", Outcome::Fail, 700.0, false), Some(row("g", Outcome::Pass, 510.0, false)));
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
    let combined = combine(&verdicts[0], &verdicts[1..], most, None, None, OnInconclusive::Fail).verdict;
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
    assert_eq!((more, outcome, reason.as_str()), (false, Outcome::Fail, "failed in both runs; limit from 6 good runs"));
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

#[test]
fn failed_requests_of_all_runs_count_together() {
    let rate = |outcome, observed| Row {
        measure: "error_rate".into(),
        unit: Unit::Percent,
        reason: format!("{observed} %").as_str().into(),
        ..row("e", outcome, observed, true)
    };
    let first = verdict(vec![rate(Outcome::Fail, 6.0)]);
    let ends = |second, together| {
        let pooled = verdict(vec![rate(together, 5.0)]);
        let further = [verdict(vec![rate(second, 4.0)])];
        let row = combine(&first, &further, 3, Some(&pooled), None, OnInconclusive::Fail).verdict.rows.remove(0);
        (row.outcome, row.reason.to_string())
    };
    // Just within its limit the second time, and together beyond it.
    let (outcome, reason) = ends(Outcome::Pass, Outcome::Fail);
    assert_eq!((outcome, reason.as_str()), (Outcome::Fail, "in all runs together 5 %; the first run: 6 %"));
    assert_eq!(ends(Outcome::Fail, Outcome::Pass).0, Outcome::Warn);
    // What the second run does not show is open all the same.
    assert_eq!(ends(Outcome::Inconclusive, Outcome::Fail).0, Outcome::Inconclusive);
}
