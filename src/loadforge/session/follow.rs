//! From a started run to its results, or to its being cancelled.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{RunEnd, RunOutcome, STOP_LIMIT, Session};
use crate::error::chain;
use crate::loadforge::collect;
use crate::loadforge::event::Event;
use crate::loadforge::follow::{Ended, Follow};
use crate::loadforge::recorder::Recorder;
use crate::loadforge::session_error::SessionError;
use crate::loadforge::wire::ResultRow;
use crate::results::{Results, RunState};

/// Time allowed to collect what a run measured that was cancelled by the overall timeout.
const LAST_COLLECT_LIMIT: Duration = Duration::from_secs(20);

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
        match follow.until_over(recorder, self.observer, &mut self.stop).await? {
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
                let collecting = async {
                    let mut row = if state == RunState::Finished {
                        collect::with_csv(&self.client, run_id, *row).await
                    } else {
                        *row
                    };
                    if outcome != RunOutcome::Finished && !row.has_numbers() {
                        collect::write_log(&self.client, recorder.folder(), &mut row)?;
                        return Ok(None);
                    }
                    collect::collect(&self.client, recorder.folder(), row, state, ends_itself).await.map(Some)
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
                let cancelled = self.cancel_because(recorder, run_id, "the overall timeout passed", STOP_LIMIT).await;
                if let (false, Some(cause)) = (cancelled, outage) {
                    return Err(SessionError::Unreachable { run_id, cause });
                }
                let results = timeout(LAST_COLLECT_LIMIT, self.last_results(recorder, run_id)).await.ok().flatten();
                Ok(RunEnd { results, cancelled, ..RunEnd::of(RunOutcome::TimedOut, Some(run_id)) })
            }
        }
    }

    /// What a run measured until it was cancelled, if the service tells.
    async fn last_results(&mut self, recorder: &mut Recorder<'_>, run_id: u64) -> Option<Results> {
        let mut row = self.client.result(run_id).await.ok()?;
        for _ in 0..STOPPING_LOOKS {
            if row.state().is_some_and(RunState::is_end) {
                break;
            }
            sleep(self.client.pace().of(Duration::from_secs(1))).await;
            row = self.client.result(run_id).await.unwrap_or(row);
        }
        let row = Some(row).filter(ResultRow::has_numbers)?;
        let results = collect::collect(&self.client, recorder.folder(), row, RunState::Cancelled, false).await.ok()?;
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

    /// Cancels within a time limit; true when the service said yes.
    pub(super) async fn cancel_because(
        &mut self,
        recorder: &mut Recorder<'_>,
        run_id: u64,
        why: &str,
        limit: Duration,
    ) -> bool {
        self.observer.event(&Event::Cancelling { run_id, why: why.to_owned() });
        let cause = match timeout(limit, self.client.cancel_run(run_id)).await {
            Ok(Ok(())) => {
                recorder.state(RunState::Cancelled, self.observer);
                self.observer.event(&Event::Cancelled { run_id });
                return true;
            }
            Ok(Err(error)) => chain(&error),
            Err(_) => "the service took too long".to_owned(),
        };
        self.observer.event(&Event::NotCancelled { run_id, cause });
        false
    }
}
