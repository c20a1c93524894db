//! The demo shop: a small web shop with real behavior, seeded latency, faults that can be turned on, and a count
//! of everything it served.
//!
//! It exists so that a load test can be tried, and each finding and gate shown, without any other system. It serves
//! every path the scripts of [`super::scripts`] use; `GET /_served` answers what was served so far and is itself
//! neither slowed down, broken nor counted.

mod account;
mod answer;
mod cart;
mod catalogue;
mod counter;
mod customer;
mod data;
mod endpoint;
mod fault;
mod front;
mod listener;
mod lock;
mod report;
mod state;

pub use account::{ACCOUNTS, Account};
pub use counter::Served;
pub use fault::Fault;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::account::Tokens;
use self::counter::Counters;
use self::data::ShopData;
use self::fault::ActiveFaults;
use self::listener::{Connection, ResettableListener};
use self::state::ShopState;
use crate::error::Explain;
use crate::exit::Exit;

/// How long [`RunningShop::shutdown`] waits for requests that are being answered.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(2);

/// What the shop is to be like.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopConfig {
    /// Where it listens; port 0 takes a free one. Default: loopback, port 0.
    pub listen: SocketAddr,
    /// Two shops with the same seed and faults answer the n-th request of an endpoint after the same latency.
    pub seed: u64,
    /// What is wrong with it; empty when healthy.
    pub faults: Vec<Fault>,
}

impl Default for ShopConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), seed: 7, faults: Vec::new() }
    }
}

/// The shop could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The address is taken or not of this machine.
    #[error("the demo shop cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The system gave no random key for the shop's tokens.
    #[error("the system's random number generator failed, so the demo shop cannot sign its tokens")]
    Random,
}

impl Explain for ShopError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::Listen { .. }).then(|| "port 0 takes any free port".into())
    }
}

/// The demo shop.
#[derive(Debug)]
pub struct Shop;

impl Shop {
    /// Opens the shop; it serves until [`RunningShop::shutdown`] is called or the returned value is dropped.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen on the address.
    pub async fn start(config: ShopConfig) -> Result<RunningShop, ShopError> {
        let listen_error = |source| ShopError::Listen { address: config.listen, source };
        let listener = ResettableListener::bind(config.listen).await.map_err(listen_error)?;
        let address = axum::serve::Listener::local_addr(&listener).map_err(listen_error)?;
        let inner = Arc::new(ShopState {
            store: Mutex::new(ShopData::new(config.seed)),
            tokens: Tokens::new().ok_or(ShopError::Random)?,
            counters: Counters::new(config.seed),
            faults: ActiveFaults::new(config.faults),
        });
        let service = router(Arc::clone(&inner)).into_make_service_with_connect_info::<Connection>();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            // Accept errors are retried inside; a dropped sender stops the shop as a sent value does.
            let _ = axum::serve(listener, service)
                .with_graceful_shutdown(async move {
                    let _ = stopped.await;
                })
                .await;
        });
        Ok(RunningShop { address, inner, stop: Some(stop), serving })
    }
}

/// A shop that is serving.
#[derive(Debug)]
pub struct RunningShop {
    address: SocketAddr,
    inner: Arc<ShopState>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl RunningShop {
    /// Where it is, for `TARGET_HOST`: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment the scripts need: `TARGET_HOST` and the accounts' addresses and passwords.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![("TARGET_HOST", self.url())];
        for account in &ACCOUNTS {
            env.push((account.email_variable, account.email.to_owned()));
            env.push((account.password_variable, account.password.to_owned()));
        }
        env
    }

    /// What was served so far, sorted by name and method.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        self.inner.counters.served()
    }

    /// Replaces the faults, on the same address, so that a healthy run and a faulty one can be compared. The time
    /// that growing latency and error spikes refer to begins with the next request.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.inner.faults.set(faults);
    }

    /// Closes the shop: what is being answered is finished (for up to 2 s), nothing new is taken.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        let _ = tokio::time::timeout(SHUTDOWN_WAIT, &mut self.serving).await;
    }
}

impl Drop for RunningShop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn router(inner: Arc<ShopState>) -> Router {
    let shop = Router::new()
        .route("/", get(catalogue::home))
        .route("/health", get(catalogue::health))
        .route("/api/v1/products", get(catalogue::products))
        .route("/api/v1/products/{id}", get(catalogue::product))
        .route("/api/v1/auth/login", post(customer::log_in))
        .route("/api/v1/account/profile", get(customer::profile))
        .route("/api/v1/orders", get(customer::orders))
        .route("/api/v1/orders/{id}", get(customer::order))
        .route("/api/v1/carts", post(cart::create))
        .route("/api/v1/carts/{id}", get(cart::show))
        .route("/api/v1/carts/{id}/items", post(cart::add_item))
        .route("/api/v1/carts/{id}/shipping-address", post(cart::set_shipping_address))
        .route("/api/v1/carts/{id}/payment-intents", post(cart::create_payment_intent))
        .route("/api/v1/carts/{id}/checkout", post(cart::check_out))
        .route("/api/v1/imports/customers", post(report::import_customers))
        .route("/api/v1/reports/generate", post(report::generate))
        .fallback(answer::no_such_path)
        .layer(middleware::from_fn_with_state(Arc::clone(&inner), front::serve))
        .with_state(Arc::clone(&inner));
    let served = Router::new().route("/_served", get(move || async move { Json(inner.counters.served()) }));
    shop.merge(served)
}
