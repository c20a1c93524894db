//! The entries of the context's lists, and the run.

use std::time::Duration;

use serde::Serialize;

use crate::report::{Story, wording};
use crate::results::{Endpoint, Engine, Percentile, RunRecord};
use crate::text;
use crate::verdict::{Row, Severity, Since, Unit, WhatNow};

#[derive(Debug, Serialize)]
pub(super) struct RowView {
    outcome: String,
    allowed: bool,
    severity: &'static str,
    gate: String,
    place: String,
    endpoint: String,
    endpoint_is_name: bool,
    measure: String,
    unit: String,
    observed: String,
    observed_value: Option<f64>,
    limit: String,
    limit_value: Option<f64>,
    change: String,
    change_percent: Option<f64>,
    headroom: String,
    headroom_percent: Option<f64>,
    baseline: String,
    baseline_runs: Option<u32>,
    sparkline: String,
    requests: u64,
    estimated: bool,
    reason: String,
    since: Option<String>,
    waiver: Option<WaiverView>,
    owner: Option<String>,
    what_now: Option<WhatNowView>,
}

/// What to do about a row that failed, with every key, as templates want it.
#[derive(Debug, Serialize)]
pub(in crate::report) struct WhatNowView {
    rerun: String,
    waiver: Option<String>,
    docs: String,
}

impl From<&WhatNow> for WhatNowView {
    fn from(now: &WhatNow) -> Self {
        Self { rerun: now.rerun.clone(), waiver: now.waiver.clone(), docs: now.docs.clone() }
    }
}

#[derive(Debug, Serialize)]
struct WaiverView {
    owner: String,
    reason: String,
    expires: String,
}

/// Since when a row is worse.
#[derive(Debug, Serialize)]
pub(super) struct SinceView {
    endpoint: String,
    endpoint_is_name: bool,
    measure: String,
    words: String,
    compare: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct EndpointView {
    endpoint: String,
    method: String,
    name: String,
    requests: u64,
    failures: u64,
    error_rate: String,
    error_rate_percent: Option<f64>,
    requests_per_s: Option<f64>,
    throughput: String,
    median: String,
    median_ms: Option<f64>,
    average: String,
    average_ms: Option<f64>,
    p95: String,
    p95_ms: Option<f64>,
    p99: String,
    p99_ms: Option<f64>,
    max: String,
    max_ms: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct RunView {
    test: Option<String>,
    id: Option<u64>,
    engine: Option<&'static str>,
    state: Option<String>,
    message: Option<String>,
    started: Option<String>,
    users: Option<u32>,
    stages: Option<String>,
    spawn_rate: Option<f64>,
    duration: Option<String>,
    regions: Option<String>,
    host: Option<String>,
    commit: Option<String>,
    branch: Option<String>,
    script_sha256: Option<String>,
}

impl RowView {
    pub(super) fn of(row: &Row) -> Self {
        let baseline = row.baseline.as_ref();
        Self {
            outcome: row.outcome.to_string(),
            allowed: row.allowed,
            severity: match row.severity {
                Severity::Fail => "fail",
                Severity::Warn => "warn",
            },
            gate: row.gate.clone(),
            place: wording::place(&row.origin),
            endpoint: row.subject.to_string(),
            endpoint_is_name: wording::is_name(&row.subject),
            measure: row.measure.clone(),
            unit: word(&row.unit),
            observed: row.observed_text(),
            observed_value: row.observed,
            limit: row.limit_text(),
            limit_value: row.limit,
            change: wording::change_text(row),
            change_percent: baseline.and_then(|baseline| baseline.change_percent),
            headroom: wording::headroom_text(row),
            headroom_percent: row.headroom_percent,
            baseline: wording::value_text(baseline.and_then(|baseline| baseline.median), row.unit),
            baseline_runs: baseline.map(|baseline| baseline.runs),
            sparkline: wording::sparkline(row),
            requests: row.requests,
            estimated: row.estimated,
            reason: row.reason.to_string(),
            since: wording::since_text(row),
            waiver: row.waiver.as_ref().map(|waiver| WaiverView {
                owner: waiver.owner.clone(),
                reason: waiver.reason.clone(),
                expires: waiver.expires.clone(),
            }),
            owner: row.owner.clone(),
            what_now: row.what_now.as_ref().map(WhatNowView::from),
        }
    }
}

impl SinceView {
    pub(super) fn of(story: &Story<'_>, (row, since): (&Row, &Since)) -> Self {
        Self {
            endpoint: row.subject.to_string(),
            endpoint_is_name: wording::is_name(&row.subject),
            measure: row.measure.clone(),
            words: since.words(row.unit),
            compare: story.compare_link(since),
        }
    }
}

impl EndpointView {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let (p95, p99) = (endpoint.percentile(Percentile::P95), endpoint.percentile(Percentile::P99));
        let ms = |value| wording::value_text(value, Unit::Ms);
        Self {
            endpoint: endpoint.label(),
            method: endpoint.method.clone(),
            name: endpoint.name.clone(),
            requests: endpoint.requests,
            failures: endpoint.failures,
            error_rate: wording::value_text(endpoint.error_rate(), Unit::Percent),
            error_rate_percent: endpoint.error_rate(),
            requests_per_s: endpoint.requests_per_s,
            throughput: wording::value_text(endpoint.requests_per_s, Unit::PerSecond),
            median: ms(endpoint.median_ms),
            median_ms: endpoint.median_ms,
            average: ms(endpoint.avg_ms),
            average_ms: endpoint.avg_ms,
            p95: ms(p95),
            p95_ms: p95,
            p99: ms(p99),
            p99_ms: p99,
            max: ms(endpoint.max_ms),
            max_ms: endpoint.max_ms,
        }
    }
}

impl RunView {
    pub(super) fn of(story: &Story<'_>) -> Self {
        let run = story.run;
        let print = run.map(|run| &run.fingerprint);
        let measured = u64::try_from(story.results.timeline.seconds()).ok().filter(|seconds| *seconds > 0);
        Self {
            test: run.map(|run| run.test.clone()),
            id: run.and_then(RunRecord::shown_id),
            engine: run.map(|run| match run.identity.engine {
                Engine::Loadforge => "LoadForge",
                Engine::Local => "local",
                Engine::Csv => "Locust CSV",
            }),
            state: run.and_then(|run| run.state()).map(|state| state.to_string()),
            message: run.and_then(|run| run.end_message.clone()),
            started: run.and_then(|run| run.states.first()).map(|change| wording::moment_text(change.at)),
            users: story.peak_users(),
            stages: story.stages_in_words(),
            spawn_rate: print.and_then(|print| print.spawn_rate).filter(|_| !story.has_load_shape()),
            duration: print
                .and_then(|print| print.duration_s)
                .or(measured)
                .map(|seconds| text::duration(Duration::from_secs(seconds))),
            regions: print.filter(|print| !print.regions.is_empty()).map(|print| {
                let list: Vec<_> = print.regions.iter().map(|(region, count)| format!("{region}={count}")).collect();
                list.join(" ")
            }),
            host: print.and_then(|print| print.host.clone()),
            commit: run.and_then(|run| run.identity.build.commit.clone()),
            branch: run.and_then(|run| run.identity.build.branch.clone()),
            script_sha256: print.and_then(|print| print.script_sha256.clone()),
        }
    }
}

/// The word a unit-like enum is written as in JSON.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
