//! What a customer does: logging in, the profile and the orders.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::{ACCOUNTS, Account, TOKEN_LIFE};
use super::answer::{JsonBody, Parameters, ShopRefusal, page};
use super::state::ShopState;

/// Who sent a request: the bearer of a good token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Customer {
    /// Index into [`ACCOUNTS`].
    pub(super) index: usize,
    pub(super) account: &'static Account,
}

impl FromRequestParts<Arc<ShopState>> for Customer {
    type Rejection = ShopRefusal;

    async fn from_request_parts(parts: &mut Parts, shop: &Arc<ShopState>) -> Result<Self, ShopRefusal> {
        let refusal = |message: &str| ShopRefusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
        let header = parts.headers.get(AUTHORIZATION).ok_or_else(|| refusal("log in first"))?;
        let token = header.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let index = token.and_then(|token| shop.tokens.check(token)).ok_or_else(|| refusal("the token is not good"))?;
        let account = ACCOUNTS.get(index).ok_or_else(|| refusal("no such account"))?;
        Ok(Self { index, account })
    }
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    email: String,
    password: String,
}

pub(super) async fn log_in(
    State(shop): State<Arc<ShopState>>,
    JsonBody(credentials): JsonBody<LoginForm>,
) -> Result<Json<Value>, ShopRefusal> {
    let index = ACCOUNTS
        .iter()
        .position(|account| account.email.eq_ignore_ascii_case(credentials.email.trim()))
        .filter(|&index| ACCOUNTS[index].password == credentials.password)
        .ok_or_else(|| ShopRefusal::new(StatusCode::UNAUTHORIZED, "unauthorized", "e-mail or password is wrong"))?;
    let token = shop.tokens.issue(index);
    Ok(Json(json!({ "access_token": token, "token_type": "bearer", "expires_in": TOKEN_LIFE.as_secs() })))
}

pub(super) async fn profile(customer: Customer) -> Json<Value> {
    let Account { email, name, analyst, .. } = customer.account;
    Json(json!({ "email": email, "name": name, "roles": if *analyst { ["analyst"] } else { ["shopper"] } }))
}

#[derive(Deserialize)]
pub(super) struct OrderList {
    #[serde(default = "all")]
    status: String,
    #[serde(default = "first")]
    page: usize,
    #[serde(default = "ten")]
    limit: usize,
}

fn all() -> String {
    "all".into()
}

const fn first() -> usize {
    1
}

const fn ten() -> usize {
    10
}

pub(super) async fn orders(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    Parameters(list): Parameters<OrderList>,
) -> Result<Json<Value>, ShopRefusal> {
    if !["all", "paid", "shipped"].contains(&list.status.as_str()) {
        return Err(ShopRefusal::invalid("status is all, paid or shipped"));
    }
    let orders = shop.store().orders_of(customer.index, &list.status);
    let (total, orders) = page(orders, list.page, list.limit)?;
    Ok(Json(json!({ "orders": orders, "page": list.page, "limit": list.limit, "total": total })))
}

pub(super) async fn order(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    Path(id): Path<String>,
) -> Result<Json<Value>, ShopRefusal> {
    let store = shop.store();
    let order = id.parse().ok().and_then(|id| store.order(customer.index, id));
    order.map(|order| Json(json!(order))).ok_or_else(|| ShopRefusal::not_found("order"))
}
