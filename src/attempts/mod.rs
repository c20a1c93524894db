//! The attempts at one commit, judged together.
//!
//! CircleCI runs a failed job again, up to five times by itself, and each new attempt is a new chance for a slow build to
//! measure a lucky run. So every attempt is kept as a [`JobAttempt`], a line of the [`AttemptsFile`] beside the history.
//! [`counted()`] chooses those that count for an attempt, and [`judge_together`] judges each row by the median of their
//! values.

mod counted;
mod error;
mod file;
mod pooled;
mod record;
mod together;
mod words;

pub use counted::{RECENT, counted};
pub use error::AttemptsError;
pub use file::{AttemptsFile, LONGEST_LINE, MOST_ATTEMPTS, RecordedAttempts};
pub use record::{ATTEMPTS_SCHEMA_VERSION, AttemptLine, AttemptRow, JobAttempt};
pub use together::judge_together;
