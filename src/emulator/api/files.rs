//! Files that every script finds as `files/NAME`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::ErrorResponse;
use super::form::{Form, path_id};
use crate::emulator::state::{ServerState, written};
use crate::emulator::store::{StoredFile, StoredState as Known};

pub(super) async fn list(State(app): State<Arc<ServerState>>) -> Json<Vec<Value>> {
    let shown = |(id, file): (&u64, &StoredFile)| {
        json!({
            "id": id,
            "created_at": written(file.created_at),
            "updated_at": written(file.updated_at),
            "name": file.name,
        })
    };
    Json(app.store.read(|state| state.files.iter().map(shown).collect()))
}

pub(super) async fn create(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Json<Value>, ErrorResponse> {
    let (name, content) = read(&body)?;
    let now = Timestamp::now();
    let id = app.store.change(|state| {
        unique(state, &name, None)?;
        Ok::<_, ErrorResponse>(state.add_file(StoredFile { created_at: now, updated_at: now, name, content }))
    })?;
    Ok(Json(json!({ "file_id": id })))
}

pub(super) async fn update(
    State(app): State<Arc<ServerState>>,
    id: Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ErrorResponse> {
    let id = path_id("File", id)?;
    let (name, content) = read(&body)?;
    app.store.change(|state| {
        unique(state, &name, Some(id))?;
        let file = state.files.get_mut(&id).ok_or(ErrorResponse::Missing("File", id))?;
        *file = StoredFile { created_at: file.created_at, updated_at: Timestamp::now(), name, content };
        Ok::<_, ErrorResponse>(())
    })?;
    Ok(Json(json!({ "file_id": id })))
}

pub(super) async fn delete(
    State(app): State<Arc<ServerState>>,
    id: Path<String>,
) -> Result<Json<Value>, ErrorResponse> {
    let id = path_id("File", id)?;
    app.store.change(|state| state.files.remove(&id)).ok_or(ErrorResponse::Missing("File", id))?;
    Ok(Json(json!({ "file_id": id, "status": "Deleted" })))
}

fn read(body: &[u8]) -> Result<(String, String), ErrorResponse> {
    let mut form = Form::read(body)?;
    ["name", "content"].into_iter().for_each(|name| form.require(name));
    let name = form.text("name").unwrap_or_default();
    let content = form.text("content").unwrap_or_default();
    let plain = !name.contains(['/', '\\', '\0']) && !name.starts_with('.');
    let known = [".csv", ".json", ".txt"].iter().any(|ending| name.ends_with(ending));
    if form.has("name") && !(plain && known) {
        form.reject("name", "The name must be a file name that ends in .csv, .json or .txt.");
    }
    form.check()?;
    Ok((name, content))
}

fn unique(state: &Known, name: &str, except: Option<u64>) -> Result<(), ErrorResponse> {
    if state.files.iter().any(|(id, file)| file.name == name && Some(*id) != except) {
        let message = "The name has already been taken.".to_owned();
        return Err(ErrorResponse::Invalid([("name".to_owned(), vec![message])].into()));
    }
    Ok(())
}
