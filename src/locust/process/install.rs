//! Installing a pinned Locust once a machine, and any environment that is built once and kept.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::environment::without_tokens;
use super::error::ProcessError;
use super::mirror;
use super::python::{self, Interpreter, Python, SearchPath};
use super::version::Version;
use crate::text::duration;

/// Where a line about what takes a while goes.
pub type ProgressSink = Arc<dyn Fn(&str) + Send + Sync>;

/// Longest time one step of the installation may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(600);

/// Most bytes of an installer's output that an error repeats.
const MOST_OUTPUT: usize = 2000;

/// The newest Locust for a Python, by the oldest Python each needs (package metadata).
const LOCUST_BY_PYTHON: [(Version, &str); 3] =
    [(Version(3, 11, 0), "2.47.0"), (Version(3, 10, 0), "2.46.0"), (Version(3, 9, 0), "2.34.0")];

/// The oldest Python the newest Locust runs on.
pub(super) const NEWEST_LOCUST_NEEDS: Version = LOCUST_BY_PYTHON[0].0;

/// The newest Locust.
const NEWEST_LOCUST: &str = LOCUST_BY_PYTHON[0].1;

/// The Python uv is asked for where there is none that fits; any patch release will do.
const PYTHON_OF_UV: Version = Version(3, 12, 0);

/// The Locust of the cache folder, installed there first if it is not there yet. Several processes may ask at once.
pub(super) async fn from_cache(
    path: &SearchPath,
    cache: &Path,
    progress: &ProgressSink,
) -> Result<Interpreter, ProcessError> {
    let installer = Installer::find(path).await?;
    let locust = installer.locust;
    let name = format!("locust-{locust}-{}", installer.platform());
    let what = format!("Locust {locust} once for this machine");
    environment(cache, &name, &what, progress, async |venv| {
        installer.create(venv).await?;
        installer.install(venv, &[format!("locust=={locust}")]).await
    })
    .await
}

/// The environment of this name in the cache folder, built first if it is not there yet: whole or not at all.
pub(super) async fn environment(
    cache: &Path,
    name: &str,
    what: &str,
    progress: &ProgressSink,
    build: impl AsyncFnOnce(&Path) -> Result<(), ProcessError>,
) -> Result<Interpreter, ProcessError> {
    let home = cache.join(name);
    if let Some(ready) = ready(&home).await {
        return Ok(ready);
    }
    let cache_error = |source| ProcessError::Cache { folder: cache.into(), source };
    fs::create_dir_all(cache).map_err(cache_error)?;
    let _lock = lock(&cache.join(format!(".{name}.lock")), progress).await.map_err(cache_error)?;
    // Another process may have done it while this one waited.
    if let Some(ready) = ready(&home).await {
        return Ok(ready);
    }
    progress(&format!("installing {what} ({})", home.display()));
    // The existing environment is incomplete or broken (its Python was removed); the new one is built beside it and
    // renamed into place.
    let aside = tempfile::Builder::new().prefix(".building-").tempdir_in(cache).map_err(cache_error)?;
    let venv = aside.path().join("venv");
    build(&venv).await?;
    if home.exists() {
        fs::remove_dir_all(&home).map_err(cache_error)?;
    }
    fs::rename(&venv, &home).map_err(cache_error)?;
    let ready = ready(&home).await.ok_or_else(|| ProcessError::Install {
        command: format!("{} -c 'import locust'", interpreter(&home).display()),
        how: "failed after the installation".into(),
        output: String::new(),
        musl: false,
    })?;
    progress(&format!("Locust {} is installed", ready.locust));
    Ok(ready)
}

/// What installs packages here: a Python, and uv where it is there.
#[derive(Debug)]
pub(super) struct Installer {
    uv: Option<PathBuf>,
    /// The Python as `uv venv --python` or the shell takes it.
    pub(super) python: String,
    version: Version,
    /// The newest Locust for this Python.
    pub(super) locust: &'static str,
}

impl Installer {
    /// Finds them on PATH.
    pub(super) async fn find(path: &SearchPath) -> Result<Self, ProcessError> {
        let uv = working_uv(path).await;
        let found = python::find_python(path, NEWEST_LOCUST_NEEDS).await;
        let fit =
            |version: Version| LOCUST_BY_PYTHON.iter().find(|(needs, _)| version >= *needs).map(|(_, locust)| *locust);
        // uv brings a Python of its own.
        let of_uv = |uv| {
            let python = format!("{}.{}", PYTHON_OF_UV.0, PYTHON_OF_UV.1);
            Self { uv, python, version: PYTHON_OF_UV, locust: NEWEST_LOCUST }
        };
        match (found, uv) {
            (Some(Python { path, version }), uv) => match (fit(version), uv) {
                (Some(locust), uv) => {
                    // uv does not read pip's configuration files, which may name the only index this machine reaches.
                    let uv = uv.filter(|_| !mirror::only_pip_is_configured());
                    Ok(Self { uv, python: path.to_string_lossy().into_owned(), version, locust })
                }
                (None, Some(uv)) => Ok(of_uv(Some(uv))),
                (None, None) => Err(ProcessError::OldPython { python: path, found: version }),
            },
            (None, Some(uv)) => Ok(of_uv(Some(uv))),
            (None, None) => Err(ProcessError::NoPython),
        }
    }

    #[cfg(test)]
    pub(super) fn of(locust: &'static str) -> Self {
        Self { uv: None, python: "python3".to_owned(), version: PYTHON_OF_UV, locust }
    }

    /// What an environment made here cannot be used without, as a part of its name.
    pub(super) fn platform(&self) -> String {
        format!("python-{}.{}-{}", self.version.0, self.version.1, std::env::consts::ARCH)
    }

    /// Makes a virtual environment.
    pub(super) async fn create(&self, venv: &Path) -> Result<(), ProcessError> {
        let shown = venv.to_string_lossy();
        let made = match &self.uv {
            Some(uv) => step(Command::new(uv).args(["venv", "--quiet", "--python", &self.python, &shown])).await,
            None => step(Command::new(&self.python).args(["-m", "venv", &shown])).await,
        };
        self.explained(venv, made).await
    }

    /// Installs packages into it, by the arguments of `pip install`.
    pub(super) async fn install(&self, venv: &Path, arguments: &[String]) -> Result<(), ProcessError> {
        let inside = interpreter(venv);
        let mut command = match &self.uv {
            Some(uv) => {
                let mut command = Command::new(uv);
                command.args(["pip", "install", "--quiet", "--python", &inside.to_string_lossy()]);
                mirror::as_uv(&mut command);
                command
            }
            None => {
                let mut command = Command::new(&inside);
                command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
                command
            }
        };
        let installed = step(command.args(arguments)).await;
        self.explained(venv, installed).await
    }

    /// A failure with what the machine has to do with it.
    async fn explained(&self, venv: &Path, done: Result<(), ProcessError>) -> Result<(), ProcessError> {
        let mut done = done;
        if let Err(ProcessError::Install { musl, .. }) = &mut done {
            // Where uv chose the Python, only the environment it made knows which.
            let inside = interpreter(venv);
            *musl = python::is_built_for_musl(if inside.exists() { &inside } else { Path::new(&self.python) }).await;
        }
        done
    }
}

pub(super) fn interpreter(venv: &Path) -> PathBuf {
    venv.join("bin").join("python")
}

async fn ready(venv: &Path) -> Option<Interpreter> {
    let python = interpreter(venv);
    let locust = python::locust_version(&python).await?;
    Some(Interpreter { python, locust })
}

/// uv, if it is installed and runs (a version manager's shim may not).
async fn working_uv(path: &SearchPath) -> Option<PathBuf> {
    let uv = path.find("uv")?;
    let mut command = Command::new(&uv);
    without_tokens(&mut command)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let status = timeout(Duration::from_secs(30), command.status()).await.ok()?.ok()?;
    status.success().then_some(uv)
}

/// Runs one step; what it prints is kept for the error.
pub(super) async fn step(command: &mut Command) -> Result<(), ProcessError> {
    let shown = {
        let command = command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    };
    without_tokens(command).stdin(Stdio::null()).kill_on_drop(true);
    let failed =
        |how: String, output: String| ProcessError::Install { command: shown.clone(), how, output, musl: false };
    match timeout(STEP_TIMEOUT, command.output()).await {
        Err(_) => Err(failed(format!("did not end within {}", duration(STEP_TIMEOUT)), String::new())),
        Ok(Err(source)) => Err(ProcessError::Start { program: shown.clone(), source }),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            Err(failed(format!("failed ({})", output.status), super::log::tail(text.trim(), MOST_OUTPUT).into()))
        }
    }
}

/// Waits for the lock file; it is let go when the file is closed.
async fn lock(path: &Path, progress: &ProgressSink) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    let mut announced = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if announced => {}
            Err(TryLockError::WouldBlock) => {
                progress("waiting for another process that installs Locust");
                announced = true;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Mutex;

    use super::*;
    use crate::error::Explain;

    /// A folder with programs of our own, and a cache.
    struct Machine {
        dir: tempfile::TempDir,
        lines: Arc<Mutex<Vec<String>>>,
    }

    impl Machine {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("bin")).unwrap();
            Self { dir, lines: Arc::default() }
        }

        fn with(self, name: &str, shell: &str) -> Self {
            // A copy by another process: one that we had open for writing could not be run while another test forks.
            let (text, file) = (self.dir.path().join("text"), self.dir.path().join("bin").join(name));
            fs::write(&text, format!("#!/bin/sh\n{shell}\n")).unwrap();
            fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
            assert!(std::process::Command::new("/bin/cp").arg(&text).arg(&file).status().unwrap().success());
            self
        }

        async fn locust(&self) -> Result<Interpreter, ProcessError> {
            let lines = Arc::clone(&self.lines);
            let progress: ProgressSink = Arc::new(move |line| lines.lock().unwrap().push(line.to_owned()));
            let path = SearchPath::only(&self.dir.path().join("bin"));
            from_cache(&path, &self.dir.path().join("cache"), &progress).await
        }
    }

    /// Answers the two questions Python is asked; makes a copy of itself when asked for a virtual environment.
    const PYTHON: &str = r#"
        case "$*" in
            *version_info*) echo 3.12.4 ;;
            *HOST_GNU_TYPE*) echo x86_64-pc-linux-gnu ;;
            *importlib*) echo 2.47.0 ;;
            *"-m venv"*) /bin/mkdir -p "$3/bin" && /bin/cp "$0" "$3/bin/python" ;;
            *"-m pip"*) /bin/sleep 0.2; echo "$*" >> "${0%/cache/*}/installed" ;;
        esac"#;

    #[tokio::test]
    async fn two_at_once_install_once_and_a_third_finds_it() {
        let machine = Machine::new().with("python3", PYTHON);
        let (one, two) = tokio::join!(machine.locust(), machine.locust());
        let home =
            machine.dir.path().join("cache").join(format!("locust-2.47.0-python-3.12-{}", std::env::consts::ARCH));
        assert_eq!(one.unwrap(), Interpreter { python: home.join("bin/python"), locust: Version(2, 47, 0) });
        assert_eq!(two.unwrap().locust, Version(2, 47, 0));
        let lines = machine.lines.lock().unwrap().len();
        machine.locust().await.unwrap();
        let installed = fs::read_to_string(machine.dir.path().join("installed")).unwrap();
        assert_eq!(installed.lines().count(), 1, "{installed}");
        assert!(installed.contains("locust==2.47.0"), "{installed}");
        assert_eq!(machine.lines.lock().unwrap().len(), lines, "a third says nothing: it is there");
        let left: Vec<_> =
            fs::read_dir(machine.dir.path().join("cache")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "the environment and its lock, nothing half-built: {left:?}");
    }

    #[tokio::test]
    async fn what_is_missing_is_named_with_the_remedy() {
        let error = Machine::new().locust().await.unwrap_err();
        insta::assert_snapshot!(error, @"no Python was found on PATH, and Locust needs one");
        assert!(error.hint().unwrap().contains("3.11"));

        let old = Machine::new().with("python3", "echo 3.7.16");
        let error = old.locust().await.unwrap_err().to_string();
        assert!(error.starts_with("Python 3.7.16 (") && error.ends_with("is too old for Locust"), "{error}");

        let broken =
            Machine::new().with("python3", &PYTHON.replace("/bin/sleep 0.2;", "echo no wheels here >&2; exit 1;"));
        let error = broken.locust().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("-m pip install") && text.ends_with("no wheels here"), "{text}");
        assert!(error.hint().unwrap().contains("pip install locust"));
        let left: Vec<_> =
            fs::read_dir(broken.dir.path().join("cache")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 1, "only the lock: {left:?}");
    }

    #[tokio::test]
    async fn only_the_python_that_was_asked_makes_it_a_musl_system() {
        let without_wheels = PYTHON.replace("/bin/sleep 0.2;", "exit 1;");
        let hint = |python: String| async move {
            Machine::new().with("python3", &python).locust().await.unwrap_err().hint().unwrap()
        };
        // The files of musl may be on any machine: musl-tools brings them to Debian.
        let glibc = hint(without_wheels.clone()).await;
        assert!(glibc.contains("pip install locust") && !glibc.contains("musl"), "{glibc}");
        let musl = hint(without_wheels.replace("x86_64-pc-linux-gnu", "x86_64-alpine-linux-musl")).await;
        assert!(musl.contains("this Python is built for musl (Alpine)"), "{musl}");
    }

    #[tokio::test]
    async fn an_older_python_gets_the_newest_locust_that_fits_it() {
        let machine = Machine::new().with("python3", &PYTHON.replace("3.12.4", "3.9.18").replace("2.47.0", "2.34.0"));
        assert_eq!(machine.locust().await.unwrap().locust, Version(2, 34, 0));
        let installed = fs::read_to_string(machine.dir.path().join("installed")).unwrap();
        assert!(installed.contains("locust==2.34.0"), "{installed}");
    }
}
