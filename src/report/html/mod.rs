//! `report.html`: the whole story on one page that needs nothing else: no network, no fonts, no other file.
//!
//! Its style and its scripts are named by their hashes in a content security policy, so that nothing else runs or
//! loads, whatever a name may hold.

mod chart;
mod charts;
mod strip;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, context, syntax::SyntaxConfig};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use self::charts::OverTime;
use super::context::{Context, Detail};
use super::{Format, Story, escape, wording};
use crate::clean;
use crate::results::ResultsFolder;
use crate::text::short_commit;
use crate::verdict::{Outcome, Row, Unit};

const TEMPLATE: &str = include_str!("../templates/report.html");
const STYLE: &str = include_str!("../templates/report.css");
/// Runs before anything is shown, so that nothing jumps.
const EARLY_SCRIPT: &str = "document.documentElement.classList.add('js')";
const SCRIPT: &str = include_str!("../templates/report.js");

/// Rows of each kind on the page; more are counted, and all are in `verdict.json`.
const MOST_GATES: usize = 1000;
/// The same for rows that passed.
const MOST_PASSED: usize = 300;
/// Rows compared with good runs in the picture; the gate table has all.
const MOST_COMPARED: usize = 40;
/// Failure texts shown; all are in `results.json`.
const MOST_FAILURE_TEXTS: usize = 500;
/// Lines of a traceback shown.
const DETAIL_LINES: usize = 400;

/// A row of the gate table.
#[derive(Debug, Serialize)]
struct GateView {
    outcome: Outcome,
    word: String,
    endpoint: String,
    measure: String,
    observed: String,
    limit: String,
    headroom: String,
    bar: String,
    change: String,
    sparkline: String,
    gate: String,
    place: String,
    reason: String,
    waiver: Option<String>,
}

/// A row of the comparison with good runs.
#[derive(Debug, Serialize)]
struct Compared {
    endpoint: String,
    measure: String,
    observed: String,
    median: String,
    band: String,
    runs: u32,
    change: String,
    outcome: Outcome,
    strip: String,
}

/// The format, for the list of formats.
pub(super) const FORMAT: Format = Format {
    file: ResultsFolder::REPORT,
    about: "the same with charts, for a browser",
    render: |story, _| Ok(page(story)),
};

/// The page.
#[must_use]
pub fn page(story: &Story<'_>) -> String {
    // The template is ours and tested; a reader still gets the verdict if it ever fails.
    render(story).unwrap_or_else(|error| {
        let sentence = escape::html(&story.verdict.sentence);
        let cause = escape::html(&error.to_string());
        format!("<!doctype html><meta charset=\"utf-8\"><title>Load test</title><h1>{sentence}</h1><p>{cause}</p>")
    })
}

fn render(story: &Story<'_>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(write_html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("count", |number: f64| Unit::Count.show(number));
    environment.add_filter("short_commit", |commit: &str| short_commit(commit));
    environment.add_filter("web", |address: &str| escape::markdown::web_address(address));
    environment.add_filter("lines", |text: &str| clean::lines(text, DETAIL_LINES).join("\n"));
    let detail =
        Detail { fail: 0, inconclusive: 0, warn: 0, pass: 0, failure_texts: MOST_FAILURE_TEXTS, ..Detail::ALL };
    let facts = Context::of(story, &detail);
    let over_time = OverTime::of(story);
    let gates = |outcome, most, waits| {
        let rows = wording::rows_with(story.verdict, outcome).into_iter().filter(move |row| row.is_waiting() == waits);
        rows.take(most).map(GateView::of).collect::<Vec<_>>()
    };
    let matter: Vec<GateView> = [Outcome::Fail, Outcome::Inconclusive, Outcome::Warn]
        .into_iter()
        .flat_map(|outcome| gates(outcome, MOST_GATES, false))
        .collect();
    let waiting = gates(Outcome::Inconclusive, MOST_PASSED, true);
    let pass = gates(Outcome::Pass, MOST_PASSED, false);
    let left_out = story.verdict.rows.len() - matter.len() - waiting.len() - pass.len();
    let compared = compared(story);
    let template = environment.template_from_named_str("report.html", TEMPLATE)?;
    template.render(context! {
        f => Serde(&facts),
        gates => context! { matter => Serde(&matter), waiting => Serde(&waiting), pass => Serde(&pass), left_out => left_out },
        over_time => Serde(&over_time),
        compared => Serde(&compared),
        style => STYLE,
        early_script => EARLY_SCRIPT,
        script => SCRIPT,
        policy => policy(),
    })
}

/// Only our own style and scripts, by their hashes, and no request to anywhere.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}' 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(EARLY_SCRIPT),
        hash(SCRIPT)
    )
}

/// Every value of the template passes here.
fn write_html(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    match value.kind() {
        _ if value.is_undefined() => return minijinja::escape_formatter(out, state, value),
        ValueKind::None => out.write_str("–")?,
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(number) if !value.is_integer() => write!(out, "{number}")?,
            _ => write!(out, "{value}")?,
        },
        _ if value.is_safe() => write!(out, "{value}")?,
        _ => match value.as_str() {
            Some(text) => out.write_str(&escape::html(text))?,
            None => out.write_str(&escape::html(&value.to_string()))?,
        },
    }
    Ok(())
}

impl GateView {
    fn of(row: &Row) -> Self {
        Self {
            outcome: row.outcome,
            word: wording::outcome_text(row),
            endpoint: row.subject.to_string(),
            measure: row.measure.clone(),
            observed: row.observed_text(),
            limit: row.limit_text(),
            headroom: wording::headroom_text(row),
            bar: strip::headroom(row),
            change: wording::change_text(row),
            sparkline: wording::sparkline(row),
            gate: row.gate.clone(),
            place: wording::place(&row.origin),
            reason: wording::closed(&row.reason.to_string()),
            waiver: row.waiver.as_ref().map(|waiver| {
                wording::closed(&format!("Waived by {} until {}: {}", waiver.owner, waiver.expires, waiver.reason))
            }),
        }
    }
}

/// The rows that have good runs to be compared with, the worst first.
fn compared(story: &Story<'_>) -> Vec<Compared> {
    [Outcome::Fail, Outcome::Warn, Outcome::Inconclusive, Outcome::Pass]
        .into_iter()
        .flat_map(|outcome| wording::rows_with(story.verdict, outcome))
        .filter_map(|row| {
            let baseline = row.baseline.as_ref().filter(|baseline| !baseline.recent.is_empty())?;
            let low = baseline.recent.iter().copied().fold(f64::INFINITY, f64::min);
            let high = baseline.recent.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Some(Compared {
                endpoint: row.subject.to_string(),
                measure: row.measure.clone(),
                observed: row.observed_text(),
                median: wording::value_text(baseline.median, row.unit),
                band: format!("{} to {}", row.unit.show(low), row.unit.show(high)),
                runs: baseline.runs,
                change: wording::change_text(row),
                outcome: row.outcome,
                strip: strip::among_good_runs(row),
            })
        })
        .take(MOST_COMPARED)
        .collect()
}
