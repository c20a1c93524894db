//! A GitHub with one pull request: takes comments and statuses and keeps them.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::support::serve;

/// What it keeps.
#[derive(Clone, Default)]
pub(super) struct GitHub {
    comments: Arc<Mutex<Vec<Value>>>,
    branch: Arc<Mutex<String>>,
    /// The repositories that were written to, as `owner/name`.
    repositories: Arc<Mutex<Vec<String>>>,
    /// The contexts and states of the statuses that were set, oldest first.
    statuses: Arc<Mutex<Vec<(String, String)>>>,
}

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

impl GitHub {
    /// Starts it with pull request 7 from `branch`; returns the address of its API too.
    pub(super) fn start(branch: &str) -> (Self, String) {
        let github = Self::default();
        branch.clone_into(&mut github.branch.lock().unwrap());
        let router = Router::new()
            .route("/user", get(|| async { Json(json!({ "id": 1, "login": "load-bot" })) }))
            .route("/repos/{owner}/{name}/pulls/{number}", get(Self::pull))
            .route("/repos/{owner}/{name}/commits/{sha}/pulls", get(Self::pulls))
            .route("/repos/{owner}/{name}/issues/{number}/comments", get(Self::list).post(Self::create))
            .route(
                "/repos/{owner}/{name}/issues/comments/{id}",
                get(Self::read).patch(Self::change).delete(Self::delete),
            )
            .route("/repos/{owner}/{name}/statuses/{sha}", post(Self::status))
            .route("/graphql", post(|| async { Json(json!({ "data": { "nodes": [], "minimizeComment": {} } })) }))
            .with_state(github.clone());
        let address = serve(router);
        (github, address)
    }

    /// The texts of the comments, oldest first.
    pub(super) fn comments(&self) -> Vec<String> {
        self.comments.lock().unwrap().iter().map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
    }

    /// The repositories that comments and statuses went to.
    pub(super) fn repositories(&self) -> Vec<String> {
        self.repositories.lock().unwrap().clone()
    }

    /// The statuses that were set, each with its context and state.
    pub(super) fn statuses(&self) -> Vec<(String, String)> {
        self.statuses.lock().unwrap().clone()
    }

    fn pull_request(&self) -> Value {
        let repository = json!({ "full_name": "acme/shop" });
        json!({
            "number": 7, "html_url": "https://github.com/acme/shop/pull/7", "state": "open", "merged_at": null,
            "head": { "ref": *self.branch.lock().unwrap(), "sha": SHA, "repo": repository },
            "base": { "ref": "main", "sha": SHA, "repo": repository },
        })
    }

    async fn pull(State(this): State<Self>) -> Json<Value> {
        Json(this.pull_request())
    }

    async fn pulls(State(this): State<Self>) -> Json<Value> {
        Json(json!([this.pull_request()]))
    }

    async fn list(State(this): State<Self>) -> Json<Value> {
        Json(Value::Array(this.comments.lock().unwrap().clone()))
    }

    async fn status(
        State(this): State<Self>,
        Path((owner, name, _)): Path<(String, String, String)>,
        Json(body): Json<Value>,
    ) -> (StatusCode, Json<Value>) {
        this.repositories.lock().unwrap().push(format!("{owner}/{name}"));
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        this.statuses.lock().unwrap().push((text("context"), text("state")));
        (StatusCode::CREATED, Json(json!({})))
    }

    async fn create(
        State(this): State<Self>,
        Path((owner, name, _)): Path<(String, String, u64)>,
        Json(body): Json<Value>,
    ) -> (StatusCode, Json<Value>) {
        this.repositories.lock().unwrap().push(format!("{owner}/{name}"));
        let mut comments = this.comments.lock().unwrap();
        let id = 100 + comments.len();
        let comment = json!({
            "id": id, "node_id": format!("C_{id}"), "html_url": format!("https://github.com/acme/shop/pull/7#issuecomment-{id}"),
            "body": body["body"], "user": { "id": 1, "login": "load-bot" },
        });
        comments.push(comment.clone());
        (StatusCode::CREATED, Json(comment))
    }

    async fn read(
        State(this): State<Self>,
        Path((_, _, id)): Path<(String, String, u64)>,
    ) -> (StatusCode, Json<Value>) {
        match this.comments.lock().unwrap().iter().find(|comment| comment["id"] == id) {
            Some(comment) => (StatusCode::OK, Json(comment.clone())),
            None => (StatusCode::NOT_FOUND, Json(json!({ "message": "Not Found" }))),
        }
    }

    async fn change(
        State(this): State<Self>,
        Path((_, _, id)): Path<(String, String, u64)>,
        Json(body): Json<Value>,
    ) -> (StatusCode, Json<Value>) {
        match this.comments.lock().unwrap().iter_mut().find(|comment| comment["id"] == id) {
            Some(comment) => {
                comment["body"] = body["body"].clone();
                (StatusCode::OK, Json(comment.clone()))
            }
            None => (StatusCode::NOT_FOUND, Json(json!({ "message": "Not Found" }))),
        }
    }

    async fn delete(State(this): State<Self>, Path((_, _, id)): Path<(String, String, u64)>) -> StatusCode {
        this.comments.lock().unwrap().retain(|comment| comment["id"] != id);
        StatusCode::NO_CONTENT
    }
}
