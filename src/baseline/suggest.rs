//! Gates from history: what the good runs kept, with headroom, ready to paste.

use std::fmt::Write as _;

use super::history::RunHistory;
use super::record::{EndpointRecord, EndpointSeries, GoodRun, by_endpoint};
use crate::gate::{Condition, Gate, Limit, LimitUnit, Measure, Scope, Selector};
use crate::results::{EndpointKey, Percentile};
use crate::series::median;
use crate::text::counted;
use crate::verdict::{Operator, Severity, Unit};

/// Good runs that are looked at.
const RUNS: usize = 20;
/// The lowest error rate that is suggested, %.
const LEAST_ERROR_RATE: f64 = 1.0;

/// A gate that all recent good runs would have passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The gate.
    pub gate: Gate,
    /// The worst value of the good runs, in the measure's unit.
    pub worst: f64,
    /// Good runs behind it.
    pub runs: usize,
}

/// Suggests gates from the last 20 good runs that are comparable with the newest: for all requests together and for each
/// endpoint of the newest run. A limit is the worst value seen and `headroom_percent` on top, rounded away from it.
///
/// An endpoint that is called too rarely for a p95 gets a lower percentile, or none; an error rate is never suggested
/// below what its requests can show.
#[must_use]
pub fn suggest(history: &RunHistory, headroom_percent: f64) -> Vec<Suggestion> {
    let Some(newest) = history.runs().last() else { return Vec::new() };
    let comparable: Vec<&GoodRun> = history
        .runs()
        .iter()
        .filter(|run| run.fingerprint == newest.fingerprint && run.branch == newest.branch)
        .collect();
    let recent = &comparable[comparable.len().saturating_sub(RUNS)..];
    let headroom = headroom_percent.max(0.0) / 100.0;
    let mut suggestions = Vec::new();
    let all: EndpointSeries<'_> = recent.iter().map(|run| &run.total).filter(|total| total.requests > 0).collect();
    let endpoints = by_endpoint(recent);
    suggestions.extend(time_gate(&all, None, headroom));
    suggestions.extend(error_gate(&all, None, headroom));
    suggestions.extend(throughput_gate(&all, headroom));
    for endpoint in &newest.endpoints {
        let key = endpoint.key();
        let Some(series) = endpoints.get(&(key.method.as_str(), key.name.as_str())) else { continue };
        suggestions.extend(time_gate(series, Some(&key), headroom));
        suggestions.extend(error_gate(series, Some(&key), headroom));
    }
    suggestions
}

/// The suggestions as a `gates:` section of loadforge.yml.
#[must_use]
pub fn render_suggestions(suggestions: &[Suggestion], headroom_percent: f64) -> String {
    let Some(most) = suggestions.iter().map(|suggestion| suggestion.runs).max() else {
        return "# No good run is in the history yet: add some with `loadforge-ci baseline add`.\n".into();
    };
    let mut text = format!("# From {}, {headroom_percent} % headroom.\ngates:\n", counted(most, "good run"));
    for Suggestion { gate, worst, runs } in suggestions {
        let unit = gate.unit();
        let word = if gate.measure.more_is_better() { "lowest" } else { "highest" };
        let _ = writeln!(text, "  - {} # {word} of {runs}: {}", yaml_scalar(&gate.to_string()), unit.show(*worst));
    }
    text
}

fn time_gate(series: &[&EndpointRecord], key: Option<&EndpointKey>, headroom: f64) -> Option<Suggestion> {
    let requests = median(series.iter().map(|measured| measured.requests as f64))?;
    let percentile = [Percentile::P95, Percentile::P90, Percentile::P50]
        .into_iter()
        .find(|percentile| requests >= percentile.requests_needed() as f64)?;
    let values: Vec<f64> =
        series.iter().filter_map(|measured| measured.percentiles.get(&percentile).copied()).collect();
    let worst = values.iter().copied().reduce(f64::max)?;
    // Whole ms, and at least one more than was seen.
    let limit = rounded_up(worst * (1.0 + headroom)).max(worst.floor() + 1.0);
    suggestion(
        Measure::Percentile(percentile),
        key,
        Operator::Less,
        limit,
        LimitUnit::Milliseconds,
        worst,
        values.len(),
    )
}

fn error_gate(series: &[&EndpointRecord], key: Option<&EndpointKey>, headroom: f64) -> Option<Suggestion> {
    let rates: Vec<f64> = series.iter().map(|measured| 100.0 * measured.failed().fraction()).collect();
    let worst = rates.iter().copied().reduce(f64::max)?;
    let fewest = series.iter().map(|measured| measured.requests).min()?;
    // A goal below x needs ln 0.05 / ln(1 − x) ≈ 3 / x requests to be met with nothing failed.
    let shown = 100.0 * (1.0 - 0.05_f64.powf(1.0 / fewest as f64));
    if shown > 20.0 {
        return None;
    }
    let limit = tenths_up((worst * (1.0 + headroom)).max(shown).max(LEAST_ERROR_RATE));
    suggestion(Measure::ErrorRate, key, Operator::Less, limit.max(worst + 0.1), LimitUnit::Percent, worst, rates.len())
        .filter(|_| limit < 100.0)
}

fn throughput_gate(series: &[&EndpointRecord], headroom: f64) -> Option<Suggestion> {
    let values: Vec<f64> = series.iter().filter_map(|measured| measured.requests_per_s).collect();
    let worst = values.iter().copied().reduce(f64::min)?;
    let limit = rounded_down(worst / (1.0 + headroom));
    let made =
        suggestion(Measure::Rps, None, Operator::GreaterOrEqual, limit, LimitUnit::PerSecond, worst, values.len());
    made.filter(|_| limit > 0.0)
}

fn suggestion(
    measure: Measure,
    key: Option<&EndpointKey>,
    operator: Operator,
    number: f64,
    unit: LimitUnit,
    worst: f64,
    runs: usize,
) -> Option<Suggestion> {
    let selector = match key {
        None => None,
        Some(key) => Some(Selector::new(&key.to_string())?),
    };
    let condition = Condition::Fixed { operator, limit: Limit { number, unit } };
    let gate = Gate { severity: Severity::Fail, measure, selector, condition, scope: Scope::WholeRun };
    debug_assert!(gate.unit() != Unit::Count);
    Some(Suggestion { gate, worst, runs })
}

/// The next number with two significant digits, whole from 1 on.
fn rounded_up(value: f64) -> f64 {
    let step = step(value).max(1.0);
    (value / step - 1e-9).ceil() * step
}

fn rounded_down(value: f64) -> f64 {
    // Dividing keeps a tenth a tenth, where multiplying by 0.1 would not.
    let step = step(value);
    if step >= 1.0 { (value / step + 1e-9).floor() * step } else { (value * 100.0 + 1e-9).floor() / 100.0 }
}

fn step(value: f64) -> f64 {
    if value < 10.0 { 0.01 } else { 10_f64.powi(value.log10().floor() as i32 - 1) }
}

fn tenths_up(value: f64) -> f64 {
    (value * 10.0 - 1e-9).ceil() / 10.0
}

/// A gate as a YAML value: plain where that is safe, else quoted. A JSON string is a YAML string too, and can spell
/// control characters.
fn yaml_scalar(gate: &str) -> String {
    if gate.chars().any(char::is_control) {
        return serde_json::Value::from(gate).to_string();
    }
    let plain = !gate.contains(": ") && !gate.contains(" #") && !gate.ends_with(':');
    if plain { gate.to_owned() } else { format!("'{}'", gate.replace('\'', "''")) }
}
