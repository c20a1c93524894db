//! The shop's front: every request passes here, is held back, perhaps broken, and counted.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::ShopRefusal;
use super::endpoint::ShopEndpoint;
use super::fault::RequestEnd;
use super::listener::Connection;
use super::state::ShopState;

pub(super) async fn serve(
    State(shop): State<Arc<ShopState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let endpoint = ShopEndpoint::of(request.method().as_str(), request.uri().path());
    let arrival = shop.counters.arrived(endpoint);
    let (usual, mut rng) = shop.counters.draw(endpoint);
    let fate = shop.faults.fate(endpoint, usual, &mut rng, Instant::now());
    // An upload is read while the clock runs, so that its size does not change the latency.
    let (response, ()) = match fate.end {
        RequestEnd::Served => tokio::join!(next.run(request), tokio::time::sleep(fate.delay)),
        RequestEnd::Refused(_) | RequestEnd::Reset => {
            (StatusCode::OK.into_response(), tokio::time::sleep(fate.delay).await)
        }
    };
    let response = match fate.end {
        RequestEnd::Served => response,
        RequestEnd::Refused(status) => refusal(status),
        RequestEnd::Reset => {
            connection.reset();
            arrival.reset();
            return response;
        }
    };
    arrival.answered(response.status());
    response
}

fn refusal(status: StatusCode) -> Response {
    let (code, message) = match status {
        StatusCode::TOO_MANY_REQUESTS => ("rate_limited", "too many requests; try again in a second"),
        StatusCode::SERVICE_UNAVAILABLE => ("payment_unavailable", "the payment service does not answer"),
        _ => ("internal", "something went wrong"),
    };
    let mut response = ShopRefusal::new(status, code, message).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
