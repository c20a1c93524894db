//! Finding the Locust to run: the user's own when it fits, else one of ours.

use std::path::{Path, PathBuf};

use super::error::ProcessError;
use super::install::{self, ProgressSink};
use super::python::{self, Interpreter, SearchPath};
use super::version::Version;

/// The oldest Locust our launcher runs under, and the first it was not tried with.
const FITTING: std::ops::Range<Version> = Version(2, 15, 0)..Version(3, 0, 0);

/// The Locust on PATH when its version fits (2.15 or newer), else one that is installed once into the cache folder.
///
/// # Errors
/// When Python is missing or too old, or the installation fails.
pub async fn find_or_install(cache: &Path, progress: &ProgressSink) -> Result<Interpreter, ProcessError> {
    match find().await {
        Some(found) => Ok(found),
        None => install::from_cache(&SearchPath::of_environment(), cache, progress).await,
    }
}

/// The Locust on PATH when its version fits (2.15 or newer).
pub async fn find() -> Option<Interpreter> {
    for python in python::candidates_for_own_locust(&SearchPath::of_environment()) {
        if let Some(locust) = python::locust_version(&python).await.filter(|locust| FITTING.contains(locust)) {
            return Some(Interpreter { python, locust });
        }
    }
    None
}

/// Where what is installed once is kept: LOADFORGE_CI_CACHE_DIR, else this platform's cache folder.
///
/// # Errors
/// When the home folder is not known.
pub fn cache_folder() -> Result<PathBuf, ProcessError> {
    use etcetera::BaseStrategy;
    if let Some(folder) = std::env::var_os("LOADFORGE_CI_CACHE_DIR").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let base = etcetera::choose_base_strategy()
        .map_err(|error| ProcessError::Cache { folder: "loadforge-ci".into(), source: std::io::Error::other(error) })?;
    Ok(base.cache_dir().join("loadforge-ci"))
}
