//! The verdict in one sentence.

use std::collections::HashSet;

use crate::text::counted;
use crate::verdict::{AgainstBaseline, Outcome, Row, Subject, Unit};

/// What to do where nothing was judged.
const NEXT: &str = "Write a gate such as `p95 < 500ms`, or add this run to the history with `loadforge-ci baseline add`: \
                    later runs are compared with it";

/// The verdict in one sentence, for the top of every report.
pub(super) fn sentence(rows: &[Row], outcome: Outcome) -> String {
    let open: Vec<&Row> = rows.iter().filter(|row| row.outcome == Outcome::Inconclusive && !row.is_waiting()).collect();
    match outcome {
        Outcome::Fail => failed(rows, &open),
        Outcome::Inconclusive | Outcome::Warn if rows.is_empty() => {
            format!("Nothing was judged: no gate is written and there is no history to compare with. {NEXT}")
        }
        Outcome::Inconclusive => format!("Not judged: {}", first_of(&open, describe_open, "could not be judged")),
        Outcome::Warn => warned(rows, &open),
        Outcome::Pass => passed(rows),
    }
}

fn failed(rows: &[Row], open: &[&Row]) -> String {
    let mut failing: Vec<&Row> = rows.iter().filter(|row| row.outcome == Outcome::Fail).collect();
    worst_first(&mut failing);
    let mut text = first_of(&failing, describe_miss, "failed");
    // "all requests together"; names of endpoints are left as they are.
    if failing.first().is_some_and(|row| row.subject == Subject::All || row.stopped_run) {
        text.get_mut(..1).map(str::make_ascii_uppercase);
    }
    if let Some(run) = open.iter().find(|row| row.subject == Subject::Run) {
        text.push_str("; the run itself is doubtful: ");
        text.push_str(&run.reason.to_string());
    }
    text
}

fn warned(rows: &[Row], open: &[&Row]) -> String {
    let mut warnings: Vec<&Row> = rows.iter().filter(|row| row.outcome == Outcome::Warn).collect();
    worst_first(&mut warnings);
    let describe = |row: &Row| if row.subject == Subject::Run { row.reason.to_string() } else { describe_miss(row) };
    if let Some(first) = warnings.first() {
        let count = counted(warnings.len(), "warning");
        let also = if open.is_empty() { String::new() } else { format!("; {} could not be judged", open.len()) };
        return format!("Passed with {count}: {}{also}", describe(first));
    }
    if !open.is_empty() {
        return format!("Passed, but not all was judged: {}", first_of(open, describe_open, "could not be judged"));
    }
    let allowed: Vec<&Row> = rows.iter().filter(|row| row.is_waiting()).collect();
    let describe = |row: &Row| format!("{} of {}, {}", row.measure, subject(row), row.reason);
    format!("Nothing was judged: {}. {NEXT}", first_of(&allowed, describe, "could not be judged yet"))
}

fn passed(rows: &[Row]) -> String {
    // The targets of the saved test count as a gate; they have no index.
    let gates: HashSet<_> = rows.iter().filter(|row| !row.is_waiting()).map(|row| row.gate_index).collect();
    let count =
        if gates.len() == 1 { "The gate passed".to_owned() } else { format!("All {} gates passed", gates.len()) };
    let judged = rows.iter().filter(|row| row.outcome == Outcome::Pass && row.headroom_percent.is_some());
    let closest = judged.min_by(|a, b| a.headroom_percent.unwrap_or(0.0).total_cmp(&b.headroom_percent.unwrap_or(0.0)));
    let mut text = match closest {
        Some(row) => format!(
            "{count}: closest to its limit is {} of {}, {} (limit {})",
            row.measure,
            subject(row),
            row.observed_text(),
            row.limit_text()
        ),
        None => count,
    };
    let waiting = rows.iter().filter(|row| row.is_waiting()).count();
    if waiting > 0 {
        text.push_str(&format!("; {} with history could not be made yet", counted(waiting, "comparison")));
    }
    text
}

/// The first row in words, and how many more there are.
fn first_of(rows: &[&Row], describe: impl Fn(&Row) -> String, what: &str) -> String {
    let Some(first) = rows.first() else { return String::new() };
    match rows.len() - 1 {
        0 => describe(first),
        more => format!("{} (and {more} more {what})", describe(first)),
    }
}

/// The rows of the run itself and of what ended it first, then the farthest beyond its limit; rows without a distance last.
fn worst_first(rows: &mut [&Row]) {
    rows.sort_by(|a, b| {
        let distance = |row: &Row| row.headroom_percent.unwrap_or(f64::INFINITY);
        let of_the_run = |row: &Row| row.subject == Subject::Run || row.stopped_run;
        of_the_run(b).cmp(&of_the_run(a)).then(distance(a).total_cmp(&distance(b)))
    });
}

fn subject(row: &Row) -> String {
    match &row.subject {
        Subject::All => "all requests together".to_owned(),
        other => other.to_string(),
    }
}

/// `p95 1,070 ms, limit < 800 ms`
fn values(row: &Row) -> String {
    format!("{} {}, limit {}", row.measure, row.observed_text(), row.limit_text())
}

fn describe_open(row: &Row) -> String {
    match &row.subject {
        Subject::Run | Subject::LoadforgeTargets | Subject::NoMatch(_) => row.reason.to_string(),
        _ => format!("{} of {}: {}", row.measure, subject(row), row.reason),
    }
}

fn describe_miss(row: &Row) -> String {
    if !row.is_missed() || row.stopped_run || matches!(row.subject, Subject::Run | Subject::LoadforgeTargets) {
        return row.reason.to_string();
    }
    // No gate made it: the endpoint always failed, or never answered.
    if row.gate_index.is_none() && matches!(row.subject, Subject::Endpoint(_)) {
        return format!("{}: {}", subject(row), row.reason);
    }
    let waived = row.waiver.as_ref().map_or_else(String::new, |waiver| format!(" (waived until {})", waiver.expires));
    let miss = match &row.baseline {
        Some(baseline @ AgainstBaseline { median: Some(_), .. }) => against_history(row, baseline),
        _ => {
            let misses = match row.subject {
                Subject::All => "all requests together miss their goal".to_owned(),
                _ => format!("{} misses its goal", subject(row)),
            };
            format!("{misses}: {}", values(row))
        }
    };
    miss + &waived
}

/// `POST /login is 34 % slower than the last 8 good runs: p95 1,070 ms, limit 880 ms`
fn against_history(row: &Row, baseline: &AgainstBaseline) -> String {
    let (name, is, fails, has) = match row.subject {
        Subject::All => (subject(row), "are", "fail", "have"),
        _ => (subject(row), "is", "fails", "has"),
    };
    let runs = match baseline.runs {
        1 => "the last good run".to_owned(),
        runs => format!("the last {runs} good runs"),
    };
    let change = baseline.change_percent.map(|change| (change >= 0.0, amount(change.abs())));
    let compared = match (row.unit, change) {
        _ if row.requests == 0 => format!("{is} not called at all, unlike in {runs}"),
        (Unit::Ms, Some((true, change))) => format!("{is} {change} slower than {runs}"),
        (Unit::Ms, Some((false, change))) => format!("{is} {change} faster than {runs}"),
        (Unit::Percent, Some((true, _)) | None) => format!("{fails} more often than in {runs}"),
        (Unit::Percent, Some((false, _))) => format!("{fails} less often than in {runs}"),
        (Unit::PerSecond, Some((more, change))) => {
            format!("{has} {change} {} throughput than {runs}", if more { "more" } else { "less" })
        }
        (_, Some((more, change))) => {
            format!("{has} {change} {} {} than {runs}", if more { "more" } else { "fewer" }, row.measure)
        }
        (_, None) => format!("{is} not as {runs}"),
    };
    let limit = row.limit.map_or_else(|| "–".to_owned(), |limit| row.unit.show(limit));
    format!("{name} {compared}: {} {}, limit {limit}", row.measure, row.observed_text())
}

/// A change without its sign, for a sentence: whole percents, but for changes below 10, and no number beyond 999.
fn amount(change: f64) -> String {
    if change > 999.0 {
        return "over 999 %".to_owned();
    }
    Unit::Percent.show(if change >= 10.0 { change.round() } else { (change * 10.0).round() / 10.0 })
}
