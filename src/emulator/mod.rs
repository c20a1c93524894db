//! The LoadForge-compatible server and the engines behind it.
//!
//! It serves every documented call of LoadForge's API v2 and the start call of v1, so that the client needs one way of
//! speaking only. Where it differs from LoadForge: a run's duration may be any time up to 720 minutes, a minute can be
//! shortened, finished runs carry the field `x_loadforge_ci`, and hosts need no verification. A run that was under way
//! when the server ended counts as cancelled after a restart, with what was measured until then.

mod api;
mod archive;
mod config;
mod connections;
mod engine;
mod lifecycle;
mod live_detail;
mod locust_engine;
mod replay;
mod server;
mod state;
mod store;
mod targets;
mod things;
mod token;

pub use config::{EngineChoice, InjectedFaults, ServerConfig, TokenPolicy};
pub use engine::{Delivery, EngineEnd, EngineOutcome, HistoryCsv, Job, Live, LoadEngine, Metrics};
pub use locust_engine::LocustEngine;
pub use replay::{Replay, ReplayError, ReplayPace};
pub use server::{EmulatorError, RunningServer, Server};
pub use token::random_token;
