//! Since when a row is worse, in every report: the first bad and the last good build, and what changed between them.

use loadforge_ci::report::answer::{Answer, json, text};
use loadforge_ci::report::html::page;
use loadforge_ci::report::markdown::summary;
use loadforge_ci::verdict::{BuildRef, Outcome, Since};

use super::sample::Sample;

const GOOD: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a098877665";
const BAD: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
const PAGE: &str = "https://github.com/acme/shop/compare/9f8e7d6c5b4a39281706f5e4d3c2b1a098877665...1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

/// The shop whose login is slower since three builds before this one.
fn dated() -> Sample {
    let mut sample = Sample::shop(Outcome::Fail).with_background();
    sample.run.as_mut().unwrap().identity.build.repository = Some("github.com/acme/shop".to_owned());
    let past = &sample.background.as_ref().unwrap().past;
    let build = |index: usize, commit: &str| BuildRef {
        run_id: 1_000 + index as u64,
        at: past[index].at,
        commit: Some(commit.to_owned()),
    };
    let since = Since {
        first_bad: build(27, BAD),
        last_good: build(26, GOOD),
        before: 800.0,
        after: 1_070.0,
        change_percent: 33.75,
        builds: 4,
        builds_before: 27,
        recent_index: None,
        t: 9.0,
    };
    sample.verdict.rows[0].since = Some(Box::new(since));
    sample
}

#[test]
fn the_answer_names_both_commits_and_the_page_that_compares_them() {
    let sample = dated();
    let answer: Answer = serde_json::from_str(&json(&sample.story())).unwrap();
    let row = answer.rows.iter().find(|row| row.since.is_some()).unwrap();
    assert!(row.since.as_ref().unwrap().contains("commit 1a2b3c4 of ") && row.compare.as_deref() == Some(PAGE));
    let block = text(&sample.story(), 100);
    assert!(block.contains("commit 9f8e7d6 of 2026-11-18 (run 1026)"), "{block}");
    assert!(block.lines().any(|line| line.trim() == PAGE), "an address is never broken\n{block}");
}

#[test]
fn the_comment_links_what_changed() {
    let told = summary(&dated().story(), None).unwrap();
    assert!(told.contains("Since: `POST /api/v1/auth/login` p95 since commit `1a2b3c4` of "), "{told}");
    assert!(told.contains(&format!("([what changed](<{PAGE}>)).\n\n")), "{told}");
}

#[test]
fn the_trend_of_the_page_marks_the_first_build_that_was_worse() {
    let html = page(&dated().story());
    let mark = html.split("<path class=\"since\" d=\"M").nth(1).expect("a mark");
    let x: f64 = mark.split(' ').next().unwrap().parse().unwrap();
    let step = (280.0 - 24.0) / 30.0;
    assert!((x - (8.0 + step * 26.5)).abs() < 0.1, "{x}");
    assert!(html.contains("Worse since commit 1a2b3c4 of ") && html.contains(&format!("<a href=\"{PAGE}\"")), "{mark}");
    assert_eq!(html.matches("<path class=\"since\"").count(), 1);
}

#[test]
fn without_a_repository_there_is_no_page_to_compare() {
    let mut sample = dated();
    sample.run.as_mut().unwrap().identity.build.repository = None;
    for report in [json(&sample.story()), page(&sample.story()), summary(&sample.story(), None).unwrap()] {
        assert!(report.contains("1a2b3c4") && !report.contains("/compare/"));
    }
}
