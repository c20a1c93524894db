//! The shop's error responses, and how it reads requests.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

/// An answer that is not what was asked for: `{"error": {"code", "message"}}`.
#[derive(Debug)]
pub(super) struct ShopRefusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ShopRefusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 422: the request can be read but makes no sense.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    /// 404: there is no such thing, or it belongs to somebody else.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("no such {what}"))
    }

    /// 409: it cannot be done now; something else has to come first.
    pub(super) fn out_of_order(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }
}

impl IntoResponse for ShopRefusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": { "code": self.code, "message": self.message } }))).into_response()
    }
}

pub(super) async fn no_such_path() -> ShopRefusal {
    ShopRefusal::not_found("path")
}

/// A JSON body; what cannot be read is refused in the shop's own form.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ShopRefusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, ShopRefusal> {
        let Json(body) = Json::from_request(request, state)
            .await
            .map_err(|rejection| ShopRefusal::new(rejection.status(), "bad_body", rejection.body_text()))?;
        Ok(Self(body))
    }
}

/// The query of a URL; what cannot be read is refused in the shop's own form.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = ShopRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ShopRefusal> {
        let Query(query) = Query::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ShopRefusal::new(rejection.status(), "bad_query", rejection.body_text()))?;
        Ok(Self(query))
    }
}

/// One page of a list: which page, from 1, and how many entries, from 1 to 100.
pub(super) fn page<T>(entries: Vec<T>, page: usize, limit: usize) -> Result<(usize, Vec<T>), ShopRefusal> {
    if page == 0 {
        return Err(ShopRefusal::invalid("page counts from 1"));
    }
    if !(1..=100).contains(&limit) {
        return Err(ShopRefusal::invalid("limit is from 1 to 100"));
    }
    let total = entries.len();
    Ok((total, entries.into_iter().skip((page - 1).saturating_mul(limit)).take(limit).collect()))
}
