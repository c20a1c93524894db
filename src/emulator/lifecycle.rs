//! The lifecycle of one run: queued, launching, running, over.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Number};
use tokio::sync::watch;
use tokio::time::sleep;

use super::engine::{EngineEnd, EngineOutcome, Job, Live, Metrics};
use super::state::ServerState;
use super::store::{Run, StoredTest, status};

/// Starts a run of a test and gives its id. The run has its own copy of the test: a later change or deletion does not
/// touch it.
pub(super) fn start(
    app: &Arc<ServerState>,
    test_id: u64,
    test: &StoredTest,
    duration: Number,
    env: BTreeMap<String, String>,
) -> u64 {
    let now = Timestamp::now();
    let minutes = duration.as_f64().unwrap_or(0.0);
    let run = Run {
        created_at: now,
        updated_at: now,
        test_id,
        targets: test.targets,
        status: status::QUEUED,
        cancelled: false,
        duration,
        metrics: None,
        passed: None,
        live: None,
    };
    let (id, host, files) = app.store.change(|state| {
        let host = test.host_id.and_then(|host| state.hosts.get(&host)).map(super::store::Host::base_url);
        let files = state.files.values().map(|file| (file.name.clone(), file.bytes()));
        let files = files.collect();
        (state.add_run(run), host, files)
    });
    let job = Job {
        script: test.locustfile.clone(),
        users: test.users,
        spawn_rate: test.rate,
        run_time: std::time::Duration::from_secs_f64(minutes * app.seconds_per_minute),
        host,
        env,
        files,
        project: test.project.clone(),
        folder: app.archive.run_folder(id),
    };
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(follow(Arc::clone(app), id, job, stopped));
    app.begin(id, stop, task);
    id
}

/// Takes a run through all its states.
async fn follow(app: Arc<ServerState>, id: u64, job: Job, mut stop: watch::Receiver<bool>) {
    let outcome = tokio::select! {
        outcome = make(&app, id, job, stop.clone()) => outcome,
        // While the engine is at work, stopping is its own affair.
        () = stopped_before_load(&app, id, &mut stop) => cancelled(),
    };
    end(&app, id, outcome);
}

/// Completes when the run is asked to stop before its engine has started.
async fn stopped_before_load(app: &ServerState, id: u64, stop: &mut watch::Receiver<bool>) {
    let asked = stop.wait_for(|stop| *stop).await.is_ok();
    if !asked || app.store.read(|state| state.runs.get(&id).is_none_or(|run| run.status > status::QUEUED)) {
        std::future::pending::<()>().await;
    }
}

async fn make(app: &Arc<ServerState>, id: u64, job: Job, mut stop: watch::Receiver<bool>) -> Result<EngineOutcome, u8> {
    // A closed semaphore would mean the server is gone, and this task with it.
    let _place = app.places.acquire().await;
    sleep(app.provisioning / 4).await;
    set_status(app, id, status::LAUNCHING);
    tokio::select! {
        () = sleep(app.provisioning * 3 / 4) => {}
        Ok(_) = stop.wait_for(|stop| *stop) => return cancelled(),
    }
    if let Some(code) = app.faults.end_code {
        return Err(code);
    }
    if let Err(error) = app.archive.create(id) {
        tracing::warn!("failed to make the folder of run {id}: {error}");
        return Err(status::FAILED);
    }
    let (live, mut news) = watch::channel(Live::default());
    let mut engine = app.engine.run(job, live, stop);
    loop {
        tokio::select! {
            outcome = &mut engine => return Ok(outcome),
            Ok(()) = news.changed() => {
                let live = news.borrow_and_update().clone();
                tell(app, id, live);
            }
        }
    }
}

fn cancelled() -> Result<EngineOutcome, u8> {
    Ok(EngineOutcome { end: EngineEnd::Cancelled, measured: None, extension: None, overrides: Map::new() })
}

fn set_status(app: &ServerState, id: u64, status: u8) {
    app.store.change(|state| {
        if let Some(run) = state.runs.get_mut(&id) {
            run.status = status;
            run.updated_at = Timestamp::now();
        }
    });
}

fn tell(app: &ServerState, id: u64, live: Live) {
    if !live.running {
        return;
    }
    if app.store.read(|state| state.runs.get(&id).is_some_and(|run| run.status < status::RUNNING)) {
        set_status(app, id, status::RUNNING);
    }
    app.store.change_unsaved(|state| {
        if let Some(run) = state.runs.get_mut(&id) {
            run.metrics = Some(live.metrics);
            run.live = live.detail;
            run.updated_at = Timestamp::now();
        }
    });
}

/// Stores the results of the run, then marks it as finished, so that a client that sees it finished finds the results.
pub(super) fn end(app: &ServerState, id: u64, outcome: Result<EngineOutcome, u8>) {
    let (status, outcome) = match outcome {
        Ok(outcome) => {
            let status = match outcome.end {
                EngineEnd::Finished => status::FINISHED,
                EngineEnd::Failed => status::FAILED,
                EngineEnd::Cancelled => status::CANCELLED,
            };
            (status, Some(outcome))
        }
        Err(code) => (code, None),
    };
    let measured = outcome.as_ref().and_then(|outcome| outcome.measured.as_ref());
    let metrics = measured.map(|measured| Metrics::of(&measured.total));
    let targets = app.store.read(|state| state.runs.get(&id).map(|run| run.targets)).unwrap_or_default();
    let passed = match status {
        status::FINISHED => measured.and_then(|measured| targets.met(measured)),
        _ => Some(false),
    };
    if let Some(outcome) = outcome
        && let Err(error) = app.archive.keep(id, outcome)
    {
        tracing::warn!("failed to keep the results of run {id}: {error}");
    }
    app.store.change(|state| {
        if let Some(run) = state.runs.get_mut(&id) {
            run.status = status;
            run.cancelled |= status == status::CANCELLED;
            run.metrics = metrics.or(run.metrics);
            run.passed = passed;
            run.live = None;
            run.updated_at = Timestamp::now();
        }
    });
}

/// Marks the runs that an earlier server left unfinished as ended. None of them is still running: Locust exits when its
/// server is gone. They count as cancelled, with what was measured until then.
pub(super) fn recover(app: &ServerState) {
    let open: Vec<u64> =
        app.store.read(|state| state.runs.iter().filter(|(_, run)| !run.is_over()).map(|(id, _)| *id).collect());
    for id in open {
        let outcome = app.engine.recover(&app.archive.run_folder(id));
        end(app, id, outcome.map_or_else(cancelled, Ok));
    }
}
