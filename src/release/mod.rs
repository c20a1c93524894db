//! CircleCI's release validation: a deploy job plans a release, a job of `type: release` watches it, and a signal within
//! its window fails the release or lets it pass. Here the verdict of a load test becomes that signal.
//!
//! [`ReleaseSignal`] is what is posted, [`Hook`] posts it, [`SignalLog`] sees to it that an attempt posts it once.

mod error;
mod hook;
mod signal;
mod signal_log;
mod window;

pub use error::SignalError;
pub use hook::{Hook, HookPauses};
pub use signal::{FiringOn, Judged, ReleaseSignal, SignalStatus};
pub use signal_log::{SentSignal, SignalLog};
pub use window::check_window;
