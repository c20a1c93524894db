//! The way from a plan to collected results: start or adopt a run, follow it, collect, clean up.

mod clean_up;
mod end;
mod follow;
mod signs_of_life;
mod wait;

pub use end::{RunEnd, RunOutcome};
pub use wait::WaitPlan;

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout, timeout_at};

use super::adopt::{self, Adoption, Asked};
use super::client::Client;
use super::ephemeral;
use super::event::{Event, Observer};
use super::origin::BuildOrigin;
use super::plan::{RunPlan, ScriptFile};
use super::recorder::Recorder;
use super::resolved_test::{ResolvedTest, resolve};
use super::session_error::SessionError;
use super::start::{Start, StartedRun};
use super::stop::{Signal, StopSignals};
use super::watch::{NoWatch, RunWatch};
use crate::results::{Build, Engine, Intent, ResultsFolder, RunIdentity, RunRecord, TestSource};

/// Time allowed from a signal to the run's being cancelled.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// The part of it given to a start request that is under way.
const START_GRACE: Duration = Duration::from_millis(2500);

/// The part of it given to a look whether something cut off got through.
const QUICK_LOOK: Duration = Duration::from_secs(1);

/// Everything a command on a run needs.
pub struct Session<'a> {
    /// The client.
    pub client: Client,
    /// The results folder.
    pub folder: ResultsFolder,
    /// Receives the events of the session.
    pub observer: &'a mut dyn Observer,
    /// Who may ask to stop.
    pub stop: StopSignals,
    /// Whether progress has a line of its own, which the observer writes over.
    pub live_line: bool,
    /// Looks at the run while it goes on, and may end it.
    pub watch: Box<dyn RunWatch>,
    /// When the overall timeout of the plan passes, from the first thing done for it on.
    deadline: Option<Instant>,
}

impl<'a> Session<'a> {
    /// A session with this service, this results folder, and these two to talk to.
    pub fn new(client: Client, folder: ResultsFolder, observer: &'a mut dyn Observer, stop: StopSignals) -> Self {
        Self { client, folder, observer, stop, live_line: false, watch: Box::new(NoWatch), deadline: None }
    }
}

impl Session<'_> {
    /// Finds the test a plan means; its fingerprint names the host the load will go to, so that a guard can look at it
    /// before anything starts.
    ///
    /// # Errors
    /// When the plan cannot be carried out, the test does not exist, or the service cannot be reached or refuses.
    pub async fn resolve(&mut self, plan: &RunPlan) -> Result<ResolvedTest, SessionError> {
        let deadline = self.deadline(plan.timeout);
        let resolving = async |session: &mut Session<'_>| {
            let resolved = timeout_at(deadline, resolve(&session.client, plan, session.observer)).await;
            resolved.map_err(|_| SessionError::NotStartedInTime)?
        };
        self.with_signs_of_life(async |session| session.unless_stopped(resolving).await).await
    }

    /// The moment the overall timeout passes; the same for everything that is done for one plan.
    fn deadline(&mut self, timeout: Duration) -> Instant {
        *self.deadline.get_or_insert_with(|| deadline(timeout))
    }

    /// Starts the run, or takes up the one recorded in the results folder, follows it and collects its results.
    ///
    /// # Errors
    /// When it cannot be started, followed or collected. A run that did not complete is no error but an outcome.
    pub async fn run(&mut self, plan: &RunPlan, target: &ResolvedTest) -> Result<RunEnd, SessionError> {
        self.with_signs_of_life(async |session| session.start_or_adopt(plan, target).await).await
    }

    async fn start_or_adopt(&mut self, plan: &RunPlan, target: &ResolvedTest) -> Result<RunEnd, SessionError> {
        // The target host is not a secret, and reports name it.
        self.client.hide(plan.env.iter().filter(|(name, _)| name != "TARGET_HOST").map(|(_, value)| value));
        let deadline = self.deadline(plan.timeout);
        let old: Option<RunRecord> = self.folder.read_json_if_there(ResultsFolder::RUN)?;
        let api_url = self.client.url().to_string();
        let asked =
            Asked { engine: plan.engine, api_url: &api_url, build: &plan.build, fingerprint: &target.fingerprint };
        let folder = self.folder.clone();
        match (adopt::decide(old.as_ref(), &asked), old) {
            (Adoption::Collected { run_id }, Some(record)) => {
                self.clean_up_after(record).await;
                self.observer.event(&Event::Adopted { run_id: Some(run_id) });
                let results = folder.read_json(ResultsFolder::RESULTS)?;
                return Ok(RunEnd { results: Some(results), ..RunEnd::of(RunOutcome::Finished, Some(run_id)) });
            }
            (Adoption::Follow { run_id }, Some(record)) => {
                let asking = async |session: &mut Session<'_>| {
                    timeout_at(deadline, session.exists(run_id)).await.unwrap_or(Ok(true))
                };
                if self.unless_stopped(asking).await? {
                    self.observer.event(&Event::Adopted { run_id: Some(run_id) });
                    let recorder = Recorder::new(&folder, record);
                    return self.adopted(recorder, plan, run_id, deadline).await;
                }
                let reason = format!("the service does not know run {run_id} any more");
                self.observer.event(&Event::NotAdopted { reason });
                self.clean_up_after(record).await;
            }
            (Adoption::Resolve(intent), Some(record)) => {
                self.observer.event(&Event::Adopted { run_id: None });
                let looking =
                    async |session: &mut Self| session.look_for(&intent, record.ephemeral, plan, deadline).await;
                match self.unless_stopped(looking).await? {
                    Some(run_id) => {
                        let mut recorder = Recorder::new(&folder, record);
                        recorder.may_have_twin = true;
                        self.started(&mut recorder, run_id);
                        return self.adopted(recorder, plan, run_id, deadline).await;
                    }
                    None => {
                        self.observer.event(&Event::NotStarted);
                        self.clean_up_after(record).await;
                    }
                }
            }
            (Adoption::Fresh { reason }, old) => {
                if let Some(reason) = reason {
                    self.observer.event(&Event::NotAdopted { reason });
                }
                if let Some(record) = old {
                    self.clean_up_after(record).await;
                }
            }
            // The decision was made on the record.
            (_, None) => {}
        }
        self.fresh(plan, target, deadline).await
    }

    /// The identity of a run that this client starts for a build now.
    pub(super) fn identity(&self, engine: Engine, build: &Build) -> RunIdentity {
        let asked_at = Some(Timestamp::now());
        RunIdentity { build: build.clone(), asked_at, ..RunIdentity::new(engine, self.client.url().to_string()) }
    }

    /// Moves the previous run out of the results folder and logs it.
    pub(super) fn set_aside(&mut self) -> Result<(), SessionError> {
        if self.folder.set_aside()? {
            let (from, to) = (self.folder.path().display(), self.folder.previous());
            let text = format!("moved the run before from {from} to {}", to.path().display());
            self.observer.event(&Event::Notice(text));
        }
        Ok(())
    }

    /// Makes the test if need be, starts the run, follows it.
    async fn fresh(
        &mut self,
        plan: &RunPlan,
        target: &ResolvedTest,
        deadline: Instant,
    ) -> Result<RunEnd, SessionError> {
        self.set_aside()?;
        let folder = self.folder.clone();
        let identity = self.identity(plan.engine, &plan.build);
        let record = RunRecord {
            test_id: target.test_id,
            detached: plan.detach,
            recipe: Some(plan.recipe()),
            ..RunRecord::new(identity, target.label.clone(), target.fingerprint.clone())
        };
        let mut recorder = Recorder::new(&folder, record);
        recorder.save()?;
        let end = self.start_and_follow(&mut recorder, plan, deadline).await;
        if !matches!(&end, Ok(RunEnd { outcome: RunOutcome::Detached, .. })) {
            self.delete_test(&mut recorder).await;
        }
        end
    }

    async fn start_and_follow(
        &mut self,
        recorder: &mut Recorder<'_>,
        plan: &RunPlan,
        deadline: Instant,
    ) -> Result<RunEnd, SessionError> {
        if let TestSource::Script(script) = &plan.test
            && let Some(signal) = self.make_test(recorder, plan, script, deadline).await?
        {
            return Ok(RunEnd::of(RunOutcome::Stopped(signal), None));
        }
        let Some(test_id) = recorder.record.test_id else {
            return Err(SessionError::NothingRecorded);
        };
        let start = Start {
            client: &self.client,
            test_id,
            own_test: recorder.record.ephemeral,
            minutes: plan.minutes()?,
            api: plan.start_api,
            env: &plan.env,
            deadline,
        };
        self.observer.event(&Event::Starting {
            test: recorder.record.test.clone(),
            duration: plan.duration,
            host: recorder.record.fingerprint.host.clone(),
        });
        let (signal, intent) = self.stop.finish(Duration::ZERO, timeout_at(deadline, start.intent())).await;
        if let Some(signal) = signal {
            return Ok(RunEnd::of(RunOutcome::Stopped(signal), None));
        }
        let intent = intent.ok_or(SessionError::NotStartedInTime)?.map_err(|_| SessionError::NotStartedInTime)??;
        recorder.intend(intent.clone())?;
        let (signal, started) = self.stop.finish(START_GRACE, start.run(&intent, self.observer)).await;
        if let Some(signal) = signal {
            let found = match started {
                Some(Ok(started)) => Some(started.run_id),
                // Cut off in the middle: one quick look whether it got through.
                None => timeout(QUICK_LOOK, start.look(&intent)).await.ok().and_then(Result::ok).flatten(),
                Some(Err(_)) => None,
            };
            let Some(run_id) = found else {
                let message =
                    format!("a run of test {test_id} may have been started; running again here continues with it");
                return Ok(RunEnd { message: Some(message), ..RunEnd::of(RunOutcome::Stopped(signal), None) });
            };
            self.started(recorder, run_id);
            let limit = STOP_LIMIT - START_GRACE - QUICK_LOOK;
            let cancelled = self.cancel_because(recorder, run_id, signal.name(), limit).await;
            return Ok(RunEnd { cancelled, ..RunEnd::of(RunOutcome::Stopped(signal), Some(run_id)) });
        }
        let started = started.ok_or(SessionError::NotStartedInTime)?;
        if let Err(SessionError::Api(error)) = &started
            && matches!(error.status(), Some(400..=407 | 409..=499))
        {
            // A definite no: there is nothing to look for next time.
            recorder.record.intent = None;
            recorder.try_save(self.observer);
        }
        let StartedRun { run_id, may_have_twin } = started?;
        recorder.may_have_twin = may_have_twin;
        self.started(recorder, run_id);
        if plan.detach {
            return Ok(RunEnd::of(RunOutcome::Detached, Some(run_id)));
        }
        self.follow(recorder, run_id, plan.duration, true, deadline).await
    }

    /// Creates a test from the script and records it, so that it is deleted in every case; returns the signal if one
    /// arrived.
    async fn make_test(
        &mut self,
        recorder: &mut Recorder<'_>,
        plan: &RunPlan,
        script: &ScriptFile,
        deadline: Instant,
    ) -> Result<Option<Signal>, SessionError> {
        let name = BuildOrigin::of(&plan.build).name(&script.path);
        // Recorded before it is created, so that the next command after a kill finds it by its name.
        recorder.record.ephemeral = true;
        recorder.record.ephemeral_name = Some(name.clone());
        recorder.record.sent_files = !script.data.is_empty();
        recorder.save()?;
        let making = timeout_at(deadline, ephemeral::create(&self.client, plan, &name, script, self.observer));
        let (signal, made) = self.stop.finish(START_GRACE, making).await;
        let id = match made {
            Some(Ok(Ok(id))) => Some(id),
            Some(Ok(Err(error))) if signal.is_none() => return Err(error),
            // Cut off in the middle: one quick look whether it got through.
            _ => timeout(QUICK_LOOK, ephemeral::find(&self.client, &name)).await.ok().and_then(Result::ok).flatten(),
        };
        recorder.record.test_id = id;
        recorder.save()?;
        if signal.is_none() && id.is_none() { Err(SessionError::NotStartedInTime) } else { Ok(signal) }
    }

    async fn adopted(
        &mut self,
        mut recorder: Recorder<'_>,
        plan: &RunPlan,
        run_id: u64,
        deadline: Instant,
    ) -> Result<RunEnd, SessionError> {
        recorder.record.identity.build.clone_from(&plan.build);
        recorder.record.failure = None;
        recorder.record.detached = plan.detach;
        recorder.save()?;
        if plan.detach {
            return Ok(RunEnd::of(RunOutcome::Detached, Some(run_id)));
        }
        let end = self.follow(&mut recorder, run_id, plan.duration, false, deadline).await;
        self.delete_test(&mut recorder).await;
        end
    }

    /// Does something that leaves nothing behind when it is cut off by a signal.
    pub(super) async fn unless_stopped<T>(
        &mut self,
        doing: impl AsyncFnOnce(&mut Self) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let mut stop = std::mem::replace(&mut self.stop, StopSignals::never());
        let (signal, done) = stop.finish(Duration::ZERO, doing(self)).await;
        self.stop = stop;
        match (signal, done) {
            (Some(signal), _) => Err(SessionError::Stopped(signal)),
            (None, Some(done)) => done,
            // Without a signal it comes to its end.
            (None, None) => Err(SessionError::NotStartedInTime),
        }
    }

    /// Whether the service still knows a run. Other trouble is left to following, which has the patience for it.
    async fn exists(&self, run_id: u64) -> Result<bool, SessionError> {
        match self.client.result_once(run_id).await {
            Err(error) if error.status() == Some(404) => Ok(false),
            _ => Ok(true),
        }
    }

    async fn look_for(
        &mut self,
        intent: &Intent,
        own_test: bool,
        plan: &RunPlan,
        deadline: Instant,
    ) -> Result<Option<u64>, SessionError> {
        let start = Start {
            client: &self.client,
            test_id: intent.test_id,
            own_test,
            minutes: plan.minutes()?,
            api: plan.start_api,
            env: &plan.env,
            deadline,
        };
        start.resolve(intent).await
    }
}

/// The moment an overall timeout passes. A year is as good as never, and later moments cannot be computed with.
fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(Duration::from_secs(365 * 24 * 60 * 60))
}
