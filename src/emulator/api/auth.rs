//! Who is let in.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;

use super::error::ErrorResponse;
use crate::emulator::state::ServerState;

/// API v2: `Authorization: Bearer TOKEN`.
pub(super) async fn bearer(State(app): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    admit(&app, "bearer", request, next).await
}

/// API v1: `Authorization: Token TOKEN`.
pub(super) async fn token(State(app): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    admit(&app, "token", request, next).await
}

async fn admit(app: &ServerState, scheme: &str, request: Request, next: Next) -> Response {
    // Planned trouble comes before anything else, as that of a proxy would.
    let trouble = app.next_trouble(|trouble| trouble.answers.pop_front());
    if let Some(status) = trouble.and_then(|status| StatusCode::from_u16(status).ok()) {
        return ErrorResponse::Fault(status).into_response();
    }
    match shown(scheme, request.headers()) {
        Some(token) if app.lets_in(&token) => next.run(request).await,
        _ => ErrorResponse::Unauthenticated.into_response(),
    }
}

/// The token shown by this scheme; its name's case does not matter (RFC 9110, 11.1).
fn shown(scheme: &str, headers: &HeaderMap) -> Option<SecretString> {
    let (name, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| SecretString::from(token.trim()))
}
