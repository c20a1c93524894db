//! The history as a table for people.

use std::fmt::Write as _;

use super::changes::ChangePoints;
use super::history::RunHistory;
use super::record::{EndpointRecord, GoodRun, by_endpoint};
use super::table::{clean, minute, numbers};
use crate::results::{EndpointKey, Fingerprint, Percentile};
use crate::series::median;
use crate::text::{counted, short_commit, sparkline};
use crate::verdict::{EndpointChange, Unit};

/// Good runs that are listed and drawn.
const LISTED: usize = 20;

/// The history as text: for each fingerprint the last good runs, then each endpoint's p95, error rate and throughput
/// with its number of runs and the course of its p95, and since which build endpoints are slower; `failed` are the runs
/// that failed ([`RunHistory::failed`]).
#[must_use]
pub fn show(history: &RunHistory, failed: &[GoodRun]) -> String {
    if history.runs().is_empty() {
        return format!("No good run is recorded in {}.\n", history.folder().display());
    }
    let mut text = String::new();
    let (damaged, newer) = history.left_out();
    if damaged > 0 {
        let _ = writeln!(text, "{damaged} damaged lines of the history are left out.\n");
    }
    if newer > 0 {
        let _ = writeln!(text, "{newer} lines of a later version of loadforge-ci are left out.\n");
    }
    let mut shown: Vec<&Fingerprint> = Vec::new();
    for newest in history.runs().iter().rev() {
        if shown.contains(&&newest.fingerprint) {
            continue;
        }
        shown.push(&newest.fingerprint);
        let runs: Vec<&GoodRun> = history.runs().iter().filter(|run| run.fingerprint == newest.fingerprint).collect();
        if shown.len() > 1 {
            text.push('\n');
        }
        let failed: Vec<GoodRun> = failed.iter().filter(|run| run.fingerprint == newest.fingerprint).cloned().collect();
        section(&mut text, &runs, &failed);
    }
    text
}

fn section(text: &mut String, runs: &[&GoodRun], failed: &[GoodRun]) {
    let Some(newest) = runs.last() else { return };
    let recent = &runs[runs.len().saturating_sub(LISTED)..];
    let _ = writeln!(text, "{}", describe(&newest.fingerprint));
    let older = runs.len() - recent.len();
    let more = if older > 0 { format!(", {older} older ones not listed") } else { String::new() };
    let _ = writeln!(text, "{}{more}\n", counted(runs.len(), "good run"));

    let mut table = numbers(&["started", "run", "commit", "branch", "verdict", "requests", "p95", "errors", "rps"]);
    for run in recent {
        table.row(vec![
            minute(run.at),
            run.run.id.to_string(),
            run.commit.as_deref().map_or_else(dash, short_commit),
            run.branch.as_deref().map_or_else(dash, clean),
            run.verdict.to_string(),
            Unit::Count.show(run.total.requests as f64),
            p95(&run.total).map_or_else(dash, |value| Unit::Ms.show(value)),
            Unit::Percent.show(100.0 * run.total.failed().fraction()),
            run.total.requests_per_s.map_or_else(dash, |value| Unit::PerSecond.show(value)),
        ]);
    }
    text.push_str(&table.render());
    text.push('\n');

    let mut table = numbers(&["endpoint", "runs", "median p95", "errors", "median rps", "p95, oldest to newest"]);
    table.row(endpoint_row("all requests", &recent.iter().map(|run| &run.total).collect::<Vec<_>>()));
    let mut endpoints: Vec<_> = by_endpoint(recent).into_iter().collect();
    endpoints.sort_unstable_by_key(|(key, _)| *key);
    for ((method, name), series) in endpoints {
        let key = EndpointKey { method: method.into(), name: name.into() };
        table.row(endpoint_row(&key.to_string(), &series));
    }
    text.push_str(&table.render());
    let changes = ChangePoints::recorded(runs, failed).slower();
    if !changes.is_empty() {
        text.push_str("\nSlower since a build:\n");
    }
    for EndpointChange { endpoint, measure, since } in &changes {
        let _ = writeln!(text, "  {} {measure} since {}", clean(&endpoint.to_string()), since.words(Unit::Ms));
    }
}

fn endpoint_row(name: &str, series: &[&EndpointRecord]) -> Vec<String> {
    let times: Vec<f64> = series.iter().filter_map(|measured| p95(measured)).collect();
    let rates: Vec<f64> = series.iter().filter_map(|measured| measured.requests_per_s).collect();
    let pooled =
        super::statistics::Failed::pooled(&series.iter().map(|measured| measured.failed()).collect::<Vec<_>>());
    vec![
        clean(name),
        series.len().to_string(),
        median(times.iter().copied()).map_or_else(dash, |value| Unit::Ms.show(value)),
        Unit::Percent.show(100.0 * pooled.fraction()),
        median(rates).map_or_else(dash, |value| Unit::PerSecond.show(value)),
        sparkline(times),
    ]
}

/// The compared settings on one line: only known fields.
fn describe(fingerprint: &Fingerprint) -> String {
    let nothing = Fingerprint::default();
    // The default knows nothing, so every field that differs from it is known; the engine is shown by its name.
    let fields =
        fingerprint.differences(&nothing).into_iter().filter(|(field, ..)| !matches!(*field, "test" | "engine"));
    let fields: Vec<String> = fields
        .map(|(field, value, _)| match field {
            "script_sha256" => format!("script {}", short_commit(&value)),
            field => format!("{field} {}", clean(&value)),
        })
        .collect();
    let engine = match fingerprint.engine {
        crate::results::Engine::Loadforge => "LoadForge",
        crate::results::Engine::Local => "local engine",
        crate::results::Engine::Csv => "a Locust of your own",
    };
    let mut text = format!("Test {} on {engine}", clean(&fingerprint.test));
    if !fields.is_empty() {
        text.push_str(": ");
        text.push_str(&fields.join(", "));
    }
    text
}

fn p95(measured: &EndpointRecord) -> Option<f64> {
    measured.percentiles.get(&Percentile::P95).copied()
}

fn dash() -> String {
    "–".into()
}
