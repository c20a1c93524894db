//! The trend of each judged row: its value in the builds before, and in this one.

use std::fmt::Write as _;

use serde::Serialize;

use super::page_time::PageTime;
use crate::gate::{Gate, Measure, Scope};
use crate::report::{Background, PastRun, Story, escape, wording};
use crate::results::EndpointKey;
use crate::text::short_commit;
use crate::verdict::{Operator, Outcome, Row, Since, Subject};

/// Rows with a trend; the worst first.
const MOST_ROWS: usize = 30;
/// Rows whose values are in the table of builds.
const MOST_COLUMNS: usize = 4;
/// Size of the picture of a trend.
const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 48.0;

/// The trends, and the builds as a table.
#[derive(Debug, Serialize)]
pub(super) struct Trends {
    rows: Vec<RowTrend>,
    /// Judged rows that are left out.
    left_out: usize,
    /// Builds before this one.
    builds: usize,
    heads: Vec<String>,
    table: Vec<BuildRow>,
}

/// One row with its values in earlier builds.
#[derive(Debug, Serialize)]
struct RowTrend {
    endpoint: String,
    measure: String,
    observed: String,
    outcome: Outcome,
    usual: String,
    range: String,
    runs: usize,
    change: String,
    since: Option<String>,
    /// The page with what changed between the last good and the first bad commit.
    compare: Option<String>,
    svg: String,
}

/// One build of the table.
#[derive(Debug, Serialize)]
struct BuildRow {
    moment: Option<PageTime>,
    commit: String,
    link: Option<String>,
    verdict: String,
    outcome: Option<Outcome>,
    values: Vec<String>,
}

/// A value of an earlier build.
struct Before<'a> {
    run: &'a PastRun,
    value: f64,
}

impl Trends {
    /// The trends of a story; `None` where no earlier build measured what is judged.
    pub(super) fn of(story: &Story<'_>, background: &Background) -> Option<Self> {
        let judged = [Outcome::Fail, Outcome::Inconclusive, Outcome::Warn, Outcome::Pass]
            .into_iter()
            .flat_map(|outcome| wording::rows_with(story.verdict, outcome))
            .filter_map(|row| Some((row, key_of(row)?)));
        let mut with_past = judged.filter_map(|(row, key)| {
            let before = values(row, key, &background.past);
            (!before.is_empty()).then_some((row, key, before))
        });
        let shown: Vec<_> = with_past.by_ref().take(MOST_ROWS).collect();
        if shown.is_empty() {
            return None;
        }
        let columns = &shown[..shown.len().min(MOST_COLUMNS)];
        Some(Self {
            rows: shown.iter().map(|(row, _, before)| RowTrend::of(story, row, before)).collect(),
            left_out: with_past.count(),
            builds: background.past.len(),
            heads: columns.iter().map(|(row, ..)| format!("{} of {}", row.measure, row.subject)).collect(),
            table: table(story, background, columns),
        })
    }
}

/// The endpoint a row is about; `None` within for all requests together.
fn key_of(row: &Row) -> Option<Option<&EndpointKey>> {
    match &row.subject {
        Subject::All => Some(None),
        Subject::Endpoint(key) => Some(Some(key)),
        Subject::NoMatch(_) | Subject::Run | Subject::LoadforgeTargets => None,
    }
}

/// The measure of a row over the whole run, as earlier builds have it.
fn measure_of(row: &Row) -> Option<Measure> {
    let gate = row.gate.parse::<Gate>().ok()?;
    (gate.scope == Scope::WholeRun).then_some(gate.measure)
}

fn values<'a>(row: &Row, key: Option<&EndpointKey>, past: &'a [PastRun]) -> Vec<Before<'a>> {
    let Some(measure) = measure_of(row) else { return Vec::new() };
    let value = |run: &'a PastRun| {
        let value = measure.value(run.measured(key)?).filter(|value| value.is_finite())?;
        Some(Before { run, value })
    };
    past.iter().filter_map(value).collect()
}

impl RowTrend {
    fn of(story: &Story<'_>, row: &Row, before: &[Before<'_>]) -> Self {
        let (low, middle, high) = super::course::span(before.iter().map(|one| one.value)).unwrap_or_default();
        let change = row.observed.filter(|_| middle > 0.0).map(|value| (value / middle - 1.0) * 100.0);
        Self {
            endpoint: row.subject.to_string(),
            measure: row.measure.clone(),
            observed: row.observed_text(),
            outcome: row.outcome,
            usual: row.unit.show(middle),
            range: format!("{} to {}", row.unit.show(low), row.unit.show(high)),
            runs: before.len(),
            change: change.map_or_else(|| "–".to_owned(), wording::signed_percent),
            since: row.since.as_deref().map(sentence),
            compare: row.since.as_deref().and_then(|since| story.compare_link(since)),
            svg: picture(row, before),
        }
    }
}

/// Since when a row is worse: `Worse since commit 1a2b3c4 of 2026-11-20 (run 1010); last good: …`.
fn sentence(since: &Since) -> String {
    let first = if since.is_new() { "this build".to_owned() } else { since.first_bad.to_string() };
    format!("Worse since {first}; last good: {}.", since.last_good)
}

/// The index of the first of these builds that was worse; their number where only this run is.
fn first_worse(since: &Since, before: &[Before<'_>]) -> usize {
    before.iter().position(|one| one.run.at >= since.first_bad.at).unwrap_or(before.len())
}

/// The builds as dots from left to right, this one last and large, the limit as a line, and a line before the first build
/// that was worse.
fn picture(row: &Row, before: &[Before<'_>]) -> String {
    let limit = row.limit.filter(|limit| limit.is_finite());
    let all = || before.iter().map(|one| one.value).chain(row.observed).chain(limit).filter(|value| value.is_finite());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let room = ((high - low) * 0.12).max(high.abs() * 0.02).max(1e-9);
    let (low, high) = (low - room, high + room);
    let y = |value: f64| ((high - value) / (high - low) * (HEIGHT - 8.0) + 4.0).clamp(2.0, HEIGHT - 2.0);
    let step = (WIDTH - 24.0) / before.len().max(1) as f64;
    let x = |index: usize| 8.0 + step * index as f64;
    let mut svg = format!("<svg class=\"trend\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"group\" aria-label=\"");
    let _ = write!(svg, "{} in {} builds\">", escape::html(&row.measure), before.len() + 1);
    if let Some(limit) = limit {
        let beyond = if row.operator.is_some_and(Operator::wants_less) { 0.0 } else { y(limit) };
        let height = if beyond > 0.0 { HEIGHT - beyond } else { y(limit) };
        let _ = write!(svg, "<rect class=\"beyond\" y=\"{beyond:.1}\" width=\"{WIDTH}\" height=\"{height:.1}\"/>");
        let _ = write!(svg, "<path class=\"limit\" d=\"M0 {:.1}H{WIDTH}\"/>", y(limit));
    }
    if let Some(since) = row.since.as_deref() {
        let x = (x(first_worse(since, before)) - step / 2.0).max(1.0);
        let words = escape::html(&sentence(since));
        let _ = write!(svg, "<path class=\"since\" d=\"M{x:.1} 0V{HEIGHT}\"><title>{words}</title></path>");
    }
    let mut path = String::new();
    for (index, one) in before.iter().enumerate() {
        let _ = write!(path, "{}{:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, x(index), y(one.value));
    }
    if let Some(observed) = row.observed {
        let _ = write!(path, "L{:.1} {:.1}", x(before.len()), y(observed));
    }
    let _ = write!(svg, "<path class=\"course\" d=\"{path}\"/>");
    for (index, one) in before.iter().enumerate() {
        let class = one.run.verdict.map_or_else(String::new, |verdict| verdict.to_string());
        let words = format!("{}, {}", row.unit.show(one.value), words_of(one.run));
        dot(&mut svg, (x(index), y(one.value), 3.2), &class, &words, one.run.link.as_deref());
    }
    if let Some(observed) = row.observed {
        let words = format!("{}, this run: {}", row.unit.show(observed), wording::outcome_text(row));
        dot(&mut svg, (x(before.len()), y(observed), 5.5), &row.outcome.to_string(), &words, None);
    }
    svg.push_str("</svg>");
    svg
}

fn dot(svg: &mut String, (x, y, r): (f64, f64, f64), class: &str, words: &str, link: Option<&str>) {
    let link = link.and_then(escape::markdown::web_address);
    if let Some(link) = &link {
        let _ = write!(svg, "<a href=\"{}\">", escape::html(link));
    }
    let _ = write!(
        svg,
        "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\"><title>{}</title></circle>",
        escape::html(words)
    );
    if link.is_some() {
        svg.push_str("</a>");
    }
}

/// Commit, date and verdict of a build.
fn words_of(run: &PastRun) -> String {
    let commit = run.commit.as_deref().map(short_commit);
    let verdict = run.verdict.map(|verdict| verdict.to_string());
    [commit, Some(PageTime::of(run.at).text().to_owned()), verdict].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The builds, the newest first, with the values of the first rows.
fn table(
    story: &Story<'_>,
    background: &Background,
    columns: &[(&Row, Option<&EndpointKey>, Vec<Before<'_>>)],
) -> Vec<BuildRow> {
    let build = story.run.map(|run| &run.identity.build);
    let this = BuildRow {
        moment: story.run.and_then(|run| run.states.first()).map(|change| PageTime::of(change.at)),
        commit: build.and_then(|build| build.commit.as_deref()).map(short_commit).unwrap_or_default(),
        link: None,
        verdict: story.verdict.outcome.to_string(),
        outcome: Some(story.verdict.outcome),
        values: columns.iter().map(|(row, ..)| row.observed_text()).collect(),
    };
    let measures: Vec<_> = columns.iter().map(|(row, key, _)| (*row, *key, measure_of(row))).collect();
    let before = background.past.iter().rev().map(|run| BuildRow {
        moment: Some(PageTime::of(run.at)),
        commit: run.commit.as_deref().map(short_commit).unwrap_or_default(),
        link: run.link.clone(),
        verdict: run.verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
        outcome: run.verdict,
        values: measures
            .iter()
            .map(|(row, key, measure)| {
                let value = measure.as_ref().and_then(|measure| measure.value(run.measured(*key)?));
                wording::value_text(value, row.unit)
            })
            .collect(),
    });
    std::iter::once(this).chain(before).collect()
}
