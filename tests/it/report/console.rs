use loadforge_ci::report::console::{ConsoleOptions, write};
use loadforge_ci::verdict::Outcome;
use unicode_width::UnicodeWidthStr;

use super::sample::Sample;

fn shown(sample: &Sample, options: &ConsoleOptions) -> String {
    let mut out = Vec::new();
    write(&mut out, &sample.story(), options).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_failed_run_is_told_from_worst_to_best() {
    let options = ConsoleOptions { files: vec!["loadforge-results/report.html".into()], ..ConsoleOptions::default() };
    insta::assert_snapshot!(shown(&Sample::shop(Outcome::Fail), &options));
}

#[test]
fn an_empty_run_is_told_too() {
    insta::assert_snapshot!(shown(&Sample::empty(), &ConsoleOptions::default()), @r"
    Nothing was judged: no gate is written and there is no history to compare with

    In short:
    verdict      Nothing was judged: no gate is written and there is no history to compare with
    generator    no problem was reported
    report       report.html
    next         loadforge-ci run && loadforge-ci gate
    ");
}

#[test]
fn colors_appear_only_when_asked_for() {
    let sample = Sample::shop(Outcome::Fail);
    assert!(!shown(&sample, &ConsoleOptions::default()).contains('\u{1b}'));
    let painted = shown(&sample, &ConsoleOptions { color: true, ..ConsoleOptions::default() });
    assert!(painted.starts_with("\u{1b}[1m\u{1b}[31mFailed: POST"), "{painted}");
}

#[test]
fn no_line_is_wider_than_asked_whatever_the_names() {
    for name in ["x".repeat(400), "注文".repeat(200), format!("/a{}", " b".repeat(90))] {
        for width in [100, 120] {
            let text = shown(&Sample::hostile(&name), &ConsoleOptions { width, ..ConsoleOptions::default() });
            for line in text.lines() {
                assert!(line.width() <= width || line.starts_with("      "), "{} columns: {line}", line.width());
            }
        }
    }
}

#[test]
fn thousands_of_rows_are_counted_not_printed() {
    let text = shown(&Sample::large(10_000, 400, 300), &ConsoleOptions::default());
    assert!(text.contains("… 200 more fail (all rows are in verdict.json)"), "{text}");
    assert!(text.contains("… 9,580 more pass"), "{text}");
    assert!(text.lines().count() < 300);
}

#[test]
fn what_all_endpoints_share_is_above_the_table() {
    let sentence = "All 5 endpoints are slower than the baseline by about the same factor, +60 %.";
    let text = shown(&Sample::shop(Outcome::Fail).slower_alike(), &ConsoleOptions::default());
    let (above, below) = text.split_once("\n\n").unwrap();
    assert!(above.contains(sentence), "{text}");
    assert!(!above.contains("login p95") && below.contains("\nFindings:"), "{text}");
    let (above, _) = below.split_once("\nFindings:").unwrap();
    assert!(!above.contains("All 5 endpoints"), "{text}");
}
