//! Cancelling a run, and believing it only when the service shows it.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::client::Client;
use super::error::ApiError;
use crate::results::RunState;

/// Pauses between two checks whether a canceled run has ended; the last one repeats.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(2)];

/// The longest wait for one answer, so that a call that hangs leaves time for another.
const LONGEST_CALL: Duration = Duration::from_secs(4);

/// A run that was not seen to be over.
#[derive(Debug, thiserror::Error)]
pub enum NotStopped {
    /// The service refused.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The service accepted the request, but the run is still running.
    #[error("the service accepted the request to cancel it, but still shows it as {0}")]
    GoesOn(RunState),
    /// The service accepted the request, and its outcome is unknown.
    #[error("the service accepted the request to cancel it, but what became of it is not known: {0}")]
    NotShown(ApiError),
    /// No answer came in time.
    #[error("the service took too long")]
    TooSlow,
}

/// Cancels a run and looks until it is over, or known to be cancelled, for as long as `limit`; the state it was seen in.
pub(super) async fn stop_run(client: &Client, run_id: u64, limit: Duration) -> Result<RunState, NotStopped> {
    let until = Instant::now() + limit;
    let mut accepted = false;
    let mut reason = NotStopped::TooSlow;
    let mut pauses = PAUSES.into_iter();
    let mut pause = Duration::ZERO;
    while Instant::now() < until {
        let share = || (until.saturating_duration_since(Instant::now()) / 2).min(LONGEST_CALL);
        // Asking twice is the same as asking once, and an answer is no proof.
        match timeout(share(), client.cancel_run(run_id)).await {
            Ok(Ok(())) => accepted = true,
            Ok(Err(error)) if !accepted => reason = error.into(),
            Ok(Err(_)) | Err(_) => {}
        }
        match timeout(share(), client.result_once(run_id)).await {
            Ok(Ok(row)) => match row.state() {
                Some(state) if state.is_end() => return Ok(state),
                _ if row.cancelled == Some(true) => return Ok(RunState::Cancelled),
                state if accepted => reason = NotStopped::GoesOn(state.unwrap_or(RunState::Running)),
                _ => {}
            },
            Ok(Err(error)) if accepted => reason = NotStopped::NotShown(error),
            Ok(Err(_)) | Err(_) => {}
        }
        pause = pauses.next().unwrap_or(pause);
        sleep(client.pace().of(pause).min(until.saturating_duration_since(Instant::now()))).await;
    }
    Err(reason)
}
