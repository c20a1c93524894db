//! From a started run to its results, or to its being cancelled.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{RunEnd, RunOutcome, STOP_LIMIT, Session};
use crate::error::chain;
use crate::loadforge::candidates::place;
use crate::loadforge::collect;
use crate::loadforge::event::Event;
use crate::loadforge::follow::{Ended, Follow};
use crate::loadforge::recorder::Recorder;
use crate::loadforge::session_error::SessionError;
use crate::loadforge::stopping::stop_run;
use crate::loadforge::wire::ResultRow;
use crate::results::{Results, RunState};

/// Time allowed to cancel a run after the overall timeout, and to see that it is.
const CANCEL_LIMIT: Duration = Duration::from_secs(12);

/// Time allowed after the overall timeout for everything but deleting a test.
const CLOSING_TIME: Duration = Duration::from_secs(24);

/// Looks, a second apart, for the results of a run that is being stopped.
const STOPPING_LOOKS: u32 = 8;

impl Session<'_> {
    pub(super) async fn follow(
        &mut self,
        recorder: &mut Recorder<'_>,
        run_id: u64,
        expected: Duration,
        fresh: bool,
        deadline: Instant,
    ) -> Result<RunEnd, SessionError> {
        let follow = Follow { client: &self.client, run_id, expected, fresh, deadline };
        let closing = deadline + CLOSING_TIME;
        match follow.until_over(recorder, self.observer, &mut self.stop).await {
            Ended::Over { state, row } => {
                let message = row.message.as_deref().map(|message| self.client.redact(message));
                let state = recorder.record.end_state(state);
                let ends_itself = recorder.record.ends_itself();
                let problems = collect::problems(&self.client, &row);
                let message = message.or_else(|| problems.first().map(|problem| problem.message.clone()));
                recorder.record.end_message.clone_from(&message);
                recorder.try_save(self.observer);
                let outcome =
                    if state == RunState::Finished { RunOutcome::Finished } else { RunOutcome::Incomplete(state) };
                self.stop_twins(recorder, run_id).await;
                let collecting = async {
                    let mut row = if state == RunState::Finished {
                        collect::with_csv(&self.client, run_id, *row, closing).await
                    } else {
                        *row
                    };
                    if outcome != RunOutcome::Finished && !row.has_numbers() {
                        collect::write_log(&self.client, recorder.folder(), &mut row)?;
                        return Ok(None);
                    }
                    collect::collect(&self.client, recorder.folder(), row, state, ends_itself, closing).await.map(Some)
                };
                let (signal, collected) = self.stop.finish(STOP_LIMIT, collecting).await;
                let results = collected.transpose()?.flatten();
                if let Some(results) = &results {
                    self.collected(recorder, results);
                }
                let outcome = signal.map_or(outcome, RunOutcome::Stopped);
                // What was collected holds its problems itself.
                let problems = if results.is_some() { Vec::new() } else { problems };
                Ok(RunEnd { results, message, problems, ..RunEnd::of(outcome, Some(run_id)) })
            }
            Ended::Stopped(signal) => {
                let cancelled = self.cancel_because(recorder, run_id, signal.name(), STOP_LIMIT).await;
                Ok(RunEnd { cancelled, ..RunEnd::of(RunOutcome::Stopped(signal), Some(run_id)) })
            }
            Ended::TimedOut { outage } => {
                let limit = CANCEL_LIMIT.min(closing.saturating_duration_since(Instant::now()));
                let cancelled = self.cancel_because(recorder, run_id, "the overall timeout passed", limit).await;
                self.stop_twins(recorder, run_id).await;
                if let (false, Some(cause)) = (cancelled, outage) {
                    return Err(SessionError::Unreachable { run_id, place: place(&self.client, run_id), cause });
                }
                let last = self.last_results(recorder, run_id, closing);
                let results = timeout_at(closing, last).await.ok().flatten();
                Ok(RunEnd { results, cancelled, ..RunEnd::of(RunOutcome::TimedOut, Some(run_id)) })
            }
            Ended::Refused { error, heard: false } => {
                let place = place(&self.client, run_id);
                Err(SessionError::LostSight { run_id, place, cancelled: false, cause: Box::new(error) })
            }
            Ended::Refused { error, heard: true } => {
                let why = format!("the service refuses to show it ({error})");
                let limit = CANCEL_LIMIT.min(closing.saturating_duration_since(Instant::now()));
                let cancelled = self.cancel_because(recorder, run_id, &why, limit).await;
                self.stop_twins(recorder, run_id).await;
                let place = place(&self.client, run_id);
                Err(SessionError::LostSight { run_id, place, cancelled, cause: Box::new(error) })
            }
        }
    }

    /// What a run measured until it was cancelled, if the service reports it.
    async fn last_results(&mut self, recorder: &mut Recorder<'_>, run_id: u64, until: Instant) -> Option<Results> {
        let mut row = self.client.result(run_id).await.ok()?;
        for _ in 0..STOPPING_LOOKS {
            if row.state().is_some_and(RunState::is_end) {
                break;
            }
            sleep(self.client.pace().of(Duration::from_secs(1))).await;
            row = self.client.result(run_id).await.unwrap_or(row);
        }
        let row = Some(row).filter(ResultRow::has_numbers)?;
        let results =
            collect::collect(&self.client, recorder.folder(), row, RunState::Cancelled, false, until).await.ok()?;
        self.collected(recorder, &results);
        Some(results)
    }

    fn collected(&mut self, recorder: &mut Recorder<'_>, results: &Results) {
        recorder.record.collected = true;
        recorder.try_save(self.observer);
        self.observer.event(&Event::Collected {
            requests: results.total.requests,
            failures: (!results.total.failures_unknown).then_some(results.total.failures),
            endpoints: results.endpoints.len(),
        });
        for note in &results.notes {
            self.observer.event(&Event::Warning(note.clone()));
        }
    }

    pub(super) fn started(&mut self, recorder: &mut Recorder<'_>, run_id: u64) {
        let monitor_url = self.client.url().monitor(run_id);
        recorder.started(run_id, monitor_url.clone(), self.observer);
        self.observer.event(&Event::Started { run_id, monitor_url });
    }

    /// Cancels within a time limit; true when the service shows it as cancelled.
    pub(super) async fn cancel_because(
        &mut self,
        recorder: &mut Recorder<'_>,
        run_id: u64,
        why: &str,
        limit: Duration,
    ) -> bool {
        self.observer.event(&Event::Cancelling { run_id, why: why.to_owned() });
        match stop_run(&self.client, run_id, limit).await {
            Ok(RunState::Cancelled) => {
                recorder.state(RunState::Cancelled, self.observer);
                self.observer.event(&Event::Cancelled { run_id });
                true
            }
            Ok(state) => {
                recorder.state(state, self.observer);
                self.observer.event(&Event::Notice(format!("run {run_id} is over already: {state}")));
                false
            }
            Err(error) => {
                let monitor_url = self.client.url().monitor(run_id);
                self.observer.event(&Event::NotCancelled { run_id, monitor_url, cause: chain(&error) });
                false
            }
        }
    }
}
