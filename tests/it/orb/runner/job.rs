//! Runs the steps of a compiled job on this machine, in a clean environment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::compile::Job;
use super::step::{Run, Step};
use super::storage::{Cache, copy};
use super::template;

/// No step of a test takes longer; a hang fails the test instead of stopping it for ten minutes.
const LONGEST_STEP: Duration = Duration::from_secs(180);

/// The shell that CircleCI finds in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::orb) enum Shell {
    /// `bash -eo pipefail`, which loads BASH_ENV.
    Bash,
    /// `sh -eo pipefail` of an Alpine image.
    Busybox,
    /// `sh -e` of a Debian image without bash.
    Dash,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::orb) enum State {
    Success,
    Failed,
    Canceled,
    NotRun,
}

/// The files and outputs of a job.
#[derive(Debug, Clone)]
pub(in crate::orb) struct Outcome {
    pub(in crate::orb) state: State,
    /// Everything its steps printed, each under a line with its name.
    pub(in crate::orb) log: String,
    /// The working directory.
    pub(in crate::orb) folder: PathBuf,
    /// What the job stored as artifacts, by their path in the job's artifacts.
    pub(in crate::orb) artifacts: PathBuf,
    /// What it stored as test results.
    pub(in crate::orb) test_results: PathBuf,
    /// The time each run step took.
    pub(in crate::orb) times: Vec<(String, Duration)>,
}

/// What a job runs on.
#[derive(Debug)]
pub(in crate::orb) struct Machine<'a> {
    /// A folder for this job alone.
    pub(in crate::orb) root: PathBuf,
    /// What `checkout` brings.
    pub(in crate::orb) project: &'a Path,
    pub(in crate::orb) shell: Shell,
    /// CircleCI's variables, then those of the project and of the job's contexts.
    pub(in crate::orb) environment: BTreeMap<String, String>,
    /// What PATH is.
    pub(in crate::orb) path: String,
    pub(in crate::orb) workspace: &'a Path,
}

struct Running<'a> {
    machine: &'a Machine<'a>,
    job: &'a Job,
    folder: PathBuf,
    outcome: Outcome,
    background: Vec<Child>,
}

impl Machine<'_> {
    /// Runs a job to its end.
    pub(in crate::orb) fn run(&self, job: &Job, cache: &mut Cache) -> Outcome {
        let folder = self.root.join("project");
        for dir in ["project", "home", "bin", "artifacts", "test-results"] {
            fs::create_dir_all(self.root.join(dir)).unwrap();
        }
        File::create(self.root.join("bash_env")).unwrap();
        let agent = self.root.join("bin/circleci-agent");
        let halt = self.root.join("halted");
        fs::write(&agent, format!("#!/bin/sh\n[ \"$*\" = 'step halt' ] && : >'{}'\n", halt.display())).unwrap();
        fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
        // What plans a release writes its words down.
        let planner = self.root.join("bin/circleci");
        fs::write(&planner, "#!/bin/sh\necho \"circleci $*\"\n").unwrap();
        fs::set_permissions(&planner, fs::Permissions::from_mode(0o755)).unwrap();
        let outcome = Outcome {
            state: State::Success,
            log: String::new(),
            folder: folder.clone(),
            artifacts: self.root.join("artifacts"),
            test_results: self.root.join("test-results"),
            times: Vec::new(),
        };
        let mut running = Running { machine: self, job, folder, outcome, background: Vec::new() };
        for step in &job.steps {
            if halt.exists() {
                break;
            }
            if let Err(error) = running.step(step, cache) {
                running.outcome.log += &format!("{error}\n");
                running.outcome.state = State::Failed;
            }
        }
        for child in &mut running.background {
            stop(child);
        }
        running.outcome
    }
}

impl Running<'_> {
    fn step(&mut self, step: &Step, cache: &mut Cache) -> Result<(), String> {
        let failed = self.outcome.state == State::Failed;
        let namespace = if self.machine.environment.contains_key("CIRCLE_PR_NUMBER") { "fork" } else { "own" };
        match step {
            Step::Run(run) => return if run.when.is_due(failed) { self.run(run) } else { Ok(()) },
            // These two run after a failure as well.
            Step::StoreArtifacts { path, destination } => {
                let to = destination.as_ref().unwrap_or(path).trim_start_matches("./");
                return self.store(path, &self.outcome.artifacts.join(to));
            }
            Step::StoreTestResults { path } => return self.store(path, &self.outcome.test_results.clone()),
            Step::SaveCache { key, paths, when } => {
                if when.is_due(failed) {
                    let key = template::key(key, &self.machine.environment, &self.folder)?;
                    self.outcome.log += &cache.save(namespace, &key, paths, &self.folder);
                }
            }
            _ if failed => return Ok(()),
            Step::Checkout => copy(self.machine.project, &self.folder).map_err(|error| error.to_string())?,
            Step::RestoreCache { keys } => {
                let keys: Result<Vec<String>, String> =
                    keys.iter().map(|key| template::key(key, &self.machine.environment, &self.folder)).collect();
                self.outcome.log += &cache.restore(namespace, &keys?, &self.folder);
            }
            Step::PersistToWorkspace { root, paths } => {
                for path in paths {
                    let from = self.folder.join(root).join(path);
                    copy(&from, &self.machine.workspace.join(path)).map_err(|error| format!("{path}: {error}"))?;
                }
            }
            Step::AttachWorkspace { at } => {
                copy(self.machine.workspace, &self.folder.join(at)).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn store(&mut self, path: &str, to: &Path) -> Result<(), String> {
        let from = self.folder.join(path);
        if from.exists() {
            return copy(&from, to).map_err(|error| error.to_string());
        }
        self.outcome.log += &format!("{path}: no such file or directory, nothing stored\n");
        Ok(())
    }

    fn run(&mut self, run: &Run) -> Result<(), String> {
        self.outcome.log += &format!("--- {}\n", run.name);
        let log_path = self.machine.root.join("step.log");
        let log = File::create(&log_path).unwrap();
        let mut command = self.command(run);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        if run.background {
            self.background.push(child);
            return Ok(());
        }
        let limit = LONGEST_STEP.min(Duration::from_secs_f64(run.no_output_timeout));
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if started.elapsed() > limit {
                stop(&mut child);
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.outcome.times.push((run.name.clone(), started.elapsed()));
        self.outcome.log += &String::from_utf8_lossy(&fs::read(&log_path).unwrap());
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("Exited with code {status}")),
            None => Err(format!("Too long with no output (exceeded {limit:?})")),
        }
    }

    fn command(&self, run: &Run) -> Command {
        let machine = self.machine;
        // A machine may lack a shell; the system's own sh is used then. CI has them all, see .ci/orb-checks.
        let is_here =
            |program: &str| ["/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
        let (program, arguments) = match machine.shell {
            Shell::Bash => ("/bin/bash", &["-eo", "pipefail", "-c"][..]),
            Shell::Busybox if is_here("busybox") => ("busybox", &["sh", "-eo", "pipefail", "-c"][..]),
            Shell::Dash if is_here("dash") => ("dash", &["-e", "-c"][..]),
            Shell::Busybox | Shell::Dash => ("sh", &["-e", "-c"][..]),
        };
        let mut command = Command::new(program);
        command.args(arguments).arg(&run.command);
        let directory = match run.working_directory.as_deref() {
            None => self.folder.clone(),
            Some(path) => match path.strip_prefix("~/") {
                Some(rest) => machine.root.join("home").join(rest),
                None => self.folder.join(path),
            },
        };
        // CircleCI makes the folder of a step when it is not there.
        fs::create_dir_all(&directory).unwrap();
        command
            .env_clear()
            .env("PATH", format!("{}:{}", machine.root.join("bin").display(), machine.path))
            .env("HOME", machine.root.join("home"))
            .env("BASH_ENV", machine.root.join("bash_env"))
            .envs(&machine.environment)
            .envs(&self.job.environment)
            .envs(&run.environment)
            .current_dir(directory);
        command
    }
}

/// Ends a step and everything it started.
fn stop(child: &mut Child) {
    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.wait();
}
