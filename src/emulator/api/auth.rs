//! Who is let in.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;

use super::error::ErrorResponse;
use crate::emulator::state::ServerState;

/// Most bytes of a request's body; scripts and data files are small.
pub(super) const MOST_BODY_BYTES: usize = 32 << 20;

/// A server on loopback answers only to a loopback address: a name that a foreign DNS server made point here (DNS
/// rebinding) is refused.
pub(super) async fn host(State(app): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let of_uri = request.uri().authority().map(Authority::as_str);
    match named.or(of_uri) {
        Some(host) if !app.loopback || is_loopback(host) => next.run(request).await,
        _ => ErrorResponse::ForeignHost.into_response(),
    }
}

/// A body that is announced as too large is refused before it is sent.
pub(super) async fn size(request: Request, next: Next) -> Response {
    let length: Option<usize> =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    match length {
        Some(bytes) if bytes > MOST_BODY_BYTES => ErrorResponse::Fault(StatusCode::PAYLOAD_TOO_LARGE).into_response(),
        _ => next.run(request).await,
    }
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

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
