//! What several attempts make of a row.

use loadforge_ci::attempts::{JobAttempt, judge_together};
use loadforge_ci::gate::summarize;
use loadforge_ci::verdict::{AgainstBaseline, OnInconclusive, Outcome, Row, Severity, Verdict};
use proptest::prelude::*;

use super::support::{LIMIT, attempt, gate, row, targets, verdict};

/// The last of these attempts, judged together with those before it.
fn together(attempts: Vec<Vec<Row>>) -> Verdict {
    let last = attempts.last().unwrap().clone();
    let earlier: Vec<JobAttempt> = (1..).zip(attempts).map(|(number, rows)| attempt(number, rows)).collect();
    let earlier: Vec<&JobAttempt> = earlier[..earlier.len() - 1].iter().collect();
    let mut verdict = verdict(last);
    judge_together(&mut verdict, &earlier, &[gate("/login"), gate("/cart")]);
    summarize(&mut verdict, OnInconclusive::Fail);
    verdict
}

fn of(values: &[f64]) -> Verdict {
    together(values.iter().map(|value| vec![row("/login", *value)]).collect())
}

fn open(outcome: Outcome) -> Row {
    Row { outcome, reason: "too few requests".into(), ..row("/login", 300.0) }
}

#[test]
fn a_row_is_judged_by_the_mean_of_two_attempts_and_the_median_of_more() {
    for (values, outcome, value) in [
        (&[512.0, 470.0][..], Outcome::Pass, 491.0),
        (&[560.0, 470.0], Outcome::Fail, 515.0),
        (&[470.0, 512.0], Outcome::Pass, 491.0),
        (&[900.0, 470.0, 480.0], Outcome::Pass, 480.0),
        (&[560.0, 470.0, 530.0], Outcome::Fail, 530.0),
        (&[560.0, 555.0, 470.0, 460.0], Outcome::Fail, 512.5),
    ] {
        let verdict = of(values);
        assert_eq!(verdict.outcome, outcome, "{values:?}");
        assert_eq!(verdict.rows[0].judged_value(), Some(value), "{values:?}");
        assert_eq!(verdict.rows[0].observed, values.last().copied(), "what this attempt measured stays: {values:?}");
        assert_eq!(verdict.attempts.unwrap().earlier.len(), values.len() - 1);
    }
}

#[test]
fn the_sentence_names_each_value_and_what_they_are_together() {
    insta::assert_snapshot!(of(&[512.0, 470.0]).attempts.unwrap().sentence, @"2 attempts at this commit count together: POST /login failed, then passed: p95 512 ms, then 470 ms; together 491 ms, limit < 500 ms");
    insta::assert_snapshot!(of(&[560.0, 470.0]).sentence, @"POST /login misses its goal: p95 560 ms, then 470 ms; together 515 ms, limit < 500 ms");
    insta::assert_snapshot!(of(&[560.0, 555.0, 470.0]).rows[0].reason, @"failed twice, then passed: p95 560 ms, 555 ms, then 470 ms; together 555 ms, limit < 500 ms");
    insta::assert_snapshot!(of(&[470.0, 460.0]).attempts.unwrap().sentence, @"2 attempts at this commit count together: passed twice");
}

#[test]
fn the_first_attempt_is_judged_alone() {
    let verdict = of(&[512.0]);
    assert_eq!((verdict.outcome, verdict.attempts), (Outcome::Fail, None));
    assert_eq!(verdict.rows[0].attempts, None);
}

#[test]
fn what_an_attempt_could_not_judge_does_not_count() {
    let verdict = together(vec![vec![open(Outcome::Inconclusive)], vec![row("/login", 470.0)]]);
    assert_eq!((verdict.outcome, verdict.rows[0].attempts.as_ref()), (Outcome::Pass, None));
    let verdict = together(vec![vec![row("/login", 470.0)], vec![open(Outcome::Inconclusive)]]);
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
}

#[test]
fn a_failed_row_that_a_later_attempt_cannot_judge_stays_failed() {
    let verdict = together(vec![vec![row("/login", 700.0)], vec![open(Outcome::Inconclusive)]]);
    assert_eq!(verdict.outcome, Outcome::Fail);
    insta::assert_snapshot!(verdict.rows[0].reason, @"failed: p95 700 ms, limit < 500 ms (this attempt could not judge it: too few requests)");
    // Nothing to compare with any more is no way to green either.
    let waiting =
        Row { limit: None, allowed: true, baseline: Some(AgainstBaseline::default()), ..open(Outcome::Inconclusive) };
    let verdict = together(vec![vec![row("/login", 900.0)], vec![waiting]]);
    assert_eq!((verdict.outcome, verdict.rows[0].allowed), (Outcome::Fail, false));
}

#[test]
fn an_endpoint_that_failed_and_is_not_called_again_stays_failed_until_it_is_outvoted() {
    let (failed, without) = (vec![row("/login", 700.0), row("/cart", 90.0)], vec![row("/cart", 95.0)]);
    let verdict = together(vec![failed.clone(), without.clone()]);
    assert_eq!(verdict.outcome, Outcome::Fail);
    insta::assert_snapshot!(verdict.rows[1].reason, @"failed in 1 of 2 attempts at this commit (p95 700 ms, limit < 500 ms); this attempt did not measure it");
    assert_eq!(together(vec![failed, without.clone(), without]).outcome, Outcome::Pass);
}

#[test]
fn a_row_of_a_gate_that_is_not_judged_any_more_is_not_carried_along() {
    let other = Row { gate: "p99 < 1s".into(), ..row("/search", 900.0) };
    assert_eq!(together(vec![vec![other, row("/cart", 90.0)], vec![row("/cart", 90.0)]]).outcome, Outcome::Pass);
}

#[test]
fn a_row_without_a_value_stays_failed_until_more_attempts_met_it_than_missed_it() {
    use Outcome::{Fail, Pass};
    for (course, outcome) in [
        (&[Fail, Pass][..], Fail),
        (&[Fail, Pass, Pass], Pass),
        (&[Fail, Fail, Pass, Pass], Fail),
        (&[Pass, Fail], Fail),
        (&[Pass, Pass, Fail], Fail),
    ] {
        let attempts = course.iter().map(|outcome| vec![targets(*outcome)]).collect();
        assert_eq!(together(attempts).outcome, outcome, "{course:?}");
    }
}

#[test]
fn a_gate_that_warns_never_fails_and_further_runs_are_one_attempt() {
    let warned = Row { severity: Severity::Warn, outcome: Outcome::Warn, ..row("/login", 700.0) };
    let met = Row { severity: Severity::Warn, ..row("/login", 400.0) };
    assert_eq!(together(vec![vec![warned], vec![met]]).outcome, Outcome::Warn);
    // Three runs of one attempt: their median is 640 ms.
    let confirmed = Row { second_observed: Some(640.0), third_observed: Some(610.0), ..row("/login", 700.0) };
    let verdict = together(vec![vec![confirmed], vec![row("/login", 350.0)]]);
    assert_eq!(verdict.rows[0].judged_value(), Some(495.0));
}

proptest! {
    /// The rule, stated once more: the median decides, and what failed in every attempt failed.
    #[test]
    fn the_median_decides(values in proptest::collection::vec(1.0..1000.0_f64, 2..7)) {
        let verdict = of(&values);
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let middle = f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        prop_assert_eq!(verdict.outcome == Outcome::Pass, middle < LIMIT);
        prop_assert_eq!(verdict.rows[0].judged_value(), Some(middle));
    }

    /// Whatever came before, the same attempts in another order make the same verdict on a value.
    #[test]
    fn the_order_of_attempts_does_not_matter(values in proptest::collection::vec(1.0..1000.0_f64, 2..7), by in 0..6_usize) {
        let mut turned = values.clone();
        turned.rotate_left(by % values.len());
        prop_assert_eq!(of(&values).outcome, of(&turned).outcome);
    }
}
