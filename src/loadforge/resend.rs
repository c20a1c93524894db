//! Sending a call again while waiting may help.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};

use super::error::ApiError;
use super::retry::{Attempt, LONGEST_ASKED_WAIT, PauseFactor, Repeat, RetryDecision, classify};

/// Maximum pause between two attempts without a `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What follows a failed try.
pub(super) fn decide(error: &ApiError, repeat: Repeat) -> RetryDecision {
    classify(&Attempt { repeat, outcome: error.outcome() })
}

/// Makes a call that may be sent twice, at most `resends` times more while waiting may help: with pauses that double
/// from half a second to 15 s, and never sooner than the service asked for. A wait that is too long for one call ends it.
///
/// # Errors
/// When the call is refused for good, or the last try failed as well.
pub(super) async fn until_answered<T, F: Future<Output = Result<T, ApiError>>>(
    pace: PauseFactor,
    resends: usize,
    send: impl FnMut() -> F,
) -> Result<T, ApiError> {
    let pauses = ExponentialBuilder::new()
        .with_min_delay(pace.of(Duration::from_millis(500)))
        .with_max_delay(pace.of(LONGEST_PAUSE))
        .with_factor(2.0)
        .with_max_times(resends)
        .with_jitter();
    let asked = |error: &ApiError| match decide(error, Repeat::Safe) {
        // A single call is better given up than silent for hours; who follows a run looks again nonetheless.
        _ if error.retry_after().is_some_and(|asked| asked > LONGEST_ASKED_WAIT) => None,
        RetryDecision::Retry { at_least } => Some(at_least),
        RetryDecision::Done | RetryDecision::LookFirst | RetryDecision::GiveUp => None,
    };
    send.retry(pauses)
        .when(|error| asked(error).is_some())
        .adjust(|error, pause| pause.map(|pause| pause.max(asked(error).unwrap_or_default())))
        .await
}
