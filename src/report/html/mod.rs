//! `report.html`: the whole story on one page that needs nothing else: no network, no fonts, no other file.
//!
//! Its style and its scripts are named by their hashes in a content security policy, so that nothing else runs or
//! loads, whatever a name may hold.

mod axis;
mod charts;
mod course;
mod gates;
mod page_time;
mod panel;
mod short;
mod strip;
mod svg;
mod table;
mod trend;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, context, syntax::SyntaxConfig};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use self::charts::OverTime;
use self::gates::GateRows;
use self::page_time::PageTime;
use self::table::EndpointTable;
use self::trend::Trends;
use super::context::{Context, Detail};
use super::reproduce::reproduce;
use super::{Format, Story, escape};
use crate::clean;
use crate::results::{Engine, ResultsFolder};
use crate::text::short_commit;
use crate::verdict::Unit;

const TEMPLATE: &str = include_str!("../templates/report.html");
const STYLE: &str = include_str!("../templates/report.css");
/// Runs before anything is shown, so that nothing jumps.
const EARLY_SCRIPT: &str = "document.documentElement.classList.add('js')";
const SCRIPT: &str = concat!(include_str!("../templates/charts.js"), include_str!("../templates/report.js"));

/// Failure texts shown; all are in `results.json`.
const MOST_FAILURE_TEXTS: usize = 300;
/// Lines of a traceback shown.
const DETAIL_LINES: usize = 400;

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
    let detail = Detail {
        fail: 0,
        inconclusive: 0,
        warn: 0,
        pass: 0,
        endpoints: 0,
        failure_texts: MOST_FAILURE_TEXTS,
        ..Detail::ALL
    };
    let facts = Context::of(story, &detail);
    let over_time = OverTime::of(story);
    let chart_of = |method: &str, name: &str| over_time.as_ref().and_then(|charts| charts.chart_of(method, name));
    let endpoints = EndpointTable::of(story, |endpoint| chart_of(&endpoint.method, &endpoint.name));
    let trends = story.background.and_then(|background| Trends::of(story, background));
    let again = story.run.and_then(reproduce);
    let started = story.run.and_then(|run| run.states.first()).map(|change| PageTime::of(change.at));
    let is_local = story.run.is_some_and(|run| run.identity.engine == Engine::Local);
    environment()?.template_from_named_str("report.html", TEMPLATE)?.render(context! {
        f => Serde(&facts),
        gates => Serde(GateRows::of(story)),
        over_time => Serde(&over_time),
        trends => Serde(&trends),
        table => Serde(&endpoints),
        started => Serde(&started),
        is_local,
        again => Serde(again.map(|again| AgainView { command: again.command, note: again.note })),
        style => STYLE,
        early_script => EARLY_SCRIPT,
        script => SCRIPT,
        policy => policy(),
    })
}

/// How to run the test again.
#[derive(Debug, Serialize)]
struct AgainView {
    command: String,
    note: String,
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(write_html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("count", |number: f64| Unit::Count.show(number));
    environment.add_filter("short_commit", |commit: &str| short_commit(commit));
    environment.add_filter("web", |address: &str| escape::markdown::web_address(address));
    environment.add_filter("after_label", after_label);
    environment.add_filter("lines", |text: &str| clean::lines(text, DETAIL_LINES).join("\n"));
    Ok(environment)
}

/// A page of the same style without a script; `body` is escaped already.
pub(super) fn bare_page(title: &str, body: &str) -> String {
    let style = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'\">\n<meta \
         name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light \
         dark\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n<footer>loadforge-ci {}</footer>\n</body>\n\
         </html>\n",
        escape::html(title),
        crate::VERSION
    )
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

/// A sentence without the label it starts with, which the page shows beside it.
fn after_label(sentence: &str, label: &str) -> String {
    let rest = sentence.strip_prefix(label).unwrap_or(sentence).trim_start();
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
