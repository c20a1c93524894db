//! From a started run to its results, or to its being cancelled.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{RunEnd, RunOutcome, STOP_LIMIT, Session};
use crate::error::chain;
use crate::loadforge::candidates::place;
use crate::loadforge::collect::{self, RunEnding};
use crate::loadforge::event::Event;
use crate::loadforge::follow::{Ended, Follow};
use crate::loadforge::recorder::Recorder;
use crate::loadforge::session_error::SessionError;
use crate::loadforge::stopping::stop_run;
use crate::loadforge::wire::ResultRow;
use crate::results::{EarlyStop, Results, RunState};

/// Time allowed to cancel a run after the overall timeout, and to see that it is.
const CANCEL_LIMIT: Duration = Duration::from_secs(12);

/// Time allowed after the overall timeout for everything but deleting a test.
const CLOSING_TIME: Duration = Duration::from_secs(24);

/// Time allowed to collect what a run measured that was stopped early.
const LAST_RESULTS_LIMIT: Duration = Duration::from_secs(20);

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
        let live_line = self.live_line;
        let follow = Follow { client: &self.client, run_id, expected, fresh, deadline, live_line };
        let closing = deadline + CLOSING_TIME;
        let stages = recorder.record.fingerprint.stages.clone();
        // An earlier process was killed while it stopped the run.
        if let Some(stop) = recorder.record.early_stop.clone() {
            return Ok(self.stop_early(recorder, run_id, stop, None, closing).await);
        }
        match follow.until_over(recorder, self.observer, &mut self.stop, &mut *self.watch).await {
            Ended::Hit { stop, row } => Ok(self.stop_early(recorder, run_id, stop, Some(*row), closing).await),
            Ended::Over { state, row } => {
                let message = row.message.as_deref().map(|message| self.client.redact(message));
                let state = recorder.record.end_state(state);
                let ends_itself = recorder.record.recipe.as_ref().is_some_and(|recipe| recipe.local.ends_itself);
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
                    let ending = RunEnding { state, ends_itself, stages: &stages, early_stop: None };
                    collect::collect(&self.client, recorder.folder(), row, &ending, closing).await.map(Some)
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
                let ending =
                    RunEnding { state: RunState::Cancelled, ends_itself: false, stages: &stages, early_stop: None };
                let last = self.last_results(recorder, run_id, None, &ending, closing);
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

    /// Cancels a run whose stop rule was hit, and collects what it measured until then; `seen` is its last row.
    async fn stop_early(
        &mut self,
        recorder: &mut Recorder<'_>,
        run_id: u64,
        stop: EarlyStop,
        seen: Option<ResultRow>,
        closing: Instant,
    ) -> RunEnd {
        recorder.record.early_stop = Some(stop.clone());
        recorder.try_save(self.observer);
        let words = format!("{stop}, {}, which saves {}", stop.when(), stop.saved());
        self.observer.event(&Event::StopRuleHit { run_id, stop: stop.clone() });
        let limit = CANCEL_LIMIT.min(closing.saturating_duration_since(Instant::now()));
        let cancelled = self.cancel_because(recorder, run_id, &stop.to_string(), limit).await;
        self.stop_twins(recorder, run_id).await;
        let until = closing.min(Instant::now() + LAST_RESULTS_LIMIT);
        let stages = recorder.record.fingerprint.stages.clone();
        let ending =
            RunEnding { state: RunState::Cancelled, ends_itself: true, stages: &stages, early_stop: Some(&stop) };
        let last = self.last_results(recorder, run_id, seen, &ending, until);
        let results = timeout_at(until, last).await.ok().flatten();
        let message = Some(words);
        RunEnd { results, cancelled, message, ..RunEnd::of(RunOutcome::StoppedEarly, Some(run_id)) }
    }

    /// What a run measured until it was cancelled, if the service reports it; else what was `seen` of it last.
    async fn last_results(
        &mut self,
        recorder: &mut Recorder<'_>,
        run_id: u64,
        seen: Option<ResultRow>,
        ending: &RunEnding<'_>,
        until: Instant,
    ) -> Option<Results> {
        let mut row = match (self.client.result(run_id).await, &seen) {
            (Ok(row), _) => row,
            (Err(_), Some(seen)) => seen.clone(),
            (Err(_), None) => return None,
        };
        for _ in 0..STOPPING_LOOKS {
            if row.state().is_some_and(RunState::is_end) {
                break;
            }
            sleep(self.client.pace().of(Duration::from_secs(1))).await;
            row = self.client.result(run_id).await.unwrap_or(row);
        }
        let row = Some(row).filter(ResultRow::has_numbers).or(seen)?;
        let results = collect::collect(&self.client, recorder.folder(), row, ending, until).await.ok()?;
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
