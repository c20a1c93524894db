//! Commands on a run started earlier: wait for it, cancel it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout_at;

use super::{RunEnd, Session};
use crate::loadforge::candidates::{RunCandidates, place};
use crate::loadforge::event::Event;
use crate::loadforge::recorder::Recorder;
use crate::loadforge::resolved_test::{host_of, settings};
use crate::loadforge::session_error::SessionError;
use crate::loadforge::stopping::stop_run;
use crate::results::{Build, Engine, Fingerprint, ResultsFolder, RunRecord, RunState, StateChange};

/// Time allowed to cancel a run, and to see that it is.
const CANCEL_LIMIT: Duration = Duration::from_secs(45);

/// A run to wait for.
#[derive(Debug, Clone, Default)]
pub struct WaitPlan {
    /// The run; the recorded one when left out.
    pub run_id: Option<u64>,
    /// How long load is sent, where the record does not say.
    pub duration: Option<Duration>,
    /// Time allowed for everything.
    pub timeout: Duration,
    /// Where the load comes from, where the record does not say.
    pub engine: Engine,
    /// The build that asks: that of the run, where the record does not say.
    pub build: Build,
}

impl Session<'_> {
    /// Follows and collects a run started earlier.
    ///
    /// # Errors
    /// When there is none, or it cannot be followed or collected.
    pub async fn wait(&mut self, plan: &WaitPlan) -> Result<RunEnd, SessionError> {
        self.with_signs_of_life(async |session| session.wait_until_over(plan).await).await
    }

    async fn wait_until_over(&mut self, plan: &WaitPlan) -> Result<RunEnd, SessionError> {
        let deadline = self.deadline(plan.timeout);
        let folder = self.folder.clone();
        let finding = async |session: &mut Session<'_>| {
            let found = timeout_at(deadline, session.find_run(plan)).await;
            found.map_err(|_| SessionError::NotFoundInTime)?
        };
        let (record, run_id) = self.unless_stopped(finding).await?;
        let expected = record.fingerprint.duration_s.map(Duration::from_secs).or(plan.duration).unwrap_or_default();
        let mut recorder = Recorder::new(&folder, record);
        recorder.record.detached = false;
        recorder.record.failure = None;
        if recorder.record.run_id.is_none() {
            self.started(&mut recorder, run_id);
        }
        recorder.save()?;
        let end = self.follow(&mut recorder, run_id, expected, false, deadline).await;
        self.delete_test(&mut recorder).await;
        end
    }

    /// Cancels a run: the one named, or the recorded one, also when its start was unclear. Tells which it was.
    ///
    /// # Errors
    /// When there is none, or it cannot be cancelled.
    pub async fn cancel(&mut self, run_id: Option<u64>) -> Result<u64, SessionError> {
        let cancelling = async |session: &mut Session<'_>| session.cancel_found(run_id).await;
        self.with_signs_of_life(async |session| session.unless_stopped(cancelling).await).await
    }

    async fn cancel_found(&mut self, run_id: Option<u64>) -> Result<u64, SessionError> {
        let folder = self.folder.clone();
        let old: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
        let here = self.client.url().to_string();
        let is_it = |record: &RunRecord| run_id.is_none() || record.run_id == run_id && record.is_at(&here);
        let Some(record) = old.filter(is_it) else {
            let run_id = run_id.ok_or(SessionError::NothingRecorded)?;
            self.cancel_or_over(run_id).await?;
            return Ok(run_id);
        };
        let mut recorder = Recorder::new(&folder, record);
        let run_id = match (recorder.record.run_id, &recorder.record.intent) {
            (Some(run_id), _) => run_id,
            (None, Some(intent)) => {
                let own_test = recorder.record.ephemeral;
                let found = RunCandidates::find(&self.client, intent, None).await?;
                let found = found.single(&self.client, intent, own_test)?.ok_or(SessionError::NothingRecorded)?;
                self.started(&mut recorder, found);
                found
            }
            (None, None) => {
                // A kill between making a test and starting its run leaves the test alone.
                self.delete_test(&mut recorder).await;
                return Err(SessionError::NothingRecorded);
            }
        };
        let state = match recorder.record.state().filter(|state| state.is_end()) {
            Some(state) => {
                self.observer.event(&Event::Notice(format!("run {run_id} is over already: {state}")));
                state
            }
            None => match self.cancel_or_over(run_id).await {
                Ok(state) => state,
                Err(error) => {
                    self.delete_test(&mut recorder).await;
                    return Err(error);
                }
            },
        };
        recorder.state(state, self.observer);
        self.delete_test(&mut recorder).await;
        Ok(run_id)
    }

    /// The run to wait for and its record.
    async fn find_run(&mut self, plan: &WaitPlan) -> Result<(RunRecord, u64), SessionError> {
        let old: Option<RunRecord> = self.folder.read_json_if_there(ResultsFolder::RUN)?;
        let here = self.client.url().to_string();
        let is_it = |record: &RunRecord| plan.run_id.is_none() || record.run_id == plan.run_id && record.is_at(&here);
        let old = old.filter(is_it);
        Ok(match (old, plan.run_id) {
            (Some(record), None) => match (record.run_id, record.intent.clone()) {
                (Some(run_id), _) => (record, run_id),
                (None, Some(intent)) => {
                    self.observer.event(&Event::Adopted { run_id: None });
                    let found = RunCandidates::find(&self.client, &intent, None).await?;
                    let run_id = found.single(&self.client, &intent, record.ephemeral)?;
                    let run_id = run_id.ok_or(SessionError::NothingRecorded)?;
                    (record, run_id)
                }
                (None, None) => return Err(SessionError::NothingRecorded),
            },
            (Some(record), Some(run_id)) => (record, run_id),
            (None, Some(run_id)) => {
                self.set_aside()?;
                (self.record_of(run_id, plan).await?, run_id)
            }
            (None, None) => return Err(SessionError::NothingRecorded),
        })
    }

    /// Cancels a run, or accepts that it has ended already; returns its state.
    async fn cancel_or_over(&mut self, run_id: u64) -> Result<RunState, SessionError> {
        match stop_run(&self.client, run_id, CANCEL_LIMIT).await {
            Ok(RunState::Cancelled) => {
                self.observer.event(&Event::Cancelled { run_id });
                Ok(RunState::Cancelled)
            }
            Ok(state) => {
                self.observer.event(&Event::Notice(format!("run {run_id} is over already: {state}")));
                Ok(state)
            }
            Err(cause) => Err(SessionError::NotCancelled { run_id, place: place(&self.client, run_id), cause }),
        }
    }

    /// A record for a run that was started elsewhere.
    async fn record_of(&mut self, run_id: u64, plan: &WaitPlan) -> Result<RunRecord, SessionError> {
        let row = self.client.result(run_id).await?;
        let tests = match row.test_id {
            Some(_) => self.client.tests().await.unwrap_or_default(),
            None => Vec::new(),
        };
        let test = tests.into_iter().find(|test| Some(test.id) == row.test_id);
        let mut fingerprint = Fingerprint::default();
        if let Some(test) = &test {
            let host = host_of(&self.client, test, self.observer).await;
            fingerprint = settings(test, host.as_ref());
        }
        fingerprint.engine = plan.engine;
        fingerprint.test = row.test_id.map(|id| id.to_string()).unwrap_or_default();
        let minutes = row.duration_min.filter(|minutes| *minutes > 0.0 && *minutes < 1e6);
        fingerprint.duration_s = minutes
            .map(|minutes| (minutes * 60.0).round() as u64)
            .or_else(|| plan.duration.map(|duration| duration.as_secs_f64().round() as u64));
        let label = test.map(|test| test.name).filter(|name| !name.is_empty());
        let test = label.unwrap_or_else(|| format!("run {run_id}"));
        Ok(RunRecord {
            test_id: row.test_id,
            run_id: Some(run_id),
            monitor_url: self.client.url().monitor(run_id),
            states: row.state().map(|state| StateChange { state, at: Timestamp::now() }).into_iter().collect(),
            ..RunRecord::new(self.identity(plan.engine, &plan.build), test, fingerprint)
        })
    }
}
