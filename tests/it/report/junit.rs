use loadforge_ci::report::junit::xml;
use loadforge_ci::results::{Problem, ProblemKind};
use loadforge_ci::verdict::{Outcome, Row, Subject};

use super::sample::Sample;

#[test]
fn every_row_that_is_no_pass_is_visible_with_its_place_and_reason() {
    insta::assert_snapshot!(xml(&Sample::shop(Outcome::Fail).story()));
}

#[test]
fn what_does_not_stop_the_build_says_so() {
    let mut sample = Sample::shop(Outcome::Inconclusive);
    let stopped = xml(&sample.story());
    assert!(stopped.contains("<error message=\"Could not be judged: p99.9 needs"), "{stopped}");
    sample.verdict.outcome = Outcome::Warn;
    let warned = xml(&sample.story());
    assert!(warned.contains("<skipped message=\"Not judged, does not stop the build: p99.9 needs"), "{warned}");
    assert!(warned.contains("errors=\"0\""), "{warned}");
    sample.verdict.outcome = Outcome::Inconclusive;
    for row in &mut sample.verdict.rows {
        row.allowed = row.outcome == Outcome::Inconclusive;
    }
    let allowed = xml(&sample.story());
    assert!(allowed.contains("<skipped message=\"Not judged, does not stop the build: p99.9 needs"), "{allowed}");
}

#[test]
fn a_warning_is_a_passed_case_that_says_so_and_a_pass_carries_its_numbers() {
    let xml = xml(&Sample::shop(Outcome::Warn).story());
    assert!(xml.contains("failures=\"0\"") && !xml.contains("<failure"), "{xml}");
    assert!(xml.contains("<system-out>Warning, does not stop the build\n"), "{xml}");
    assert!(xml.contains("p95: 620 ms, limit &lt; 1,000 ms") || xml.contains("p95: 620 ms, limit &lt; 1 s"), "{xml}");
}

#[test]
fn a_run_with_a_problem_carries_its_traceback() {
    let mut sample = Sample::shop(Outcome::Pass);
    let health = Row { subject: Subject::Run, outcome: Outcome::Inconclusive, ..sample.verdict.rows[0].clone() };
    sample.verdict.rows.push(health);
    sample.results.problems.push(
        Problem::new(ProblemKind::UsersLost, "3 users died in on_start")
            .with_detail(Some("Traceback:\n  File \"x.py\", line 3\nKeyError: 'token'".to_owned())),
    );
    let xml = xml(&sample.story());
    assert!(xml.contains("load test: the run"), "{xml}");
    assert!(xml.contains("line 3\nKeyError"), "{xml}");
}
