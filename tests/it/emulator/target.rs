//! A tiny web server that counts what it serves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

type Counts = Arc<Mutex<BTreeMap<String, u64>>>;

/// Answers every path; one that ends in `/broken` with 503, `/slow` after half a second, `/hang` never.
pub(crate) struct Target {
    pub(crate) port: u16,
    counts: Counts,
    task: JoinHandle<()>,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let counts = Counts::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(serve).with_state(Arc::clone(&counts));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { port, counts, task }
    }

    /// Requests served, by method and path.
    pub(crate) fn served(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap().clone()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(counts): State<Counts>, request: Request<axum::body::Body>) -> (StatusCode, &'static str) {
    let path = request.uri().path();
    *counts.lock().unwrap().entry(format!("{} {path}", request.method())).or_default() += 1;
    match path.rsplit('/').next() {
        Some("slow") => tokio::time::sleep(std::time::Duration::from_millis(500)).await,
        Some("hang") => std::future::pending().await,
        _ => {}
    }
    if path.ends_with("/broken") { (StatusCode::SERVICE_UNAVAILABLE, "no") } else { (StatusCode::OK, "yes") }
}
