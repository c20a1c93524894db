//! A service that gives one answer, for the unit tests of the calls.

use axum::http::{Method, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::loadforge::client::Client;

/// Makes a call of a service that gives this answer to every request: what the call returns, and the request as
/// `METHOD path body`.
pub(super) async fn exchange<T>(answer: Value, call: impl AsyncFnOnce(Client) -> T) -> (T, String) {
    let (sender, mut requests) = mpsc::unbounded_channel();
    let app = axum::Router::new().fallback(async move |method: Method, uri: Uri, body: String| {
        sender.send(format!("{method} {uri} {body}").trim_end().to_owned()).unwrap();
        axum::Json(answer)
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v2", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let client = Client::builder(url.parse().unwrap()).token(Some("any".to_owned().into())).build().unwrap();
    let result = call(client).await;
    server.abort();
    (result, requests.recv().await.unwrap())
}
