//! Runs: start and cancel.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Number, Value, json};

use super::error::ErrorResponse;
use super::form::{Form, path_id};
use crate::emulator::lifecycle;
use crate::emulator::state::ServerState;

/// Least and most minutes of a run, as LoadForge has it.
const MINUTES: std::ops::RangeInclusive<u64> = 2..=720;

/// Minutes of a v1 run, which names none: the default of LoadForge's web pages.
const V1_MINUTES: u64 = 5;

/// `POST /run`: a test's id and a duration in minutes.
pub(super) async fn start(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Response, ErrorResponse> {
    let mut form = Form::read(&body)?;
    ["test_id", "duration"].into_iter().for_each(|name| form.require(name));
    let test = form.whole("test_id", 0..=u64::MAX);
    let duration = minutes(&app, &mut form);
    form.check()?;
    begin(&app, test.unwrap_or_default(), duration.unwrap_or_else(|| V1_MINUTES.into()), BTreeMap::new())
}

/// `POST /api/v1/tests/{id}/start`: environment variables, and a duration if one likes.
pub(super) async fn start_v1(
    State(app): State<Arc<ServerState>>,
    id: Path<String>,
    body: Bytes,
) -> Result<Response, ErrorResponse> {
    let test = path_id("Test", id)?;
    let mut form = Form::read(&body)?;
    let duration = minutes(&app, &mut form).unwrap_or_else(|| V1_MINUTES.into());
    let env = environment(&mut form);
    form.check()?;
    begin(&app, test, duration, env)
}

fn begin(
    app: &Arc<ServerState>,
    test_id: u64,
    duration: Number,
    env: BTreeMap<String, String>,
) -> Result<Response, ErrorResponse> {
    let test =
        app.store.read(|state| state.tests.get(&test_id).cloned()).ok_or(ErrorResponse::Missing("Test", test_id))?;
    let run = lifecycle::start(app, test_id, &test, duration, env);
    let lost = app.next_trouble(|trouble| {
        let due = trouble.lost_start_answers > 0;
        trouble.lost_start_answers = trouble.lost_start_answers.saturating_sub(1);
        due
    });
    if lost {
        return Ok(([(header::CONTENT_TYPE, "application/json")], Body::new(BrokenOff)).into_response());
    }
    // The documentation promises one name, the service was seen to send the other.
    Ok(Json(json!({ "run_id": run, "result_id": run })).into_response())
}

/// `POST /run/cancel/{id}`. The run stops within seconds; until then it is still running.
pub(super) async fn cancel(
    State(app): State<Arc<ServerState>>,
    id: Path<String>,
) -> Result<Json<Value>, ErrorResponse> {
    let id = path_id("Run", id)?;
    app.store.change(|state| {
        let run = state.runs.get_mut(&id).ok_or(ErrorResponse::Missing("Run", id))?;
        if run.is_over() && !run.cancelled {
            return Err(ErrorResponse::Impossible("The run has already finished.".into()));
        }
        run.cancelled = true;
        Ok(())
    })?;
    app.stop(id);
    Ok(Json(json!({ "run_id": id, "status": "Cancelled" })))
}

/// The duration of a run. LoadForge takes whole minutes from 2 on; this server takes any time, unless set to be as
/// strict.
fn minutes(app: &ServerState, form: &mut Form) -> Option<Number> {
    const FIELD: &str = "duration";
    if app.whole_minutes {
        return form.whole(FIELD, MINUTES).map(Number::from);
    }
    let asked = form.value(FIELD).cloned();
    let minutes = form.number(FIELD)?;
    if minutes <= 0.0 || minutes > *MINUTES.end() as f64 {
        form.reject(FIELD, "The duration field must be above 0 and at most 720.");
        return None;
    }
    match asked {
        // Told back as it was written.
        Some(Value::Number(number)) => Some(number),
        _ => Number::from_f64(minutes),
    }
}

fn environment(form: &mut Form) -> BTreeMap<String, String> {
    let Some(value) = form.value("env") else { return BTreeMap::new() };
    let Some(fields) = value.as_object().cloned() else {
        form.reject("env", "The env field must be an object.");
        return BTreeMap::new();
    };
    let mut env = BTreeMap::new();
    for (name, value) in fields {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => {
                form.reject("env", format!("The value of {name} must be a string."));
                continue;
            }
        };
        if name.is_empty() || name.contains(['=', '\0']) || text.contains('\0') {
            form.reject("env", "A name must not be empty or hold `=`.");
            continue;
        }
        env.insert(name, text);
    }
    env
}

/// A body that breaks off before its first byte: what a client sees when the connection is cut.
struct BrokenOff;

impl HttpBody for BrokenOff {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}
