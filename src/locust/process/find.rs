//! Choosing the Locust to run: the project's requirements, its virtual environment, the one on PATH, else one of ours.

use std::path::{Path, PathBuf};

use super::error::ProcessError;
use super::install::{self, ProgressSink};
use super::python::{self, Interpreter, SearchPath};
use super::requirements::of_requirements;
use super::version::FITTING;
use crate::results::Requirements;

/// Where a project's own Locust may be.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocustSource<'a> {
    /// What has to be installed for the project.
    pub requirements: Option<&'a Requirements>,
    /// Folders of virtual environments of the project.
    pub environments: &'a [PathBuf],
}

/// The Locust that runs, and why it is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenLocust {
    /// The interpreter and its Locust.
    pub interpreter: Interpreter,
    /// Where it comes from, in words.
    pub origin: String,
    /// What comes first by the rules and is not used, in words.
    pub passed_over: Vec<String>,
}

impl ChosenLocust {
    /// The choice and its reason in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Interpreter { python, locust } = &self.interpreter;
        let mut words = format!("Locust {locust} of {} ({})", self.origin, python.display());
        for passed_over in &self.passed_over {
            words.push_str("; ");
            words.push_str(passed_over);
        }
        words
    }
}

/// Chooses the Locust to run, the first of these that is there and fits (2.15 or newer, below 3):
///
/// 1. an environment made of the project's requirements, when they are named: then no other is looked at;
/// 2. that of the active virtual environment (`VIRTUAL_ENV`), then that of the project's `.venv` or `venv`;
/// 3. the `locust` on PATH;
/// 4. a pinned one, installed once into the cache folder.
///
/// # Errors
/// When Python is missing or too old, or the installation fails.
pub async fn choose(
    cache: &Path,
    source: LocustSource<'_>,
    progress: &ProgressSink,
) -> Result<ChosenLocust, ProcessError> {
    let path = SearchPath::of_environment();
    if let Some(requirements) = source.requirements {
        let interpreter = of_requirements(&path, cache, requirements, progress).await?;
        let origin = format!("the requirements {}", requirements.file.display());
        return Ok(ChosenLocust { interpreter, origin, passed_over: Vec::new() });
    }
    let mut passed_over = Vec::new();
    let active = std::env::var_os("VIRTUAL_ENV").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let environments = active
        .iter()
        .chain(source.environments)
        .map(|folder| (install::interpreter(folder), format!("the virtual environment {}", folder.display())));
    let on_path =
        python::candidates_for_own_locust(&path).into_iter().map(|python| (python, "the `locust` on PATH".to_owned()));
    for (python, origin) in environments.chain(on_path) {
        let Some(locust) = python::locust_version(&python).await else { continue };
        if FITTING.contains(&locust) {
            return Ok(ChosenLocust { interpreter: Interpreter { python, locust }, origin, passed_over });
        }
        let bound = if locust < FITTING.start { "older than 2.15" } else { "newer than 2" };
        passed_over.push(format!("Locust {locust} of {origin} is {bound} and not used"));
    }
    let interpreter = install::from_cache(&path, cache, progress).await?;
    let origin = "the version that loadforge-ci installs".to_owned();
    Ok(ChosenLocust { interpreter, origin, passed_over })
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
