//! Starting exactly one run. The service knows no idempotency key: the runs known before are noted first, and when a
//! start's outcome is unclear the runs are listed and the new one is taken.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::error::ApiError;
use super::event::{Event, Observer};
use super::resend::decide;
use super::retry::{Repeat, RetryDecision};
use super::session_error::SessionError;
use super::wire::ResultRow;
use crate::results::{Intent, StartApi};

/// The most start requests sent for one run, each only after the one before certainly started nothing.
const MOST_SENDS: u32 = 3;

/// The most tries while the service says "not now" or no connection is made.
const MOST_DELAYS: u32 = 6;

/// Pauses before each look for a run whose start is unclear; a started run is listed at once.
const LOOK_PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// How far the service's clock may differ from ours before a run counts as begun earlier.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(10);

/// A start to be made.
pub(super) struct Start<'a> {
    pub(super) client: &'a Client,
    pub(super) test_id: u64,
    pub(super) minutes: f64,
    pub(super) api: StartApi,
    pub(super) env: &'a [(String, SecretString)],
    /// When to give up.
    pub(super) deadline: Instant,
}

impl Start<'_> {
    /// What is known right now, to be written down before the request.
    pub(super) async fn intent(&self) -> Result<Intent, ApiError> {
        let known_runs = self.client.results().await?.into_iter().filter_map(|row| row.id).collect();
        Ok(Intent { at: Timestamp::now(), test_id: self.test_id, known_runs })
    }

    /// Starts the run and tells its id.
    pub(super) async fn run(&self, intent: &Intent, observer: &mut dyn Observer) -> Result<u64, SessionError> {
        let (mut sends, mut delays) = (0, 0);
        loop {
            let error = match self.send().await {
                Ok(run_id) => return Ok(run_id),
                Err(error) => error,
            };
            match decide(&error, Repeat::Once) {
                RetryDecision::Retry { at_least } => {
                    let pause = self.client.pace().of(Duration::from_secs(1) * 2_u32.pow(delays)).max(at_least);
                    delays += 1;
                    if delays == MOST_DELAYS || Instant::now() + pause >= self.deadline {
                        return Err(error.into());
                    }
                    observer.event(&Event::StartDelayed { cause: error.to_string(), pause });
                    sleep(pause).await;
                }
                RetryDecision::LookFirst => {
                    sends += 1;
                    observer.event(&Event::StartUnclear { cause: error.to_string() });
                    if let Some(run_id) = self.resolve(intent).await? {
                        return Ok(run_id);
                    }
                    observer.event(&Event::NotStarted);
                    if sends == MOST_SENDS || Instant::now() >= self.deadline {
                        return Err(error.into());
                    }
                }
                RetryDecision::Done | RetryDecision::GiveUp => return Err(error.into()),
            }
        }
    }

    async fn send(&self) -> Result<u64, ApiError> {
        match self.api {
            StartApi::V2 => self.client.start_run(self.test_id, self.minutes).await,
            StartApi::V1 => self.client.start_run_v1(self.test_id, self.minutes, self.env).await,
        }
    }

    /// Looks for the run of an unclear start, several times, through outages, until the deadline.
    pub(super) async fn resolve(&self, intent: &Intent) -> Result<Option<u64>, SessionError> {
        let mut looks = 0;
        while let Some(pause) = LOOK_PAUSES.get(looks) {
            sleep(self.client.pace().of(*pause)).await;
            match self.look(intent).await {
                Ok(Some(run_id)) => return Ok(Some(run_id)),
                Ok(None) => looks += 1,
                // What is not answered is no look: only a list without the run tells that there is none.
                Err(SessionError::Api(error))
                    if matches!(decide(&error, Repeat::Safe), RetryDecision::Retry { .. })
                        && Instant::now() < self.deadline => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Looks once.
    pub(super) async fn look(&self, intent: &Intent) -> Result<Option<u64>, SessionError> {
        one(intent, Some(self.minutes), &self.client.results().await?)
    }
}

/// The one run that may have come of an intent; an error when there are several.
pub(super) fn one(intent: &Intent, minutes: Option<f64>, rows: &[ResultRow]) -> Result<Option<u64>, SessionError> {
    match candidates(intent, minutes, rows).as_slice() {
        [] => Ok(None),
        [run_id] => Ok(Some(*run_id)),
        several => Err(SessionError::Ambiguous { test_id: intent.test_id, runs: several.to_vec() }),
    }
}

/// The runs that may have come of an intent: not known before, not begun before, not of another test or length.
/// Fields that the service leaves out exclude nothing.
fn candidates(intent: &Intent, minutes: Option<f64>, rows: &[ResultRow]) -> Vec<u64> {
    rows.iter()
        .filter(|row| row.test_id.is_none_or(|test_id| test_id == intent.test_id))
        .filter(|row| {
            row.created_at.is_none_or(|at| at.saturating_add(CLOCK_DIFFERENCE).is_ok_and(|at| at >= intent.at))
        })
        .filter(|row| match (row.duration_min, minutes) {
            // A service may round a fraction of a minute, but not whole ones.
            (Some(row), Some(asked)) if asked.fract() == 0.0 => (row - asked).abs() < 0.5,
            _ => true,
        })
        .filter_map(|row| row.id)
        .filter(|run_id| !intent.known_runs.contains(run_id))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(rows: serde_json::Value) -> Vec<u64> {
        let intent = Intent { at: "2026-11-22T10:00:00Z".parse().unwrap(), test_id: 4, known_runs: vec![1, 2] };
        let rows: Vec<_> = rows.as_array().unwrap().iter().cloned().map(ResultRow::read).collect();
        candidates(&intent, Some(5.0), &rows)
    }

    #[test]
    fn only_a_run_that_can_have_come_of_the_start_is_taken() {
        assert_eq!(found(json!([{"id": 1}, {"id": 2}])), Vec::<u64>::new());
        assert_eq!(found(json!([{"id": 3}, {"id": 2}])), [3], "new, although the row says no more");
        assert_eq!(
            found(json!([{"id": 3, "test_id": 5}, {"id": 6, "test_id": 4}])),
            [6],
            "the other is another test's"
        );
        assert_eq!(found(json!([{"id": 3, "created_at": "2026-11-22T09:40:00.000000Z"}])), Vec::<u64>::new());
        assert_eq!(found(json!([{"id": 3, "created_at": "2026-11-22T09:55:00.000000Z"}])), [3], "clocks differ");
        assert_eq!(found(json!([{"id": 3, "duration": 10}, {"id": 5, "duration": "5"}])), [5]);
        assert_eq!(found(json!([{"id": 3}, {"id": 5}])), [3, 5]);
    }
}
