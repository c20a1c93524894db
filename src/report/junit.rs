//! Test cases for CircleCI's Tests tab.
//!
//! The tab, and the agents that read it, list failed cases alone, with name, class, file, message and text; a failed case
//! that does not stop the build would be taken for the reason of a red one. So a case fails only where its row stops the
//! build. A warning is a passed case with the warning in its output. A row that could not be judged and does not stop
//! the build is a skipped case: it was not judged, and the tab counts it as such. Every case carries its numbers.

mod xml;

use self::xml::Xml;
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
    let mut xml = Xml::new();
    let rows = &story.verdict.rows;
    xml.open("testsuites", &counts("load test", story, rows.iter()).attributes());
    for (kind, holds) in KINDS {
        let of_kind = || rows.iter().filter(|row| holds(&row.subject));
        if of_kind().next().is_none() {
            continue;
        }
        xml.open("testsuite", &counts(&format!("load test: {kind}"), story, of_kind()).attributes());
        of_kind().for_each(|row| case(&mut xml, story, row));
        xml.close("testsuite");
    }
    xml.close("testsuites");
    xml.finish()
}

/// The counts of a suite, written.
struct SuiteCounts([(&'static str, String); 5]);

impl SuiteCounts {
    fn attributes(&self) -> [(&str, &str); 5] {
        self.0.each_ref().map(|(name, count)| (*name, count.as_str()))
    }
}

fn counts<'r>(name: &str, story: &Story<'_>, rows: impl Iterator<Item = &'r Row>) -> SuiteCounts {
    let (mut all, mut skipped, mut failures, mut errors) = (0_usize, 0_usize, 0_usize, 0_usize);
    for row in rows {
        all += 1;
        match CaseKind::of(story, row) {
            CaseKind::Passed => {}
            CaseKind::Skipped => skipped += 1,
            CaseKind::Failed => failures += 1,
            CaseKind::NotJudged => errors += 1,
        }
    }
    let counted = [("tests", all), ("skipped", skipped), ("failures", failures), ("errors", errors)];
    let [all, skipped, failures, errors] = counted.map(|(name, count)| (name, count.to_string()));
    SuiteCounts([("name", name.to_owned()), all, skipped, failures, errors])
}

type Holds = fn(&Subject) -> bool;

const KINDS: [(&str, Holds); 4] = [
    ("the run", |subject| matches!(subject, Subject::Run)),
    ("LoadForge targets", |subject| matches!(subject, Subject::LoadforgeTargets)),
    ("all requests", |subject| matches!(subject, Subject::All)),
    ("endpoints", |subject| matches!(subject, Subject::Endpoint(_) | Subject::NoMatch(_))),
];

fn case(xml: &mut Xml, story: &Story<'_>, row: &Row) {
    let (gate, subject, place) = (line(&row.gate), line(&row.subject.to_string()), line(&wording::place(&row.origin)));
    // A gate takes no time of its own: it is about the whole run.
    let seconds = format!("{}.000", length_s(story));
    let mut attributes = vec![("name", gate.as_str()), ("classname", &subject), ("time", &seconds)];
    if let Origin::File { .. } = row.origin {
        attributes.push(("file", &place));
    }
    xml.open("testcase", &attributes);
    let description = description(row, &gate, &place, &subject);
    let (element, kind, prefix) = match CaseKind::of(story, row) {
        CaseKind::Passed => ("system-out", "", ""),
        CaseKind::Failed => ("failure", "fail", ""),
        CaseKind::NotJudged => ("error", "inconclusive", "Could not be judged: "),
        CaseKind::Skipped => ("skipped", "inconclusive", "Not judged, does not stop the build: "),
    };
    if kind.is_empty() {
        let warning = if row.outcome == Outcome::Warn { "Warning, does not stop the build\n" } else { "" };
        xml.text(element, &[], &format!("{warning}{description}"));
    } else {
        let message = line(&format!("{prefix}{}", row.reason));
        xml.text(element, &[("message", &message), ("type", kind)], &description);
    }
    if matches!(row.subject, Subject::Run) && row.outcome != Outcome::Pass {
        let details = story.results.problems.iter().filter_map(|problem| problem.detail.as_deref());
        let lines: Vec<String> = details.flat_map(|detail| clean::lines(detail, DETAIL_LINES)).collect();
        if !lines.is_empty() {
            xml.text("system-err", &[], &lines.join("\n"));
        }
    }
    xml.close("testcase");
}

/// How a case is shown.
enum CaseKind {
    /// Passed, a warning among them.
    Passed,
    /// A row that fails the build.
    Failed,
    /// A row that could not be judged and stops the build.
    NotJudged,
    /// A row that could not be judged and does not.
    Skipped,
}

impl CaseKind {
    fn of(story: &Story<'_>, row: &Row) -> Self {
        // With `on_inconclusive: warn` the whole is no worse than a warning.
        let stops = story.verdict.outcome >= Outcome::Inconclusive && !row.allowed;
        match row.outcome {
            Outcome::Pass | Outcome::Warn => Self::Passed,
            Outcome::Fail => Self::Failed,
            Outcome::Inconclusive if stops => Self::NotJudged,
            Outcome::Inconclusive => Self::Skipped,
        }
    }
}

/// The length that the run was given, s; 0 where only a CSV was judged.
fn length_s(story: &Story<'_>) -> u64 {
    story.run.and_then(|run| run.fingerprint.duration_s).unwrap_or(0)
}

/// All that is known of the row, one fact per line.
fn description(row: &Row, gate: &str, place: &str, subject: &str) -> String {
    let mut facts = vec![
        format!("gate: {gate}"),
        format!("written in: {place}"),
        format!("endpoint: {subject}"),
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
    if let Some(since) = wording::since_text(row) {
        facts.push(format!("since: {}", line(&since)));
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
