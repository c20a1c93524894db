//! Installing a pinned Locust once a machine.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::error::ProcessError;
use super::python::{self, Python, on_path};
use super::version::Version;
use super::{Interpreter, Progress};

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
pub(super) async fn from_cache(cache: &Path, progress: &Progress) -> Result<Interpreter, ProcessError> {
    let uv = working_uv().await;
    let found = python::find_python(NEWEST_LOCUST_NEEDS).await;
    let fit =
        |version: Version| LOCUST_BY_PYTHON.iter().find(|(needs, _)| version >= *needs).map(|(_, locust)| *locust);
    let (python, version, locust) = match (found, &uv) {
        (Some(Python { path, version }), uv) => match (fit(version), uv) {
            (Some(locust), _) => (path.to_string_lossy().into_owned(), version, locust),
            // uv brings a Python of its own.
            (None, Some(_)) => (format!("{}.{}", PYTHON_OF_UV.0, PYTHON_OF_UV.1), PYTHON_OF_UV, NEWEST_LOCUST),
            (None, None) => return Err(ProcessError::OldPython { python: path, found: version }),
        },
        (None, Some(_)) => (format!("{}.{}", PYTHON_OF_UV.0, PYTHON_OF_UV.1), PYTHON_OF_UV, NEWEST_LOCUST),
        (None, None) => return Err(ProcessError::NoPython),
    };
    let name = format!("locust-{locust}-python-{}.{}-{}", version.0, version.1, std::env::consts::ARCH);
    let home = cache.join(&name);
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
    progress(&format!("installing Locust {locust} once for this machine ({})", home.display()));
    // What is there is half or broken (its Python was removed); what is built beside appears whole or not at all.
    let aside = tempfile::Builder::new().prefix(".building-").tempdir_in(cache).map_err(cache_error)?;
    let venv = aside.path().join("venv");
    create(&venv, uv.as_deref(), &python, locust).await?;
    if home.exists() {
        fs::remove_dir_all(&home).map_err(cache_error)?;
    }
    fs::rename(&venv, &home).map_err(cache_error)?;
    progress(&format!("Locust {locust} is installed"));
    ready(&home).await.ok_or_else(|| ProcessError::Install {
        command: format!("{} -c 'import locust'", interpreter(&home).display()),
        how: "failed after the installation".into(),
        output: String::new(),
    })
}

async fn create(venv: &Path, uv: Option<&Path>, python: &str, locust: &str) -> Result<(), ProcessError> {
    let package = format!("locust=={locust}");
    let venv_text = venv.to_string_lossy();
    let inside = interpreter(venv);
    let inside_text = inside.to_string_lossy();
    if let Some(uv) = uv {
        step(Command::new(uv).args(["venv", "--quiet", "--python", python, &venv_text])).await?;
        return step(Command::new(uv).args(["pip", "install", "--quiet", "--python", &inside_text, &package])).await;
    }
    step(Command::new(python).args(["-m", "venv", &venv_text])).await?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", &package];
    step(Command::new(&inside).args(pip)).await
}

fn interpreter(venv: &Path) -> PathBuf {
    venv.join("bin").join("python")
}

async fn ready(venv: &Path) -> Option<Interpreter> {
    let python = interpreter(venv);
    let locust = python::locust_version(&python).await?;
    Some(Interpreter { python, locust })
}

/// uv, when it is there and runs (a version manager's stand-in may not).
async fn working_uv() -> Option<PathBuf> {
    let uv = on_path("uv")?;
    let mut command = Command::new(&uv);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let status = timeout(Duration::from_secs(30), command.status()).await.ok()?.ok()?;
    status.success().then_some(uv)
}

/// Runs one step; what it prints is kept for the error.
async fn step(command: &mut Command) -> Result<(), ProcessError> {
    let shown = {
        let command = command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    };
    command.stdin(Stdio::null()).kill_on_drop(true);
    let failed = |how: String, output: String| ProcessError::Install { command: shown.clone(), how, output };
    match timeout(STEP_TIMEOUT, command.output()).await {
        Err(_) => Err(failed(format!("did not end within {} s", STEP_TIMEOUT.as_secs()), String::new())),
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
async fn lock(path: &Path, progress: &Progress) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if told => {}
            Err(TryLockError::WouldBlock) => {
                progress("waiting for another process that installs Locust");
                told = true;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        sleep(Duration::from_millis(200)).await;
    }
}
