//! Hosts: list, create, delete.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::ErrorResponse;
use super::form::{Form, path_id};
use crate::emulator::state::{ServerState, written};
use crate::emulator::store::Host;

pub(super) async fn list(State(app): State<Arc<ServerState>>) -> Json<Vec<Value>> {
    Json(app.store.read(|state| state.hosts.iter().map(|(id, host)| shown(*id, host)).collect()))
}

pub(super) async fn create(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Json<Value>, ErrorResponse> {
    let mut form = Form::read(&body)?;
    ["url", "port", "protocol"].into_iter().for_each(|name| form.require(name));
    let url = form.text("url").unwrap_or_default();
    if url.contains('/') {
        form.reject("url", "The url field must be a bare host name.");
    }
    let port = form.whole("port", 1..=65_535).and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let protocol = form.text("protocol").unwrap_or_default();
    if form.has("protocol") && !["http", "https"].contains(&protocol.as_str()) {
        form.reject("protocol", "The selected protocol is invalid.");
    }
    form.check()?;
    let now = Timestamp::now();
    let host = Host { created_at: now, updated_at: now, url, port, protocol };
    let id = app.store.change(|state| state.add_host(host));
    Ok(Json(json!({ "host_id": id })))
}

pub(super) async fn delete(
    State(app): State<Arc<ServerState>>,
    id: Path<String>,
) -> Result<Json<Value>, ErrorResponse> {
    let id = path_id("Host", id)?;
    app.store.change(|state| {
        if state.tests.values().any(|test| test.host_id == Some(id)) {
            return Err(ErrorResponse::Impossible("Delete the tests that use this host first.".into()));
        }
        state.hosts.remove(&id).ok_or(ErrorResponse::Missing("Host", id))
    })?;
    Ok(Json(json!({ "host_id": id, "status": "Deleted" })))
}

/// Verification needs the host's owner; here every host counts as verified.
fn shown(id: u64, host: &Host) -> Value {
    json!({
        "id": id,
        "created_at": written(host.created_at),
        "updated_at": written(host.updated_at),
        "verified": true,
        "url": host.url,
        "port": host.port,
        "protocol": host.protocol,
    })
}
