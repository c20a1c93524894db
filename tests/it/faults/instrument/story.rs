//! What the user asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loadforge_ci::error::CommandError;
use loadforge_ci::loadforge::{
    Client, Event, RunEnd, RunPlan, ScriptFile, Session, SessionError, StopSignals, WaitPlan,
};
use loadforge_ci::results::{Build, Engine, LocalLoad, ResultsFolder, StartApi, TestSource};
use tokio::select;
use tokio::time::Instant;

use super::fault::{Answer, Fault};
use super::service::{Call, MOST_BYTES, Nature, OLD_RUN, SAVED_TEST, SECRET, StandIn, TOKEN};

/// A story around one paid run. A run takes 150 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// `run` of a saved test, with time enough.
    Saved,
    /// `run` of a script, with time enough.
    Script,
    /// `run` of a saved test with a timeout that passes while it runs.
    SavedTooLong,
    /// The same of a script.
    ScriptTooLong,
    /// `run` of a script, stopped by a signal while this call is answered.
    Stopped(Call),
    /// `run --detach` of a script, then `wait`.
    Detached,
    /// `wait --run-id` of a run that another program started.
    WaitById,
    /// `run --detach` of a script, then `cancel`.
    Cancelled,
    /// `run` of a script, killed while this call is answered, then the same again without a fault.
    Killed(Call),
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) end: Option<RunEnd>,
    /// Its last words.
    pub(crate) closing: String,
    pub(crate) took: Duration,
    /// The time it may take.
    pub(crate) limit: Duration,
}

/// A line and when it was written.
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) text: String,
    pub(crate) is_warning: bool,
}

/// The grace after a timeout.
const GRACE: Duration = Duration::from_secs(30);

impl Story {
    /// The calls that a command of this story makes, so that a fault of one can be met.
    pub(crate) fn calls(self) -> Vec<Call> {
        let of_script = |call: &Call| !matches!(call, Call::Download);
        let of_saved =
            |call: &Call| of_script(call) && !matches!(call, Call::CreateTest | Call::DeleteTest | Call::CreateHost);
        let calls = Call::ALL.into_iter();
        match self {
            Self::Saved => calls
                .filter(|call| of_saved(call) || *call == Call::Download)
                .filter(|call| *call != Call::Cancel)
                .collect(),
            Self::SavedTooLong => calls.filter(of_saved).collect(),
            Self::Script | Self::Detached => calls.filter(of_script).filter(|call| *call != Call::Cancel).collect(),
            Self::ScriptTooLong | Self::Stopped(_) | Self::Cancelled => calls.filter(of_script).collect(),
            Self::WaitById => vec![Call::Poll, Call::ListTests, Call::ListHosts],
            Self::Killed(_) => Vec::new(),
        }
    }

    fn is_of_script(self) -> bool {
        !matches!(self, Self::Saved | Self::SavedTooLong | Self::WaitById)
    }

    /// Whether a client could know what became of the call. "Too many requests" to a start says that nothing was
    /// started;
    /// when that is a lie, a second run of a saved test cannot be told from another pipeline's, nor any run where
    /// nothing says which test it is of.
    pub(crate) fn can_be_known(self, nature: Nature, call: Call, fault: Fault) -> bool {
        let is_lie = fault.acted && matches!(fault.answer, Answer::Status(429) | Answer::AbsurdWait);
        let is_shown = nature.test_id_in_list || nature.test_id_in_result;
        (self.is_of_script() && is_shown) || call != Call::Start || !is_lie
    }

    /// Whether each of its commands gets the script's secret.
    pub(crate) fn knows_its_secret(self) -> bool {
        self.is_of_script() && !matches!(self, Self::Detached | Self::Cancelled)
    }

    fn timeout(self) -> Duration {
        Duration::from_secs(if matches!(self, Self::SavedTooLong | Self::ScriptTooLong) { 80 } else { 420 })
    }

    fn plan(self) -> RunPlan {
        let script = ScriptFile::new("perf/checkout.py", "from locust import HttpUser\n");
        let of_script = self.is_of_script();
        RunPlan {
            test: if of_script { TestSource::Script(script) } else { TestSource::Id(SAVED_TEST) },
            users: of_script.then_some(40),
            spawn_rate: None,
            stages: Vec::new(),
            duration: Duration::from_secs(120),
            regions: BTreeMap::new(),
            target_host: of_script.then(|| "https://new.staging.example.com".parse().unwrap()),
            env: if of_script { vec![("PASSWORD".to_owned(), SECRET.into())] } else { Vec::new() },
            timeout: self.timeout(),
            start_api: StartApi::V2,
            detach: false,
            engine: Engine::Loadforge,
            local: LocalLoad::default(),
            build: Build {
                repository: Some("github.com/acme/shop".to_owned()),
                commit: Some("c0ffee0".to_owned()),
                branch: Some("main".to_owned()),
                job_name: Some("load-test".to_owned()),
                job_id: Some("job-1".to_owned()),
                ..Build::default()
            },
        }
    }

    /// Plays the story in this folder.
    pub(crate) async fn play(self, service: &StandIn, folder: &Path, said: &mut Vec<Line>) -> Vec<Ended> {
        let stage = &mut Stage { service, folder, said };
        match self {
            Self::Saved | Self::Script | Self::SavedTooLong | Self::ScriptTooLong => {
                vec![stage.run(&self.plan(), StopSignals::never()).await]
            }
            Self::Stopped(call) => {
                let (sender, stop) = StopSignals::channel();
                service.stop_at(call, if call == Call::Poll { 3 } else { 0 }, sender);
                vec![stage.run(&self.plan(), stop).await]
            }
            Self::Detached => {
                let mut ended = vec![stage.run(&RunPlan { detach: true, ..self.plan() }, StopSignals::never()).await];
                if ended[0].end.is_some() {
                    ended.push(stage.wait(None, self.timeout()).await);
                }
                ended
            }
            Self::WaitById => {
                let id = service.state().runs.keys().max().copied().unwrap_or(OLD_RUN);
                vec![stage.wait(Some(id), self.timeout()).await]
            }
            Self::Cancelled => {
                let mut ended = vec![stage.run(&RunPlan { detach: true, ..self.plan() }, StopSignals::never()).await];
                if ended[0].end.is_some() {
                    let began = Instant::now();
                    let cancelled = stage.command(async |session: &mut Session<'_>| session.cancel(None).await).await;
                    let closing = match cancelled {
                        Ok(run_id) => format!("cancelled {run_id}"),
                        Err(error) => words_of(error),
                    };
                    ended.push(Ended { end: None, closing, took: began.elapsed(), limit: 2 * GRACE });
                }
                ended
            }
            Self::Killed(call) => {
                service.kill_at(call, if call == Call::Poll { 3 } else { 0 });
                let (killed, plan) = (service.killed.clone(), self.plan());
                let mut ended = Vec::new();
                select! {
                    biased;
                    () = killed.notified() => {}
                    end = stage.run(&plan, StopSignals::never()) => ended.push(end),
                }
                service.heal();
                ended.push(stage.run(&plan, StopSignals::never()).await);
                ended
            }
        }
    }
}

fn words_of(error: SessionError) -> String {
    let failure = CommandError::from(error);
    format!("{} (hint: {})", failure.message, failure.hint.unwrap_or_default())
}

struct Stage<'a> {
    service: &'a StandIn,
    folder: &'a Path,
    said: &'a mut Vec<Line>,
}

impl Stage<'_> {
    async fn command<T>(&mut self, command: impl AsyncFnOnce(&mut Session<'_>) -> T) -> T {
        self.stoppable(StopSignals::never(), command).await
    }

    async fn stoppable<T>(&mut self, stop: StopSignals, command: impl AsyncFnOnce(&mut Session<'_>) -> T) -> T {
        let client = Client::builder("https://app.loadforge.com/api/v2".parse().unwrap())
            .token(Some(TOKEN.into()))
            .most_bytes(MOST_BYTES)
            .transport(Arc::new(self.service.clone()))
            .build()
            .unwrap();
        let said = &mut *self.said;
        let mut observer = |event: &Event| {
            said.push(Line { at: Instant::now(), text: event.to_string(), is_warning: event.is_warning() });
        };
        let mut session = Session::new(client, ResultsFolder::new(self.folder), &mut observer, stop);
        command(&mut session).await
    }

    async fn run(&mut self, plan: &RunPlan, stop: StopSignals) -> Ended {
        let began = Instant::now();
        let ended = self
            .stoppable(stop, async |session: &mut Session<'_>| {
                let target = session.resolve(plan).await?;
                session.run(plan, &target).await
            })
            .await;
        ended_by(ended, began, plan.timeout + GRACE)
    }

    async fn wait(&mut self, run_id: Option<u64>, timeout: Duration) -> Ended {
        let began = Instant::now();
        let plan = WaitPlan { run_id, timeout, ..WaitPlan::default() };
        let ended = self.command(async |session: &mut Session<'_>| session.wait(&plan).await).await;
        ended_by(ended, began, timeout + GRACE)
    }
}

fn ended_by(ended: Result<RunEnd, SessionError>, began: Instant, limit: Duration) -> Ended {
    let took = began.elapsed();
    match ended {
        Ok(end) => Ended { closing: end.sentence(), end: Some(end), took, limit },
        Err(error) => Ended { end: None, closing: words_of(error), took, limit },
    }
}
