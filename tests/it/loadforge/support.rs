//! Plans, sessions and runs as most of these tests need them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use loadforge_ci::loadforge::{
    Client, Event, PauseFactor, ResolvedTest, RunEnd, RunPlan, Session, SessionError, StopSignals, WaitPlan,
};
use loadforge_ci::results::{Build, Engine, LocalLoad, ResultsFolder, RunRecord, StartApi, TestSource};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::service::Service;

/// How fast pauses go in these tests: a second is 10 ms.
pub(super) const PACE: f64 = 0.01;

pub(super) const STATS: &str = "Type,Name,Request Count,Failure Count,Median Response Time,50%,95%\r\n\
    GET,/a,90,1,20,20,50\r\nPOST,/b,10,0,30,30,60\r\n,Aggregated,100,1,21,21,55\r\n";
pub(super) const HISTORY: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,\
    Total Failure Count\r\n100,5,,Aggregated,1.0,0.0,20,50,10,0\r\n101,10,,Aggregated,2.0,0.0,20,50,100,1\r\n";
pub(super) const FAILURES: &str = "Method,Name,Error,Occurrences\r\nGET,/a,HTTPError('503 x'),1\r\n";

/// 0, 1, 2, 2, 3.
pub(super) fn good_stages() -> Vec<Value> {
    let running = json!({"run_status": 2, "requests": "40", "failures": "0(0.00%)", "reqs_per_second": "4.00",
        "response_avg": "22", "response_median": "20"});
    vec![json!({"run_status": 0}), json!({"run_status": 1}), running.clone(), running, finished()]
}

pub(super) fn finished() -> Value {
    json!({"run_status": 3, "run_passed": true, "cancelled": false, "requests": "100", "failures": "1(1.00%)",
        "response_median": "21", "response_avg": "24", "response_min": "10", "response_max": "90",
        "reqs_per_second": "2.00", "fails_per_second": "0.02",
        "results_csv_stats": STATS, "results_csv_history": HISTORY, "results_csv_failures": FAILURES})
}

pub(super) fn client(service: &Service) -> Client {
    Client::builder(service.url()).token(Some("s3cret-token".into())).pace(PauseFactor::scaled(PACE)).build().unwrap()
}

/// A build of a commit of the main branch, in this job.
pub(super) fn build(job: &str) -> Build {
    let text = |text: &str| Some(text.to_owned());
    Build {
        repository: text("github.com/acme/shop"),
        project: text("acme/shop"),
        commit: text("c0ffee0"),
        branch: text("main"),
        job_id: text(job),
        job_number: Some(1),
        workflow: text("w"),
        workspace: text("w"),
        ..Build::default()
    }
}

/// A run of saved test 4217 for five minutes.
pub(super) fn plan() -> RunPlan {
    RunPlan {
        test: TestSource::Id(4217),
        users: None,
        spawn_rate: None,
        stages: Vec::new(),
        duration: Duration::from_secs(300),
        regions: BTreeMap::new(),
        target_host: None,
        env: Vec::new(),
        timeout: Duration::from_secs(60),
        start_api: StartApi::V2,
        detach: false,
        engine: Engine::Loadforge,
        local: LocalLoad::default(),
        build: build("job-1"),
    }
}

/// A folder, a service, and the log.
pub(super) struct World {
    pub(super) service: Service,
    pub(super) dir: TempDir,
    pub(super) said: Vec<String>,
    pub(super) timeout: Option<Duration>,
}

impl World {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { service: Service::start().await, dir, said: Vec::new(), timeout: None }
    }

    pub(super) fn folder(&self) -> ResultsFolder {
        ResultsFolder::new(self.dir.path())
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn record(&self) -> RunRecord {
        self.folder().read_json(ResultsFolder::RUN).unwrap()
    }

    fn client(&self) -> Client {
        let builder =
            Client::builder(self.service.url()).token(Some("s3cret-token".into())).pace(PauseFactor::scaled(PACE));
        match self.timeout {
            Some(timeout) => builder.timeout(timeout),
            None => builder,
        }
        .build()
        .unwrap()
    }

    /// Lends a session to a command and keeps what it says.
    pub(super) async fn with<T>(&mut self, stop: StopSignals, command: impl AsyncFnOnce(&mut Session<'_>) -> T) -> T {
        let mut said = Vec::new();
        let mut observer = |event: &Event| said.push(event.to_string());
        let mut session = Session::new(self.client(), self.folder(), &mut observer, stop);
        let result = command(&mut session).await;
        drop(session);
        self.said.extend(said);
        result
    }

    pub(super) async fn resolve(&mut self, plan: &RunPlan) -> Result<ResolvedTest, SessionError> {
        self.with(StopSignals::never(), async |session: &mut Session<'_>| session.resolve(plan).await).await
    }

    pub(super) async fn run_until(&mut self, plan: &RunPlan, stop: StopSignals) -> Result<RunEnd, SessionError> {
        self.with(stop, async |session: &mut Session<'_>| {
            let target = session.resolve(plan).await?;
            session.run(plan, &target).await
        })
        .await
    }

    pub(super) async fn run(&mut self, plan: &RunPlan) -> Result<RunEnd, SessionError> {
        self.run_until(plan, StopSignals::never()).await
    }

    pub(super) async fn wait(&mut self, run_id: Option<u64>) -> Result<RunEnd, SessionError> {
        let plan = WaitPlan { run_id, timeout: Duration::from_secs(60), ..WaitPlan::default() };
        self.with(StopSignals::never(), async |session: &mut Session<'_>| session.wait(&plan).await).await
    }

    pub(super) fn starts(&self) -> usize {
        self.service.state().count("POST /api/v2/run")
    }

    pub(super) fn runs(&self) -> usize {
        self.service.state().runs.len()
    }

    /// Whether the log has a line with these words.
    pub(super) fn heard(&self, words: &str) -> bool {
        self.said.iter().any(|line| line.contains(words))
    }
}
