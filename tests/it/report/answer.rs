use loadforge_ci::report::answer::{Answer, MOST, json, text};
use loadforge_ci::report::markdown::summary;
use loadforge_ci::results::Evidence;
use loadforge_ci::text::grouped;
use loadforge_ci::verdict::Outcome;

use super::sample::Sample;

#[test]
fn the_block_answers_what_failed_by_how_much_under_which_load_and_what_to_do() {
    let sample = Sample::shop(Outcome::Fail);
    let block = text(&sample.story(), 120);
    insta::assert_snapshot!(block);
    let answer: Answer = serde_json::from_str(&json(&sample.story())).unwrap();
    assert_eq!(answer.outcome, Outcome::Fail);
    let login = answer.rows.iter().find(|row| row.endpoint == "POST /api/v1/auth/login").unwrap();
    for (question, said) in [
        ("what failed", login.endpoint.as_str()),
        ("by how much", login.change.as_deref().unwrap()),
        ("the limit", login.limit.as_str()),
        ("the generator", answer.generator.as_str()),
        ("the load", answer.load.as_deref().unwrap()),
        ("the commit", answer.build.as_deref().unwrap()),
        ("the report", answer.report.as_str()),
        ("what to run next", answer.next.as_deref().unwrap()),
    ] {
        let flat = block.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(said), "{question}: {said:?} is not in the block\n{block}");
    }
}

#[test]
fn the_users_of_a_load_shape_are_those_measured_not_those_of_the_flags() {
    let mut sample = Sample::shop(Outcome::Fail);
    let asked = sample.run.as_ref().unwrap().fingerprint.users.unwrap();
    let measured = sample.results.timeline.peak_users();
    sample.run.as_mut().unwrap().fingerprint.users = Some(asked + 1234);
    let load = |sample: &Sample| serde_json::from_str::<Answer>(&json(&sample.story())).unwrap().load.unwrap();
    let headline = |sample: &Sample| summary(&sample.story(), None).unwrap();
    let flags = format!("{} users", grouped(f64::from(asked + 1234)));
    assert!(load(&sample).starts_with(&flags) && headline(&sample).contains(&flags), "{}", load(&sample));
    sample.results.evidence = Some(Evidence { load_shape: Some("Wave".into()), ..Evidence::default() });
    let shape = format!("{measured} users");
    assert!(load(&sample).starts_with(&shape) && headline(&sample).contains(&shape), "{}", load(&sample));
    assert!(!headline(&sample).contains(&flags) && !headline(&sample).contains("Spawn rate"), "{}", headline(&sample));
}

#[test]
fn each_outcome_has_its_next_step() {
    for (outcome, next) in [
        (Outcome::Pass, None),
        (Outcome::Warn, None),
        (Outcome::Inconclusive, Some("loadforge-ci run")),
        (Outcome::Fail, Some("loadforge-ci")),
    ] {
        let answer: Answer = serde_json::from_str(&json(&Sample::shop(outcome).story())).unwrap();
        assert_eq!(answer.next.is_some(), next.is_some(), "{outcome}");
        assert!(answer.next.unwrap_or_default().starts_with(next.unwrap_or_default()), "{outcome}");
    }
}

#[test]
fn it_is_never_longer_than_two_kilobytes() {
    let long = "注文".repeat(500);
    for sample in
        [Sample::large(10_000, 400, 300), Sample::hostile(&long), Sample::hostile(&"x".repeat(4_000)), Sample::empty()]
    {
        let (block, data) = (text(&sample.story(), 120), json(&sample.story()));
        assert!(block.len() <= MOST && data.len() <= MOST, "{} and {}\n{block}\n{data}", block.len(), data.len());
        let _: Answer = serde_json::from_str(&data).unwrap();
    }
}

#[test]
fn code_or_environment_is_the_first_of_the_evidence() {
    let mut sample = Sample::shop(Outcome::Fail);
    sample.verdict.evidence = Some("Evidence: code. 1 of 7 endpoints moved, in both runs: +34 %".into());
    let answer: Answer = serde_json::from_str(&json(&sample.story())).unwrap();
    assert_eq!(answer.evidence[0], "code. 1 of 7 endpoints moved, in both runs: +34 %");
    let block = text(&sample.story(), 120);
    assert!(block.contains("\nevidence     code. 1 of 7 endpoints moved, in both runs: +34 %\n"), "{block}");
}
