//! A service whose every endpoint computes: how long it takes depends on the processor and on who else uses it.

use std::sync::mpsc::Sender;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot::Receiver;

/// How many rounds of work each endpoint does; a round takes about 0.4 ms of a processor.
pub(crate) const ROUNDS: [u32; 8] = [4, 6, 9, 13, 18, 25, 36, 50];

/// Bytes that a round computes a digest of.
const BYTES: usize = 200_000;

/// Serves until it is told to stop; sends its port once it listens.
pub(crate) async fn serve(opened: Sender<u16>, stopped: Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    opened.send(listener.local_addr().unwrap().port()).unwrap();
    let work = async |Path(rounds): Path<u32>| {
        let work = move || {
            let text = vec![0_u8; BYTES];
            (0..rounds).fold(0_u8, |sum, _| {
                let digest = ring::digest::digest(&ring::digest::SHA256, &text);
                sum.wrapping_add(digest.as_ref()[0])
            })
        };
        tokio::task::spawn_blocking(work).await.unwrap().to_string()
    };
    let app = Router::new().route("/work/{rounds}", get(work));
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served.unwrap(),
        _ = stopped => {}
    }
}
