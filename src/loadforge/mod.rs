//! LoadForge's API: client, wire models, errors, retry, start exactly once, follow, collect.
//!
//! [`Client`] is the API itself, call by call. [`Session`] is the story told with it: start or adopt a run, follow it,
//! collect its results, cancel it. Nothing here knows a gate.

mod adopt;
mod body;
mod calls;
mod candidates;
mod client;
mod collect;
mod download;
mod ephemeral;
mod error;
mod event;
mod exact;
mod follow;
mod kept_test;
mod message;
mod origin;
mod plan;
mod prelude;
mod progress;
mod recorder;
mod resend;
mod resolved_test;
mod retry;
mod schedule;
mod sent_files;
mod session;
mod session_error;
mod stages;
mod start;
mod stop;
mod stopping;
mod superseded;
mod sync;
mod transport;
mod unclear;
mod url;
mod watch;
pub mod wire;

pub use calls::SavedTest;
pub use client::{Client, ClientBuilder};
pub use error::{ApiError, ServiceRefusal};
pub use event::{Event, LineWriter, Observer};
pub use exact::add as add_exact;
pub use kept_test::{KeptTest, SavedTargets, SettingDifference, without_mark};
pub use plan::{PlanError, RunPlan, ScriptFile, host_of, sha256};
pub use prelude::{is_allowed, prelude};
pub use progress::Progress;
pub use resolved_test::ResolvedTest;
pub use retry::{Attempt, AttemptOutcome, PauseFactor, Repeat, RetryDecision, classify};
pub use session::{RunEnd, RunOutcome, Session, WaitPlan};
pub use session_error::SessionError;
pub use stop::{Signal, StopSignals};
pub use stopping::NotStopped;
pub use superseded::Superseded;
pub use sync::{ComparedTest, LeftOver, SyncComparison, compare, delete, keep};
pub use transport::{Sending, Transport, TransportError};
pub use url::{ApiUrl, InvalidApiUrl};
pub use watch::{NoWatch, RunWatch};
