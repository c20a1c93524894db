//! When to ask GitHub again, and for how long to wait in all.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::error::{GithubError, RetryAdvice};
use super::patience::Patience;
use crate::text::duration;

/// Waits between requests, within the budget of one connection.
#[derive(Debug)]
pub(super) struct Pacer {
    pub(super) patience: Patience,
    waited: Mutex<Duration>,
}

impl Pacer {
    pub(super) const fn new(patience: Patience) -> Self {
        Self { patience, waited: Mutex::new(Duration::ZERO) }
    }

    /// Waits as long as this error asks for, or returns it when waiting does not help or takes too long.
    pub(super) async fn pause(&self, error: GithubError, tried: u32) -> Result<(), GithubError> {
        let wait = match error.again() {
            RetryAdvice::Never => return Err(error),
            RetryAdvice::Soon => jittered(self.patience.pause * 2_u32.pow(tried.saturating_sub(1).min(6))),
            RetryAdvice::After { wait, certain } => match self.afford(wait, certain) {
                Some(wait) => {
                    tracing::info!("GitHub's rate limit: waiting {}", duration(wait));
                    wait
                }
                None => return Err(error),
            },
        };
        tracing::debug!(wait_ms = wait.as_millis(), %error, "asking GitHub again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Takes a wait out of the budget for rate limits. Where the wait is only a guess, what is left of the budget is
    /// worth a try.
    fn afford(&self, wait: Duration, certain: bool) -> Option<Duration> {
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.patience.rate_limit.saturating_sub(*waited);
        let wait = if certain { Some(wait).filter(|wait| *wait <= left) } else { Some(wait.min(left)) };
        let wait = wait.filter(|wait| !wait.is_zero())?;
        *waited += wait;
        Some(wait)
    }
}

/// Between half of it and all of it, so that two jobs that failed together do not ask together again.
pub(super) fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guessed_wait_takes_what_is_left_and_a_certain_one_only_what_is_enough() {
        let secs = Duration::from_secs;
        let pacer = Pacer::new(Patience::default());
        assert_eq!(pacer.afford(secs(60), false), Some(secs(60)));
        assert_eq!(pacer.afford(secs(31), true), None);
        assert_eq!(pacer.afford(secs(60), false), Some(secs(30)), "30 s of 90 s are left");
        assert_eq!(pacer.afford(secs(60), false), None);
        assert_eq!(Pacer::new(Patience::default()).afford(secs(72), true), Some(secs(72)));
    }
}
