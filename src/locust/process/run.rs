//! One run of Locust, from its start until none of its processes is left.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::error::ProcessError;
use super::group::ProcessGroup;
use super::invocation::{LocustInvocation, record_folder};
use super::log::LogKeeper;
use super::python::Interpreter;
use crate::locust::record::{Record, Tail};

/// The launcher that records every request, and its modules: file name and text.
const LAUNCHER: [(&str, &str); 5] = [
    ("loadforge_ci_launcher.py", include_str!("../launcher/loadforge_ci_launcher.py")),
    ("loadforge_ci_values.py", include_str!("../launcher/loadforge_ci_values.py")),
    ("loadforge_ci_failures.py", include_str!("../launcher/loadforge_ci_failures.py")),
    ("loadforge_ci_open_requests.py", include_str!("../launcher/loadforge_ci_open_requests.py")),
    ("loadforge_ci_options.py", include_str!("../launcher/loadforge_ci_options.py")),
];

/// How often the record is read while Locust runs.
const READ_EVERY: Duration = Duration::from_millis(200);

/// How long a run that was asked to stop may take to do so.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Why we ended Locust, if we did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRequest {
    /// Somebody asked for it.
    Asked,
    /// A load shape went on after the run's time was over.
    Shape,
    /// Locust had not ended long after its time was over.
    Deadline,
}

/// A finished run.
#[derive(Debug)]
pub struct Finished {
    /// Every request.
    pub record: Record,
    /// How the leading process ended.
    pub status: Option<ExitStatus>,
    /// Why we ended it, if we did.
    pub stop: Option<StopRequest>,
    /// The last lines it printed.
    pub log: String,
}

/// Runs Locust to its end and reads its record as it grows; `observe` sees it after each look.
///
/// The run ends early when `stop` turns true. Dropping the future kills all processes of the run.
///
/// # Errors
/// When the folder cannot be used or Python cannot be started. A script that does not load is no error here: it is
/// reported in the record and the log.
pub async fn run(
    interpreter: &Interpreter,
    plan: &LocustInvocation,
    mut stop: watch::Receiver<bool>,
    mut observe: impl FnMut(&Record),
) -> Result<Finished, ProcessError> {
    let folder_error = |source| ProcessError::Folder { folder: plan.folder.clone(), source };
    prepare(plan).map_err(folder_error)?;
    let mut command = plan.command(interpreter).map_err(folder_error)?;
    let (log, stdout, stderr) = LogKeeper::start(&plan.log()).map_err(folder_error)?;
    command.stdout(stdout).stderr(stderr);
    let started = Instant::now();
    let mut group = ProcessGroup::spawn(&mut command)
        .map_err(|source| ProcessError::Start { program: interpreter.python.display().to_string(), source })?;
    // Our own copies of the writing ends go with the command, so that the log ends when the processes do.
    drop(command);

    let mut tail = Tail::new(&record_folder(&plan.folder));
    let mut record = Record::default();
    let mut ending = Ending::default();
    let mut ticks = interval(READ_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watching = true;
    let status = loop {
        tokio::select! {
            status = group.wait() => break status.ok(),
            change = stop.wait_for(|stop| *stop), if watching => {
                watching = false;
                // A sender that is gone will never ask.
                if change.is_ok() {
                    ending.begin(StopRequest::Asked, STOP_GRACE, &group);
                }
            }
            _ = ticks.tick() => {
                read(&mut tail, &mut record);
                observe(&record);
                ending.look(plan, &record, started.elapsed(), &group);
            }
        }
    };
    // Workers finish their users' last requests after the master has gone.
    let patience = match ending.kill_at {
        Some(at) => at.saturating_duration_since(Instant::now()),
        None => Duration::from_secs(plan.stop_seconds() + 3),
    };
    let waiting_since = Instant::now();
    loop {
        read(&mut tail, &mut record);
        if !record.leader_ended() || record.all_ended() || waiting_since.elapsed() >= patience {
            break;
        }
        ticks.tick().await;
    }
    group.kill();
    let log = log.finish().await;
    read(&mut tail, &mut record);
    observe(&record);
    Ok(Finished { record, status, stop: ending.stop, log })
}

/// The record of a run whose server has ended, as far as it was written to the run's folder.
#[must_use]
pub fn recover(folder: &Path) -> Record {
    let mut record = Record::default();
    read(&mut Tail::new(&record_folder(folder)), &mut record);
    record
}

fn prepare(plan: &LocustInvocation) -> io::Result<()> {
    let folder = plan.launcher_folder();
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(record_folder(&plan.folder))?;
    LAUNCHER.into_iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

fn read(tail: &mut Tail, record: &mut Record) {
    if let Err(error) = tail.read_into(record) {
        tracing::warn!("failed to read the run's record: {error}");
    }
}

/// How we end a run that does not end by itself.
#[derive(Default)]
struct Ending {
    stop: Option<StopRequest>,
    kill_at: Option<Instant>,
}

impl Ending {
    fn begin(&mut self, why: StopRequest, grace: Duration, group: &ProcessGroup) {
        if self.stop.is_none() {
            self.stop = Some(why);
            self.kill_at = Some(Instant::now() + grace);
            group.terminate();
        }
    }

    fn look(&mut self, plan: &LocustInvocation, record: &Record, elapsed: Duration, group: &ProcessGroup) {
        if self.kill_at.is_some_and(|at| Instant::now() >= at) {
            group.kill();
            return;
        }
        let stopping = Duration::from_secs(plan.stop_seconds()) + STOP_GRACE;
        // Locust does not stop a load shape at the end of the run time.
        let over_s = record.started().map(|start| start + plan.run_seconds() as f64);
        let now_s = jiff::Timestamp::now().as_duration().as_secs_f64();
        if record.shape().is_some() && record.stopping().is_none() && over_s.is_some_and(|over| now_s >= over) {
            self.begin(StopRequest::Shape, stopping, group);
        } else if elapsed >= plan.deadline() {
            self.begin(StopRequest::Deadline, stopping, group);
        }
    }
}
