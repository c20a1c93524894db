//! Saved tests: list, create, update, delete.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::ErrorResponse;
use super::form::{Form, path_id};
use crate::emulator::state::{ServerState, written};
use crate::emulator::store::{StoredState as Known, StoredTest};
use crate::emulator::targets::Targets;
use crate::results::LocalProject;

/// Most users of a test.
const MOST_USERS: u64 = 1_000_000;

pub(super) async fn list(State(app): State<Arc<ServerState>>) -> Json<Vec<Value>> {
    Json(app.store.read(|state| state.tests.iter().map(|(id, test)| shown(*id, test)).collect()))
}

pub(super) async fn create(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Json<Value>, ErrorResponse> {
    let mut form = Form::read(&body)?;
    ["name", "users", "rate", "region", "locustfile"].into_iter().for_each(|name| form.require(name));
    let now = Timestamp::now();
    let mut test = StoredTest {
        created_at: now,
        updated_at: now,
        name: String::new(),
        users: 1,
        rate: 1.0,
        servers: 1,
        host_id: None,
        region: String::new(),
        region_servers: None,
        targets: Targets::default(),
        locustfile: String::new(),
        project: project(&mut form, app.loopback),
    };
    let id = app.store.change(|state| {
        fill(&mut test, &mut form, state)?;
        Ok::<_, ErrorResponse>(state.add_test(test))
    })?;
    Ok(Json(json!({ "test_id": id })))
}

/// Changes the given fields. The name is required; LoadForge's own client always sends it.
pub(super) async fn update(
    State(app): State<Arc<ServerState>>,
    id: axum::extract::Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ErrorResponse> {
    let id = path_id("Test", id)?;
    let mut form = Form::read(&body)?;
    app.store.change(|state| {
        let mut test = state.tests.get(&id).cloned().ok_or(ErrorResponse::Missing("Test", id))?;
        form.require("name");
        fill(&mut test, &mut form, state)?;
        test.updated_at = Timestamp::now();
        state.tests.insert(id, test);
        Ok::<_, ErrorResponse>(())
    })?;
    Ok(Json(json!({ "test_id": id })))
}

pub(super) async fn delete(
    State(app): State<Arc<ServerState>>,
    id: axum::extract::Path<String>,
) -> Result<Json<Value>, ErrorResponse> {
    let id = path_id("Test", id)?;
    app.store.change(|state| state.tests.remove(&id)).ok_or(ErrorResponse::Missing("Test", id))?;
    Ok(Json(json!({ "test_id": id, "status": "Deleted" })))
}

/// Applies the given fields; returns an error when one of them is invalid.
fn fill(test: &mut StoredTest, form: &mut Form, state: &Known) -> Result<(), ErrorResponse> {
    if let Some(name) = form.text("name") {
        test.name = name;
    }
    if let Some(users) = form.whole("users", 1..=MOST_USERS) {
        test.users = u32::try_from(users).unwrap_or(u32::MAX);
    }
    if let Some(rate) = form.number("rate") {
        if rate <= 0.0 {
            form.reject("rate", "The rate field must be greater than 0.");
        }
        test.rate = rate;
    }
    if let Some(servers) = form.whole("servers", 1..=1000) {
        test.servers = u32::try_from(servers).unwrap_or(u32::MAX);
    }
    if let Some(host) = form.whole("host_id", 0..=u64::MAX) {
        if !state.hosts.contains_key(&host) {
            form.reject("host_id", "The selected host id is invalid.");
        }
        test.host_id = Some(host);
    }
    if let Some(region) = form.text("region") {
        test.region = region;
    }
    if let Some(servers) = region_servers(form) {
        test.region_servers = Some(servers);
    }
    for (name, target) in [
        ("apdex_target", &mut test.targets.apdex_target),
        ("p95_target", &mut test.targets.p95_target),
        ("error_perc_target", &mut test.targets.error_perc_target),
    ] {
        if let Some(value) = form.number(name) {
            *target = Some(value);
        }
    }
    if let Some(script) = form.text("locustfile") {
        test.locustfile = script;
    }
    form.check()
}

/// The project of the script, which our own client sends along from the same machine.
fn project(form: &mut Form, loopback: bool) -> Option<LocalProject> {
    const FIELD: &str = "x_loadforge_ci";
    let value = form.value(FIELD)?.clone();
    let is_inside = |path: &String| {
        let mut parts = Path::new(path).components();
        !path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
    };
    match serde_json::from_value::<LocalProject>(value) {
        Ok(project)
            if loopback
                && project.folder.is_absolute()
                && !project.scripts.is_empty()
                && project.files.iter().chain(&project.scripts).all(is_inside) =>
        {
            Some(project)
        }
        _ => {
            form.reject(FIELD, "The project must be a folder of this machine and files inside it.");
            None
        }
    }
}

/// Load generators by region.
fn region_servers(form: &mut Form) -> Option<BTreeMap<String, u32>> {
    let value = form.value("region_servers")?;
    match serde_json::from_value::<BTreeMap<String, u32>>(value.clone()) {
        Ok(servers) if servers.values().all(|count| *count > 0) => Some(servers),
        _ => {
            form.reject("region_servers", "The region servers field must map regions to numbers of servers.");
            None
        }
    }
}

fn shown(id: u64, test: &StoredTest) -> Value {
    json!({
        "id": id,
        "created_at": written(test.created_at),
        "updated_at": written(test.updated_at),
        "name": test.name,
        "test_type": "load",
        "users": test.users,
        "rate": test.rate,
        "servers": test.servers,
        "host_id": test.host_id,
        "region": test.region,
        "region_servers": test.region_servers,
        "apdex_target": test.targets.apdex_target,
        "p95_target": test.targets.p95_target,
        "error_perc_target": test.targets.error_perc_target,
        "locustfile": test.locustfile,
    })
}
