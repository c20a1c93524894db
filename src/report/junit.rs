//! Test cases for CircleCI's Tests tab.
//!
//! The tab, and the agents that read it, list failed cases alone, with name, class, file, message and text; a failed case
//! that does not stop the build would be taken for the reason of a red one. So a case fails only where its row stops the
//! build. A warning is a passed case with the warning in its output. A row that could not be judged and does not stop
//! the build is a skipped case: it was not judged, and the tab counts it as such. Every case carries its numbers.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Format, Story, wording};
use crate::clean;
use crate::results::ResultsFolder;
use crate::text::counted;
use crate::verdict::{Origin, Outcome, Row, Subject};

/// Longest name and message, in characters.
const LONGEST: usize = 500;

/// Lines of a traceback shown.
const DETAIL_LINES: usize = 60;

/// The format, for the list of formats.
pub(super) const FORMAT: Format = Format {
    file: ResultsFolder::JUNIT,
    about: "one test case per gate and endpoint, for CircleCI's Tests tab",
    render: |story, _| Ok(xml(story)),
};

/// The content of `junit/loadforge.xml`: a suite for each kind of subject, a case for each gate and endpoint.
#[must_use]
pub fn xml(story: &Story<'_>) -> String {
    let mut report = Report::new("load test");
    for (kind, holds) in KINDS {
        let mut suite = TestSuite::new(format!("load test: {kind}"));
        for row in story.verdict.rows.iter().filter(|row| holds(&row.subject)) {
            suite.add_test_case(case(story, row));
        }
        if !suite.test_cases.is_empty() {
            report.add_test_suite(suite);
        }
    }
    // Writing into memory has no way to fail; the type knows of no such sink.
    report.to_string().unwrap_or_default()
}

type Holds = fn(&Subject) -> bool;

const KINDS: [(&str, Holds); 4] = [
    ("the run", |subject| matches!(subject, Subject::Run)),
    ("LoadForge targets", |subject| matches!(subject, Subject::LoadforgeTargets)),
    ("all requests", |subject| matches!(subject, Subject::All)),
    ("endpoints", |subject| matches!(subject, Subject::Endpoint(_) | Subject::NoMatch(_))),
];

fn case(story: &Story<'_>, row: &Row) -> TestCase {
    let mut case = TestCase::new(line(&row.gate), status(story, row));
    case.set_classname(line(&row.subject.to_string()));
    // A gate takes no time of its own: it is about the whole run.
    case.set_time(length(story));
    if matches!(row.outcome, Outcome::Pass | Outcome::Warn) {
        let warning = if row.outcome == Outcome::Warn { "Warning, does not stop the build\n" } else { "" };
        case.set_system_out(format!("{warning}{}", description(row)));
    }
    if let Origin::File { .. } = row.origin {
        case.extra.insert("file".into(), line(&wording::place(&row.origin)).into());
    }
    if matches!(row.subject, Subject::Run) && row.outcome != Outcome::Pass {
        let details = story.results.problems.iter().filter_map(|problem| problem.detail.as_deref());
        let lines: Vec<String> = details.flat_map(|detail| clean::lines(detail, DETAIL_LINES)).collect();
        if !lines.is_empty() {
            case.set_system_err(lines.join("\n"));
        }
    }
    case
}

fn status(story: &Story<'_>, row: &Row) -> TestCaseStatus {
    // With `on_inconclusive: warn` the whole is no worse than a warning.
    let stops = story.verdict.outcome >= Outcome::Inconclusive && !row.allowed;
    let (mut status, kind, prefix) = match row.outcome {
        Outcome::Pass | Outcome::Warn => return TestCaseStatus::success(),
        Outcome::Fail => (TestCaseStatus::non_success(NonSuccessKind::Failure), "fail", ""),
        Outcome::Inconclusive if stops => {
            (TestCaseStatus::non_success(NonSuccessKind::Error), "inconclusive", "Could not be judged: ")
        }
        Outcome::Inconclusive => (TestCaseStatus::skipped(), "inconclusive", "Not judged, does not stop the build: "),
    };
    status.set_message(line(&format!("{prefix}{}", row.reason)));
    status.set_type(kind);
    status.set_description(description(row));
    status
}

/// The length that the run was given; 0 where only a CSV was judged.
fn length(story: &Story<'_>) -> Duration {
    let planned = story.run.and_then(|run| run.fingerprint.duration_s).unwrap_or(0);
    Duration::from_secs(planned)
}

/// All that is known of the row, one fact per line.
fn description(row: &Row) -> String {
    let mut facts = vec![
        format!("gate: {}", line(&row.gate)),
        format!("written in: {}", line(&wording::place(&row.origin))),
        format!("endpoint: {}", line(&row.subject.to_string())),
        format!("{}: {}, limit {}", line(&row.measure), row.observed_text(), row.limit_text()),
        format!("requests: {}", row.requests),
    ];
    if let Some(baseline) = &row.baseline {
        let median = wording::value_text(baseline.median, row.unit);
        facts.push(format!(
            "baseline: {median} over {}, change {}",
            counted(baseline.runs, "good run"),
            wording::change_text(row)
        ));
    }
    if let Some(waiver) = &row.waiver {
        facts.push(line(&format!("waived by {} until {}: {}", waiver.owner, waiver.expires, waiver.reason)));
    }
    facts.push(format!("why: {}", line(&row.reason.to_string())));
    facts.join("\n")
}

fn line(text: &str) -> String {
    clean::shorten(clean::line(text).trim(), LONGEST).into_owned()
}
