//! After a call that made something, or did not: nobody knows until it is looked up.

use std::time::Duration;

use tokio::time::sleep;

use super::client::Client;
use super::error::ApiError;
use super::resend::decide;
use super::retry::{Repeat, RetryDecision};

/// Waits a moment after an error that leaves hope: looking whether the thing was made, or trying again. Passes on the
/// others.
pub(super) async fn unclear(client: &Client, error: ApiError) -> Result<(), ApiError> {
    let at_least = match decide(&error, Repeat::Once) {
        RetryDecision::Retry { at_least } => at_least,
        RetryDecision::LookFirst => Duration::ZERO,
        RetryDecision::Done | RetryDecision::GiveUp => return Err(error),
    };
    sleep(client.pace().of(Duration::from_secs(1)).max(at_least)).await;
    Ok(())
}
