//! Starting exactly one run. The service knows no idempotency key: the runs known before are noted first, and when a
//! start's outcome is unclear the runs are listed and the new one is taken.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::candidates::{RunCandidates, place};
use super::client::Client;
use super::error::ApiError;
use super::event::{Event, Observer};
use super::resend::decide;
use super::retry::{Repeat, RetryDecision};
use super::session_error::SessionError;
use crate::results::{Intent, StartApi};

/// The most start requests sent for one run, each only after the one before certainly started nothing.
const MOST_SENDS: u32 = 3;

/// Maximum number of attempts while the service answers "not now" or no connection is made.
const MOST_DELAYS: u32 = 6;

/// Pauses before each look for a run whose start is unclear. A started run is listed at once, but a gateway that gave up
/// waiting may still be handing the request on: together they are a minute.
const LOOK_PAUSES: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// The most refused looks.
const MOST_REFUSALS: u32 = 5;

/// The time for a last look when the overall timeout has passed.
const LAST_LOOK: Duration = Duration::from_secs(8);

/// The time for a look when the service refused the start.
const REFUSED_LOOK: Duration = Duration::from_secs(40);

/// A start to be made.
pub(super) struct Start<'a> {
    pub(super) client: &'a Client,
    pub(super) test_id: u64,
    /// Whether the test was made for this run alone, so that every run of it is ours.
    pub(super) own_test: bool,
    pub(super) minutes: f64,
    pub(super) api: StartApi,
    pub(super) env: &'a [(String, SecretString)],
    /// When to give up.
    pub(super) deadline: Instant,
}

/// A run that exists.
pub(super) struct StartedRun {
    pub(super) run_id: u64,
    /// Whether a request for it may have started another one as well.
    pub(super) may_have_twin: bool,
}

impl Start<'_> {
    /// The current state, recorded before the request.
    pub(super) async fn intent(&self) -> Result<Intent, ApiError> {
        let known_runs = self.client.results().await?.into_iter().filter_map(|row| row.id).collect();
        Ok(Intent { at: Timestamp::now(), test_id: self.test_id, known_runs })
    }

    /// Starts the run. Ends a moment after the deadline at the latest, and then too with the run that was started, so
    /// that it can be cancelled.
    pub(super) async fn run(&self, intent: &Intent, observer: &mut dyn Observer) -> Result<StartedRun, SessionError> {
        let (mut sends, mut delays) = (0, 0);
        loop {
            let error = match self.send(intent).await {
                Ok(run_id) => return Ok(StartedRun { run_id, may_have_twin: sends > 0 }),
                Err(error) => error,
            };
            match decide(&error, Repeat::Once) {
                RetryDecision::Retry { at_least } => {
                    let pause = self.client.pace().of(Duration::from_secs(1) * 2_u32.pow(delays)).max(at_least);
                    delays += 1;
                    let is_last = delays == MOST_DELAYS || Instant::now() + pause >= self.deadline;
                    // An answer is a refusal; before another request it is made sure of where that can be.
                    if error.status().is_some() && (is_last || self.own_test) {
                        let found = self.in_spite_of_refusal(intent, observer).await;
                        if let Some(run_id) = found {
                            return Ok(StartedRun { run_id, may_have_twin: true });
                        }
                    }
                    if is_last {
                        return Err(error.into());
                    }
                    observer.event(&Event::StartDelayed { cause: error.to_string(), pause });
                    sleep(pause).await;
                }
                RetryDecision::LookFirst => {
                    sends += 1;
                    observer.event(&Event::StartUnclear { cause: error.to_string() });
                    if let Some(run_id) = self.resolve(intent).await? {
                        return Ok(StartedRun { run_id, may_have_twin: true });
                    }
                    if Instant::now() >= self.deadline {
                        return Err(self.maybe_started(&error));
                    }
                    observer.event(&Event::NotStarted);
                    let may_help = matches!(decide(&error, Repeat::Safe), RetryDecision::Retry { .. });
                    if !may_help || sends == MOST_SENDS {
                        return Err(error.into());
                    }
                }
                RetryDecision::Done | RetryDecision::GiveUp => {
                    return match self.in_spite_of_refusal(intent, observer).await {
                        Some(run_id) => Ok(StartedRun { run_id, may_have_twin: true }),
                        None => Err(error.into()),
                    };
                }
            }
        }
    }

    async fn send(&self, intent: &Intent) -> Result<u64, ApiError> {
        let call = || format!("start a run of test {}", self.test_id);
        let sending = async {
            match self.api {
                StartApi::V2 => self.client.start_run(self.test_id, self.minutes).await,
                StartApi::V1 => self.client.start_run_v1(self.test_id, self.minutes, self.env).await,
            }
        };
        match timeout_at(self.deadline, sending).await {
            Ok(Ok(old)) if intent.known_runs.contains(&old) => {
                let problem = format!("it names run {old}, which was there before");
                Err(ApiError::Unreadable { call: call(), problem })
            }
            Ok(sent) => sent,
            Err(_) => Err(ApiError::out_of_time(call())),
        }
    }

    /// Looks for the run of an unclear start, several times, through outages, until the deadline and a moment longer.
    ///
    /// # Errors
    /// When it cannot be known whether there is one, or which one it is.
    pub(super) async fn resolve(&self, intent: &Intent) -> Result<Option<u64>, SessionError> {
        match timeout_at(self.deadline, self.look_again(intent)).await {
            Ok(found) => found,
            Err(_) => self.last_look(intent).await,
        }
    }

    async fn look_again(&self, intent: &Intent) -> Result<Option<u64>, SessionError> {
        let (mut looks, mut refusals) = (0, 0);
        let mut doubt = None;
        while let Some(pause) = LOOK_PAUSES.get(looks) {
            sleep(self.client.pace().of(*pause)).await;
            match self.look(intent).await {
                Ok(Some(run_id)) => return Ok(Some(run_id)),
                Ok(None) => looks += 1,
                // An unanswered request proves nothing: only a list without the run shows that there is none.
                Err(SessionError::Api(error))
                    if matches!(decide(&error, Repeat::Safe), RetryDecision::Retry { .. }) => {}
                Err(SessionError::Api(_)) if refusals < MOST_REFUSALS => refusals += 1,
                Err(SessionError::Api(error)) => return Err(self.maybe_started(&error)),
                // Ours may be listed a moment later than somebody else's.
                Err(error) => {
                    doubt = Some(error);
                    looks += 1;
                }
            }
        }
        doubt.map_or(Ok(None), Err)
    }

    /// Looks once.
    pub(super) async fn look(&self, intent: &Intent) -> Result<Option<u64>, SessionError> {
        let found = RunCandidates::find(self.client, intent, Some(self.minutes)).await?;
        found.single(self.client, intent, self.own_test)
    }

    /// Looks for a moment after the overall timeout.
    async fn last_look(&self, intent: &Intent) -> Result<Option<u64>, SessionError> {
        let looking = async {
            loop {
                match self.look(intent).await {
                    Ok(None) | Err(SessionError::Api(_)) => sleep(self.client.pace().of(Duration::from_secs(1))).await,
                    found => return found,
                }
            }
        };
        match timeout(LAST_LOOK, looking).await {
            Ok(found) => found,
            Err(_) => Ok(None),
        }
    }

    /// A look after a definite no: what was refused should not be there. A run of a test of our own is taken all the
    /// same; one of a saved test may be another pipeline's and is only named.
    async fn in_spite_of_refusal(&self, intent: &Intent, observer: &mut dyn Observer) -> Option<u64> {
        let looking = async {
            loop {
                match RunCandidates::find(self.client, intent, Some(self.minutes)).await {
                    Ok(found) => return found,
                    Err(_) => sleep(self.client.pace().of(Duration::from_secs(1))).await,
                }
            }
        };
        let now = Instant::now();
        let until = self.deadline.min(now + REFUSED_LOOK).max(now + LAST_LOOK);
        let found = timeout_at(until, looking).await.ok()?;
        if self.own_test
            && let Some(run_id) = found.of_test.first()
        {
            return Some(*run_id);
        }
        for run_id in found.of_test.iter().chain(&found.of_unknown_test) {
            observer.event(&Event::Warning(format!(
                "the service refused the start, but {} has appeared since; if no other pipeline started it, use `cancel \
                 --run-id {run_id}`",
                place(self.client, *run_id)
            )));
        }
        None
    }

    fn maybe_started(&self, cause: &ApiError) -> SessionError {
        SessionError::MaybeStarted { test_id: self.test_id, cause: cause.to_string() }
    }
}
