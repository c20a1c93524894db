//! The calls of LoadForge's API v2, and the start call of its v1.

mod auth;
mod error;
mod files;
mod form;
mod hosts;
mod results;
mod runs;
mod stream;
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};

use error::ErrorResponse;

use super::state::ServerState;

/// Where v2 lives.
pub(super) const V2: &str = "/api/v2";

/// All calls. Where LoadForge's documentation and its own clients disagree on a path, both are served.
pub(super) fn router(app: Arc<ServerState>) -> Router {
    let v2 = Router::new()
        .route("/tests", get(tests::list).post(tests::create))
        .route("/tests/create", post(tests::create))
        .route("/tests/{id}", patch(tests::update).delete(tests::delete))
        .route("/hosts", get(hosts::list).post(hosts::create))
        .route("/hosts/create", post(hosts::create))
        .route("/hosts/{id}", axum::routing::delete(hosts::delete))
        .route("/files", get(files::list).post(files::create))
        .route("/files/create", post(files::create))
        .route("/files/{id}", patch(files::update).delete(files::delete))
        .route("/run", post(runs::start))
        .route("/run/cancel/{id}", post(runs::cancel))
        .route("/results", get(results::list))
        .route("/result/{id}", get(results::one))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&app), auth::bearer));
    let v1 = Router::new()
        .route("/tests/{id}/start", post(runs::start_v1))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&app), auth::token));
    Router::new()
        .nest(V2, v2)
        .nest("/api/v1", v1)
        .fallback(no_route)
        .layer(from_fn_with_state(Arc::clone(&app), auth::host))
        .layer(from_fn(auth::size))
        .layer(DefaultBodyLimit::max(auth::MOST_BODY_BYTES))
        .with_state(app)
}

async fn no_route() -> ErrorResponse {
    ErrorResponse::NoRoute
}

async fn no_method() -> Response {
    ErrorResponse::Fault(StatusCode::METHOD_NOT_ALLOWED).into_response()
}
