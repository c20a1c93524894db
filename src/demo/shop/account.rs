//! Accounts: logging in, the tokens it gives, the profile and the orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ShopState;
use super::answer::{JsonBody, Parameters, ShopRefusal, page};

/// An account of the shop, and the environment variables by which the scripts learn of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// E-mail address.
    pub email: &'static str,
    /// Password; of no worth outside the demo.
    pub password: &'static str,
    /// Name shown.
    pub name: &'static str,
    /// Whether it may import customers and generate reports.
    pub analyst: bool,
    /// The variable that holds the address.
    pub email_variable: &'static str,
    /// The variable that holds the password.
    pub password_variable: &'static str,
}

/// The accounts the shop knows, one a pair of environment variables.
pub const ACCOUNTS: [Account; 3] = [
    Account {
        email: "shopper@demo.example",
        password: "demo-shopper",
        name: "Sam Shopper",
        analyst: false,
        email_variable: "TEST_USER_EMAIL",
        password_variable: "TEST_USER_PASSWORD",
    },
    Account {
        email: "buyer@demo.example",
        password: "demo-buyer",
        name: "Bo Buyer",
        analyst: false,
        email_variable: "CHECKOUT_USER_EMAIL",
        password_variable: "CHECKOUT_USER_PASSWORD",
    },
    Account {
        email: "analyst@demo.example",
        password: "demo-analyst",
        name: "Ann Analyst",
        analyst: true,
        email_variable: "REPORT_USER_EMAIL",
        password_variable: "REPORT_USER_PASSWORD",
    },
];

/// How long a token is good for.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Makes and checks bearer tokens. They are signed, so none has to be remembered.
#[derive(Debug)]
pub(super) struct Tokens {
    key: hmac::Key,
    opened: Instant,
    serial: AtomicU64,
}

impl Tokens {
    /// `None` when the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(Self { key, opened: Instant::now(), serial: AtomicU64::new(0) })
    }

    /// A token for the account of this index: account, second and serial number, signed.
    fn issue(&self, account: usize) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let text = format!("{account}.{}.{serial}", self.opened.elapsed().as_secs());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()));
        format!("{text}.{signature}")
    }

    fn check(&self, token: &str) -> Option<usize> {
        let (text, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key, text.as_bytes(), &signature).ok()?;
        let mut parts = text.split('.');
        let account = parts.next()?.parse().ok()?;
        let issued: u64 = parts.next()?.parse().ok()?;
        (self.opened.elapsed().as_secs() < issued + TOKEN_LIFE.as_secs()).then_some(account)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_issued_token_is_good() {
        let (tokens, others) = (Tokens::new().unwrap(), Tokens::new().unwrap());
        let token = tokens.issue(2);
        assert_eq!(tokens.check(&token), Some(2));
        assert_ne!(token, tokens.issue(2));
        assert_eq!(others.check(&token), None);
        assert_eq!(tokens.check(&token.replacen('2', "1", 1)), None);
        for nonsense in ["", ".", "2.0.0", "2.0.0.", "2.0.0.!!"] {
            assert_eq!(tokens.check(nonsense), None, "{nonsense}");
        }
    }
}
