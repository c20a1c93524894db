//! Answers that say no, worded and shaped as Laravel does, which LoadForge appears to be built with.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::text::counted;

/// An error response.
#[derive(Debug)]
pub(super) enum ErrorResponse {
    /// 400: the body is not a JSON object.
    Malformed(String),
    /// 401: no token, or a wrong one.
    Unauthenticated,
    /// 421: the request names another host than this machine, as one does that a web page had sent here.
    ForeignHost,
    /// 404: there is no such thing.
    Missing(&'static str, u64),
    /// 404: there is no such path.
    NoRoute,
    /// 422: fields are wrong; their messages by name.
    Invalid(BTreeMap<String, Vec<String>>),
    /// 422: it cannot be done in the current state.
    Impossible(String),
    /// Any status, for tests.
    Fault(StatusCode),
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            // The one error LoadForge documents has both fields.
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, json!({ "error": "Bad Request", "message": why })),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, json!({ "message": "Unauthenticated." })),
            Self::ForeignHost => {
                let message = "This server answers only to the name of this machine: localhost or a loopback address.";
                (StatusCode::MISDIRECTED_REQUEST, json!({ "message": message }))
            }
            Self::Missing(what, id) => {
                let message = format!("No query results for model [App\\Models\\{what}] {id}");
                (StatusCode::NOT_FOUND, json!({ "message": message }))
            }
            Self::NoRoute => (StatusCode::NOT_FOUND, json!({ "message": "The route could not be found." })),
            Self::Invalid(errors) => {
                let first = errors.values().flatten().next().cloned().unwrap_or_default();
                let more = errors.values().map(Vec::len).sum::<usize>().saturating_sub(1);
                let message = match more {
                    0 => first,
                    more => format!("{first} (and {})", counted(more, "more error")),
                };
                (StatusCode::UNPROCESSABLE_ENTITY, json!({ "message": message, "errors": errors }))
            }
            Self::Impossible(why) => (StatusCode::UNPROCESSABLE_ENTITY, json!({ "message": why })),
            Self::Fault(status) => (status, json!({ "message": status.canonical_reason().unwrap_or("Server Error") })),
        };
        (status, Json(body)).into_response()
    }
}
