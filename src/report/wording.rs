//! The words and small texts all reports share.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::results::{Failure, FailureKind, Results};
use crate::text;
use crate::verdict::{Control, FindingKind, Origin, Outcome, Row, Since, Subject, Unit, Verdict};

/// The verdict as a heading's first word.
#[must_use]
pub fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "Passed",
        Outcome::Warn => "Passed with warnings",
        Outcome::Inconclusive => "Inconclusive",
        Outcome::Fail => "Failed",
    }
}

/// The verdict's sentence, with the verdict in front of it where the sentence does not say it itself.
#[must_use]
pub fn headline(verdict: &Verdict) -> String {
    let sentence = verdict.sentence.trim();
    let lower = sentence.to_lowercase();
    let headline = match verdict.outcome {
        Outcome::Pass => lower.contains("passed"),
        Outcome::Warn => lower.starts_with("passed") || lower.contains("judged"),
        Outcome::Inconclusive => lower.contains("judged"),
        Outcome::Fail => lower.starts_with("failed"),
    };
    if headline { sentence.to_owned() } else { format!("{}: {sentence}", outcome_word(verdict.outcome)) }
}

/// What nearly all endpoints share, for the lines above the table: a table whose rows are all slower is misread without
/// it. `None` when there is no such finding.
#[must_use]
pub fn common_mode(verdict: &Verdict) -> Option<String> {
    let finding = verdict.findings.iter().find(|finding| finding.kind == FindingKind::CommonMode)?;
    Some(closed(&finding.sentence))
}

/// Which attempts at the commit count together, and what became of them. `None` where this one counts alone.
#[must_use]
pub fn attempts(verdict: &Verdict) -> Option<String> {
    verdict.attempts.as_ref().map(|attempts| closed(&attempts.sentence))
}

/// The run against a known-good deployment: what it says, which run it was and what it cost.
#[must_use]
pub fn control(control: &Control) -> String {
    let run = control.run_id.map(|id| format!("run {id}"));
    let facts: Vec<String> = run.into_iter().chain(control.cost.clone()).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    closed(&format!("{}{facts}", control.sentence))
}

/// The rows that failed or warned and of which the last builds show since when, the worst first; one for each endpoint,
/// because its measures change together.
#[must_use]
pub fn dated_rows(verdict: &Verdict) -> Vec<(&Row, &Since)> {
    let rows = [Outcome::Fail, Outcome::Warn].into_iter().flat_map(|outcome| rows_with(verdict, outcome));
    let mut dated: Vec<(&Row, &Since)> = Vec::new();
    for (row, since) in rows.filter_map(|row| Some((row, row.since.as_deref()?))) {
        if !dated.iter().any(|(known, _)| known.subject == row.subject) {
            dated.push((row, since));
        }
    }
    dated
}

/// Since which build a row's value is worse, where the last builds show it.
#[must_use]
pub fn since_text(row: &Row) -> Option<String> {
    row.since.as_ref().map(|since| since.words(row.unit))
}

/// Why a row ended as it did, and since when its value is worse.
#[must_use]
pub fn reason_and_since(row: &Row) -> String {
    let since = since_text(row).map(|words| format!("; worse since {words}")).unwrap_or_default();
    format!("{}{since}", row.reason)
}

/// How a row ended, in a table's cell.
#[must_use]
pub fn outcome_text(row: &Row) -> String {
    if row.is_waiting() { "inconclusive, allowed".to_owned() } else { row.outcome.to_string() }
}

/// Change against the baseline's median: `+34 %`; a dash without a baseline.
#[must_use]
pub fn change_text(row: &Row) -> String {
    row.baseline.as_ref().and_then(|baseline| baseline.change_percent).map_or_else(dash, signed_percent)
}

/// Distance to the limit in percent of the limit, negative beyond it: `+12 %`, `-22 %`.
#[must_use]
pub fn headroom_text(row: &Row) -> String {
    row.headroom_percent.map_or_else(dash, signed_percent)
}

/// A change with its sign, or a dash.
#[must_use]
pub fn signed_percent(value: f64) -> String {
    if !value.is_finite() {
        return dash();
    }
    text::signed_percent(value)
}

/// Where a gate was written: `loadforge.yml:12`, `--gate`, `default`.
#[must_use]
pub fn place(origin: &Origin) -> String {
    match origin {
        Origin::File { path, line } => format!("{path}:{line}"),
        Origin::Flag => "--gate".to_owned(),
        Origin::StopFlag => "--stop".to_owned(),
        Origin::Default => "default".to_owned(),
    }
}

/// The values of the last good runs and of this one as a small chart; empty without a baseline.
#[must_use]
pub fn sparkline(row: &Row) -> String {
    let Some(baseline) = row.baseline.as_ref().filter(|baseline| !baseline.recent.is_empty()) else {
        return String::new();
    };
    text::sparkline(baseline.recent.iter().copied().chain(row.observed))
}

/// A value with its unit, or a dash.
#[must_use]
pub fn value_text(value: Option<f64>, unit: Unit) -> String {
    value.map_or_else(dash, |value| unit.show(value))
}

/// `METHOD name`, or the name alone where there is no method.
#[must_use]
pub fn label(method: &str, name: &str) -> String {
    if method.is_empty() { name.to_owned() } else { format!("{method} {name}") }
}

/// The class of a failure in words.
#[must_use]
pub fn class_name(kind: FailureKind) -> String {
    match kind {
        FailureKind::Http(status) => {
            let hint = match status {
                401 | 403 => ", auth",
                429 => ", rate limit",
                502 | 504 => ", gateway",
                _ => "",
            };
            format!("HTTP {status}{hint}")
        }
        FailureKind::Timeout => "timeout".to_owned(),
        FailureKind::Connection => "connection".to_owned(),
        FailureKind::Other => "other".to_owned(),
        FailureKind::Unknown => "check of the script".to_owned(),
    }
}

/// The rows that ended this way: failing ones from the worst on, the others in the order of the gates, those that
/// may stay unjudged last.
#[must_use]
pub fn rows_with(verdict: &Verdict, outcome: Outcome) -> Vec<&Row> {
    let mut rows: Vec<&Row> = verdict.rows_with(outcome).collect();
    if outcome == Outcome::Fail {
        let headroom = |row: &Row| row.headroom_percent.unwrap_or(f64::INFINITY);
        let of_the_run = |row: &Row| row.subject == Subject::Run;
        rows.sort_by(|a, b| of_the_run(b).cmp(&of_the_run(a)).then(headroom(a).total_cmp(&headroom(b))));
    }
    rows.sort_by_key(|row| row.is_waiting());
    rows
}

/// The sentence with a full stop where it has no end yet.
#[must_use]
pub fn closed(sentence: &str) -> String {
    let sentence = sentence.trim();
    let open = !sentence.is_empty() && !sentence.ends_with(['.', '!', '?', ':']);
    format!("{sentence}{}", if open { "." } else { "" })
}

/// Failures of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureGroup<'a> {
    /// The class in words.
    pub name: String,
    /// How many requests failed this way.
    pub occurrences: u64,
    /// The texts behind it, the most frequent first.
    pub failures: Vec<&'a Failure>,
}

/// The failures by class, the most frequent first.
#[must_use]
pub fn failure_classes(results: &Results) -> Vec<FailureGroup<'_>> {
    let mut by_kind = BTreeMap::<FailureKind, FailureGroup<'_>>::new();
    for failure in &results.failures {
        let kind = failure.kind();
        let class = by_kind.entry(kind).or_insert_with(|| FailureGroup {
            name: class_name(kind),
            occurrences: 0,
            failures: Vec::new(),
        });
        class.occurrences = class.occurrences.saturating_add(failure.occurrences);
        class.failures.push(failure);
    }
    let mut classes: Vec<_> = by_kind.into_values().collect();
    for class in &mut classes {
        class.failures.sort_by_key(|failure| Reverse(failure.occurrences));
    }
    classes.sort_by_key(|class| Reverse(class.occurrences));
    classes
}

/// Whether the subject's text came from outside and is a name.
#[must_use]
pub const fn is_name(subject: &Subject) -> bool {
    matches!(subject, Subject::Endpoint(_) | Subject::NoMatch(_))
}

fn dash() -> String {
    "–".to_owned()
}

/// `2026-11-25T20:05:09Z`: ISO 8601, to the second.
#[must_use]
pub fn moment_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_says_the_verdict_once() {
        let headline = |outcome, sentence: &str| {
            headline(&Verdict { outcome, sentence: sentence.to_owned(), ..Verdict::new(Vec::new()) })
        };
        assert_eq!(headline(Outcome::Fail, "/login is slower"), "Failed: /login is slower");
        assert_eq!(headline(Outcome::Fail, "/passed is slower"), "Failed: /passed is slower");
        assert_eq!(headline(Outcome::Pass, "All 4 gates passed"), "All 4 gates passed");
        assert_eq!(headline(Outcome::Warn, "Passed with a warning: x"), "Passed with a warning: x");
        assert_eq!(headline(Outcome::Inconclusive, "Not judged: x"), "Not judged: x");
        assert_eq!(headline(Outcome::Inconclusive, "x"), "Inconclusive: x");
    }

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!([34.2, -0.04, 3.13, -22.6].map(signed_percent), ["+34 %", "0 %", "+3.1 %", "-23 %"]);
        assert_eq!(signed_percent(f64::NAN), "–");
    }
}
