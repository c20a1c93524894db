//! LoadForge's API: client, wire models, errors, retry, start exactly once, follow, collect.

mod calls;
mod client;
mod download;
mod error;
mod message;
mod prelude;
mod retry;
mod url;
pub mod wire;

pub use calls::SavedTest;
pub use client::{AuthScheme, Client, ClientBuilder};
pub use error::{ApiError, Refusal};
pub use prelude::{is_allowed, prelude};
pub use retry::{Attempt, Decision, Outcome, Pace, Repeat, classify, retry_after};
pub use url::ApiUrl;
