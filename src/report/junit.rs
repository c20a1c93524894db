//! Test cases for CircleCI's Tests tab.
//!
//! The tab lists failed cases alone, with name, class, file, message and text. So a warning and a row that could
//! not be judged are written as failed cases too, and their message says whether they stop the build: what stops
//! it is the exit code, never this file. Only a row that is allowed to stay unjudged (no baseline yet) is `skipped`.

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

/// What a failed case means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    StopsTheBuild,
    DoesNotStop,
}

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
    // A gate takes no time of its own; the attribute is wanted by readers of the format.
    case.set_time(Duration::ZERO);
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
    let weight = match row.outcome {
        Outcome::Warn => Weight::DoesNotStop,
        // With `on_inconclusive: warn` the whole is no worse than a warning.
        Outcome::Inconclusive if story.verdict.outcome < Outcome::Inconclusive => Weight::DoesNotStop,
        _ => Weight::StopsTheBuild,
    };
    let (mut status, kind) = match row.outcome {
        Outcome::Pass => return TestCaseStatus::success(),
        Outcome::Fail => (TestCaseStatus::non_success(NonSuccessKind::Failure), "fail"),
        Outcome::Warn => (TestCaseStatus::non_success(NonSuccessKind::Failure), "warning"),
        Outcome::Inconclusive if row.allowed => (TestCaseStatus::skipped(), "inconclusive"),
        Outcome::Inconclusive => (TestCaseStatus::non_success(NonSuccessKind::Error), "inconclusive"),
    };
    let prefix = match (row.outcome, weight) {
        (Outcome::Warn, _) => "Warning, does not stop the build: ",
        (Outcome::Inconclusive, _) if row.allowed => "Not judged, allowed: ",
        (Outcome::Inconclusive, Weight::DoesNotStop) => "Could not be judged, does not stop the build: ",
        (Outcome::Inconclusive, Weight::StopsTheBuild) => "Could not be judged: ",
        _ => "",
    };
    status.set_message(line(&format!("{prefix}{}", row.reason)));
    status.set_type(kind);
    status.set_description(description(row));
    status
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
