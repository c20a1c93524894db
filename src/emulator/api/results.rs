//! Results: one row per run, from the moment it was started.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::error::ErrorResponse;
use super::form::path_id;
use super::stream::ObjectBody;
use crate::emulator::archive::ArchivedRun;
use crate::emulator::config::InjectedFaults;
use crate::emulator::state::{ServerState, written};
use crate::emulator::store::Run;

/// All runs, the newest first, without their CSV fields.
pub(super) async fn list(State(app): State<Arc<ServerState>>) -> Json<Vec<Value>> {
    let shown = |(id, run): (&u64, &Run)| Value::Object(summary(*id, run, &app.faults));
    Json(app.store.read(|state| state.runs.iter().rev().map(shown).collect()))
}

/// One run, with its results once it has ended.
pub(super) async fn one(State(app): State<Arc<ServerState>>, id: Path<String>) -> Result<Response, ErrorResponse> {
    let id = path_id("Result", id)?;
    let run = app.store.read(|state| state.runs.get(&id).cloned()).ok_or(ErrorResponse::Missing("Result", id))?;
    let mut fields = summary(id, &run, &app.faults);
    let delivered = if run.is_over() { app.archive.read(id) } else { ArchivedRun::default() };
    fields.extend(delivered.overrides);
    if let Some(live) = run.live.as_ref().filter(|_| !run.is_over() && !app.faults.without_extension) {
        fields.insert("x_loadforge_ci".into(), json!(**live));
    }
    let mut answer = ObjectBody::of(&fields).map_err(|error| ErrorResponse::Malformed(error.to_string()))?;
    if let Some(csv) = delivered.csv.filter(|_| !app.faults.without_csv) {
        let files = [("stats", csv.stats), ("history", csv.history), ("failures", csv.failures)];
        let files = files.map(|(kind, file)| (format!("results_csv_{kind}"), file));
        for (field, file) in files.into_iter().filter(|(field, _)| !fields.contains_key(field)) {
            answer.text(&field, file);
        }
    }
    let field = "x_loadforge_ci";
    let shown = !app.faults.without_extension && !fields.contains_key(field);
    if let Some(extension) = delivered.extension.filter(|_| shown) {
        answer.json(field, extension);
    }
    Ok(answer.answer())
}

/// The documented fields: measures are texts, `run_status` is a number. Unknown fields are left out.
fn summary(id: u64, run: &Run, faults: &InjectedFaults) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("id", id.into());
    put("created_at", written(run.created_at).into());
    put("updated_at", written(run.updated_at).into());
    put("run_status", run.status.into());
    put("cancelled", run.cancelled.into());
    put("duration", run.duration.clone().into());
    if !faults.without_test_id {
        put("test_id", run.test_id.into());
    }
    if let Some(passed) = run.passed {
        put("run_passed", passed.into());
    }
    if let Some(metrics) = run.metrics {
        let share = if metrics.requests > 0 { metrics.failures as f64 * 100.0 / metrics.requests as f64 } else { 0.0 };
        put("requests", metrics.requests.to_string().into());
        put("failures", format!("{}({share:.2}%)", metrics.failures).into());
        put("response_median", format!("{:.0}", metrics.median_ms).into());
        put("response_avg", format!("{:.0}", metrics.avg_ms).into());
        put("response_min", format!("{:.0}", metrics.min_ms).into());
        put("response_max", format!("{:.0}", metrics.max_ms).into());
        put("reqs_per_second", format!("{:.2}", metrics.requests_per_s).into());
        put("fails_per_second", format!("{:.2}", metrics.failures_per_s).into());
    }
    fields
}
