//! Real Locust, on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Map;
use tokio::sync::{Mutex, watch};

use super::engine::{Delivery, EngineEnd, EngineOutcome, HistoryCsv, Job, Live, LoadEngine, Metrics};
use super::live_detail::LiveDetail;
use crate::error::{Explain, chain};
use crate::locust::process::{
    self, Finished, Interpreter, LocustInvocation, LocustSource, ProcessError, ProgressSink, StopRequest,
};
use crate::locust::{Record, failures, failures_csv, history_csv, read_stats, stats_csv};
use crate::redact::{Placeholder, Redactor};
use crate::results::{Endpoint, Evidence, Extension, LocalProject, Percentile, Problem, ProblemKind, STAGES_CLASS};

/// The name of a script without a project.
const SCRIPT: &str = "locustfile.py";

/// Runs each job in Locust; Locust is found or installed when the first one comes.
pub struct LocustEngine {
    cache: PathBuf,
    processes: Option<u32>,
    stop_timeout: Duration,
    progress: ProgressSink,
    /// The Locust that was chosen, by what the project says of it.
    chosen: Mutex<BTreeMap<String, Interpreter>>,
}

impl LocustEngine {
    /// An engine that installs Locust into `cache` where it is missing, and sends load from so many processes
    /// (`None`: one per CPU). Requests under way at the end of a run have `stop_timeout` to finish.
    #[must_use]
    pub fn new(cache: PathBuf, processes: Option<u32>, stop_timeout: Duration, progress: ProgressSink) -> Self {
        Self { cache, processes, stop_timeout, progress, chosen: Mutex::default() }
    }

    async fn make(&self, job: Job, live: watch::Sender<Live>, stop: watch::Receiver<bool>) -> EngineOutcome {
        let project = job.project.clone().unwrap_or_default();
        let mut cancelled = stop.clone();
        let interpreter = tokio::select! {
            found = self.interpreter(&project) => match found {
                Ok(interpreter) => interpreter,
                Err(error) => return not_available(&error),
            },
            Ok(_) = cancelled.wait_for(|stop| *stop) => return nothing_measured(EngineEnd::Cancelled, Vec::new(), None),
        };
        let plan = self.plan(&job, &project);
        if let Err(source) = lay_out(&plan, &job, &project) {
            return not_available(&ProcessError::Folder { folder: plan.folder, source });
        }
        let mut detail = LiveDetail::default();
        let observe = |record: &Record| {
            let detail = detail.of(record);
            live.send_if_modified(|live| {
                let now = Live { running: record.started().is_some(), metrics: metrics(record), detail };
                let changed = *live != now;
                *live = now;
                changed
            });
        };
        match process::run(&interpreter, &plan, stop, observe).await {
            Ok(finished) => collect(&plan, finished, &job).await,
            Err(error) => not_available(&error),
        }
    }

    /// The Locust for a project, chosen or installed when it is asked for the first time.
    async fn interpreter(&self, project: &LocalProject) -> Result<Interpreter, ProcessError> {
        let key = format!("{:?} {:?}", project.requirements, project.environments);
        let mut chosen = self.chosen.lock().await;
        if let Some(interpreter) = chosen.get(&key) {
            return Ok(interpreter.clone());
        }
        let source = LocustSource { requirements: project.requirements.as_ref(), environments: &project.environments };
        let found = process::choose(&self.cache, source, &self.progress).await?;
        (self.progress)(&format!("using {}", found.sentence()));
        Ok(chosen.entry(key).or_insert(found.interpreter).clone())
    }

    fn plan(&self, job: &Job, project: &LocalProject) -> LocustInvocation {
        let work_folder = job.folder.join("script");
        let own = [SCRIPT.to_owned()];
        let scripts = if project.scripts.is_empty() { &own[..] } else { &project.scripts[..] };
        LocustInvocation {
            scripts: scripts.iter().map(|script| work_folder.join(script)).collect(),
            work_folder,
            folder: job.folder.clone(),
            users: job.users,
            spawn_rate: job.spawn_rate,
            run_time: job.run_time,
            stop_timeout: self.stop_timeout,
            host: job.host.clone(),
            processes: self.processes,
            env: job.env.clone(),
            options: project.options.clone(),
            config_files: project.config_files.clone(),
        }
    }
}

impl LoadEngine for LocustEngine {
    fn run<'a>(
        &'a self,
        job: Job,
        live: watch::Sender<Live>,
        stop: watch::Receiver<bool>,
    ) -> Pin<Box<dyn Future<Output = EngineOutcome> + Send + 'a>> {
        Box::pin(self.make(job, live, stop))
    }

    fn recover(&self, run_folder: &Path) -> Option<EngineOutcome> {
        let record = process::recover(run_folder);
        record.loaded().then(|| {
            let problem = Problem::new(
                ProblemKind::EndedEarly,
                "the server ended while the run was under way; the measurements until then are kept",
            );
            let extension = Extension { problems: vec![problem], ..Extension::default() };
            delivered(&record, EngineEnd::Cancelled, extension)
        })
    }
}

/// Puts the script, its project and its files where Locust runs.
fn lay_out(plan: &LocustInvocation, job: &Job, project: &LocalProject) -> io::Result<()> {
    let folder = &plan.work_folder;
    fs::create_dir_all(folder.join("files"))?;
    for file in project.files.iter().filter(|file| Some(*file) != project.scripts.first()) {
        let (from, to) = (project.folder.join(file), folder.join(file));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::copy(&from, &to) {
            // It was there when the project was looked at; a script that needs it says so.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            copied => drop(copied.map_err(|cause| io::Error::other(format!("{}: {cause}", from.display())))?),
        }
    }
    for (name, content) in &job.files {
        fs::write(folder.join("files").join(name), content)?;
    }
    let Some(script) = plan.scripts.first() else { return Ok(()) };
    if let Some(folder) = script.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(script, &job.script)
}

async fn collect(plan: &LocustInvocation, finished: Finished, job: &Job) -> EngineOutcome {
    let plan = plan.clone();
    let mut secrets = Redactor::new();
    for value in job.env.values() {
        secrets.add(&SecretString::from(value.as_str()), Placeholder::Hidden);
    }
    let work = move || {
        let mut problems = process::problems(&plan, &finished);
        for problem in &mut problems {
            problem.message = secrets.hide(&problem.message).into_owned();
            problem.detail = problem.detail.as_deref().map(|detail| secrets.hide(detail).into_owned());
        }
        let end = match finished.stop {
            Some(StopRequest::Asked) => EngineEnd::Cancelled,
            None if !finished.record.leader_ended() => EngineEnd::Failed,
            _ => EngineEnd::Finished,
        };
        let log = Some(secrets.hide(&finished.log).into_owned()).filter(|log| !log.is_empty());
        if finished.record.loaded() {
            let notes = process::notes(&plan, &finished).iter().map(|note| secrets.hide(note).into_owned()).collect();
            let extension = Extension { problems, notes, log, ..Extension::default() };
            let mut outcome = delivered(&finished.record, end, extension);
            for failure in outcome.extension.iter_mut().flat_map(|extension| &mut extension.failures) {
                failure.error = secrets.hide(&failure.error).into_owned();
            }
            outcome
        } else {
            nothing_measured(if end == EngineEnd::Cancelled { end } else { EngineEnd::Failed }, problems, log)
        }
    };
    // A long run's history takes a moment to write, and the server has other questions to answer.
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => nothing_measured(EngineEnd::Failed, vec![engine_problem(error.to_string())], None),
    }
}

/// The outcome of a run: its record, and the notes about it.
fn delivered(record: &Record, end: EngineEnd, extension: Extension) -> EngineOutcome {
    let stats_csv = stats_csv(record);
    let measured = record.total();
    // The stats were written just now, so they can be read.
    let row = read_stats("stats.csv", stats_csv.as_bytes()).map(|stats| stats.total).unwrap_or_default();
    let total = Endpoint { histogram: Some(measured.times()).filter(|times| !times.is_empty()), ..row };
    let extension = Extension {
        endpoints: record.exact(),
        after_ramp_up: record.exact_after_ramp_up(),
        failures: failures(record),
        evidence: Some(Evidence {
            never_ended: record.never_ended(),
            script_exit_code: record.script_exit_code(),
            load_shape: record.shape().filter(|shape| *shape != STAGES_CLASS).map(str::to_owned),
        }),
        ..extension
    };
    let delivery = Delivery {
        history_csv: HistoryCsv::Text(history_csv(record)),
        failures_csv: failures_csv(record),
        stats_csv,
        total,
        passed_times: Some(measured.passed_times.clone()),
    };
    EngineOutcome { end, measured: Some(delivery), extension: Some(extension), overrides: Map::new() }
}

fn nothing_measured(end: EngineEnd, problems: Vec<Problem>, log: Option<String>) -> EngineOutcome {
    let extension = Extension { problems, log, ..Extension::default() };
    EngineOutcome { end, measured: None, extension: Some(extension), overrides: Map::new() }
}

fn not_available(error: &ProcessError) -> EngineOutcome {
    let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    nothing_measured(EngineEnd::Failed, vec![engine_problem(format!("{}{hint}", chain(error)))], None)
}

fn engine_problem(message: String) -> Problem {
    Problem::new(ProblemKind::EngineNotAvailable, message)
}

fn metrics(record: &Record) -> Metrics {
    let total = record.total();
    let seconds = record.seconds_measured();
    let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    Metrics {
        requests: total.requests(),
        failures: total.failed,
        median_ms: total.times().percentile(Percentile::P50).unwrap_or(0.0),
        avg_ms: total.mean_ms().unwrap_or(0.0),
        min_ms: total.min_ms.unwrap_or(0.0),
        max_ms: total.max_ms,
        requests_per_s: per_second(total.requests()),
        failures_per_s: per_second(total.failed),
    }
}
