use loadforge_ci::error::CommandError;
use loadforge_ci::exit::Exit;
use loadforge_ci::report::markdown::{comment_section, summary};
use loadforge_ci::verdict::{Outcome, Row};

use super::sample::Sample;

/// The default summary without our own version, which changes with each release.
fn shown(sample: &Sample) -> String {
    summary(&sample.story(), None)
        .unwrap()
        .replace(concat!("loadforge-ci ", env!("CARGO_PKG_VERSION")), "loadforge-ci X.Y.Z")
}

#[test]
fn a_failed_run_starts_with_its_verdict_and_the_rows_that_matter() {
    insta::assert_snapshot!(shown(&Sample::shop(Outcome::Fail)));
}

#[test]
fn a_good_run_says_so_and_folds_the_rest() {
    insta::assert_snapshot!(shown(&Sample::shop(Outcome::Pass)));
}

#[test]
fn an_empty_run_is_told_too() {
    insta::assert_snapshot!(shown(&Sample::empty()));
}

#[test]
fn a_first_run_without_history_is_no_wall_of_rows() {
    let mut sample = Sample::shop(Outcome::Pass);
    let waiting = Row {
        outcome: Outcome::Inconclusive,
        allowed: true,
        baseline: None,
        reason: "no good run of this test is recorded yet".into(),
        ..sample.verdict.rows[0].clone()
    };
    sample.verdict.rows = vec![waiting; 300];
    let text = comment_section(&sample.story(), 60_000);
    assert!(!text.contains("| inconclusive |"), "{text}");
    assert!(
        text.contains("<summary>200 of 300 checks not evaluated yet") || text.contains("<summary>300 of 300"),
        "{text}"
    );
    assert!(text.contains("no good run of this test is recorded yet"), "{text}");
}

#[test]
fn ten_thousand_endpoints_stay_under_the_limit_and_no_failing_row_is_lost_silently() {
    let sample = Sample::large(10_000, 400, 300);
    for budget in [65_000, 20_000, 4_000, 1_500, 200] {
        let text = comment_section(&sample.story(), budget);
        assert!(text.chars().count() <= budget, "{} of {budget}", text.chars().count());
        let shown = text.matches("| **fail** |").count();
        if budget > 200 {
            assert!(shown > 0, "{text}");
            let sentence = format!("**{} more failed**", 400 - shown);
            assert!(shown == 400 || text.contains(&sentence), "{budget}: {shown} shown\n{text}");
            assert!(shown == 400 || text.contains("verdict.json"), "{text}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
    assert_eq!(comment_section(&sample.story(), 65_000).matches("| **fail** |").count(), 400);
}

#[test]
fn detail_goes_in_order_and_failing_rows_last() {
    let sample = Sample::shop(Outcome::Fail);
    let full = comment_section(&sample.story(), 65_000);
    let mut before = full.clone();
    for budget in (600..full.chars().count()).rev().step_by(97) {
        let text = comment_section(&sample.story(), budget);
        assert!(text.chars().count() <= budget);
        for (kept, gone) in [("| **fail** |", "| pass |"), ("| **fail** |", "| warn |"), ("| warn |", "| pass |")] {
            if text.matches(kept).count() < full.matches(kept).count() {
                assert_eq!(text.matches(gone).count(), 0, "{kept} went before {gone} at {budget}\n{text}");
            }
        }
        assert!(text.matches("| **fail** |").count() <= before.matches("| **fail** |").count());
        before = text;
    }
}

#[test]
fn a_template_of_the_users_own_replaces_the_summary_and_cannot_be_injected_into() {
    let mut sample = Sample::shop(Outcome::Fail);
    sample.verdict.rows[0].reason = "thanks @alice | <b>".into();
    let template = "{% for row in rows.fail %}\n{{ row.endpoint|code }}: {{ row.observed }} ({{ row.reason }}) {{ row.waiver }}\n\
                    {{ [row.reason, 'x']|join(', ') }} {{ row.reason|upper }} {{ 'a' ~ row.reason }}\n{% endfor %}\n{{ counts.pass }}";
    insta::assert_snapshot!(summary(&sample.story(), Some(("own.txt", template))).unwrap());
}

#[test]
fn a_broken_template_is_an_error_with_its_place() {
    let sample = Sample::shop(Outcome::Pass);
    let error = |template: &str| {
        let failure = CommandError::from(summary(&sample.story(), Some(("perf/comment.md", template))).unwrap_err());
        assert_eq!(failure.exit, Exit::Usage);
        failure.to_string()
    };
    insta::assert_snapshot!(error("# Load\n{% for row in rows.fail %}\n{{ row.p95 }\n{% endfor %}"), @r"
    failed to render the template perf/comment.md, line 3: syntax error: unexpected `}`, expected end of variable block
         1 | # Load
         2 | {% for row in rows.fail %}
    >    3 | {{ row.p95 }
         4 | {% endfor %}
    hint: docs/template.md lists every name a template can use; without --template the built-in one is used
    ");
    insta::assert_snapshot!(error("# Load\n\n{{ verdict.sentense }}\nend"), @r"
    failed to render the template perf/comment.md, line 3: undefined value: `verdict.sentense` is undefined
         1 | # Load
         2 | 
    >    3 | {{ verdict.sentense }}
         4 | end
    hint: docs/template.md lists every name a template can use; without --template the built-in one is used
    ");
    insta::assert_snapshot!(error("{{ 1|nope }}"), @r"
    failed to render the template perf/comment.md, line 1: unknown filter: filter nope is unknown
    >    1 | {{ 1|nope }}
    hint: docs/template.md lists every name a template can use; without --template the built-in one is used
    ");
    insta::assert_snapshot!(error("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"), @r"
    failed to render the template perf/comment.md, line 1: engine ran out of fuel
    >    1 | {% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}
    hint: docs/template.md lists every name a template can use; without --template the built-in one is used
    ");
}

#[test]
fn a_template_cannot_print_without_end() {
    let sample = Sample::shop(Outcome::Pass);
    let ten = "x".repeat(10_000);
    let much = format!("{{% for a in range(9999) %}}{ten}{{% endfor %}}");
    for template in [
        "{{ '%1000000000d'|format(1) }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 'a'|indent(1000000000, true) }}",
        "{% set ns = namespace(x='xxxxxxxxxx') %}{% for a in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        &much,
    ] {
        let error = summary(&sample.story(), Some(("own.txt", template))).unwrap_err().to_string();
        assert!(error.starts_with("failed to render the template own.txt"), "{error:.200}");
    }
}

#[test]
fn what_all_endpoints_share_is_above_the_table_however_short_the_comment() {
    let sentence = "**All 5 endpoints are slower than the baseline by about the same factor, +60 %.**";
    let sample = Sample::shop(Outcome::Fail).slower_alike();
    for text in [shown(&sample), comment_section(&sample.story(), 60_000), comment_section(&sample.story(), 2_000)] {
        let (above, _) = text.split_once("| Verdict").unwrap();
        assert!(above.contains(sentence), "{text}");
    }
    assert!(!comment_section(&sample.story(), 2_000).contains("<summary>Findings"));
    assert!(!shown(&Sample::shop(Outcome::Fail)).contains("endpoints are slower"));
}
