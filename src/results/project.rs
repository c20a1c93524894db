//! A script's project: what a run takes of it, and how it reaches our own server.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run takes of a script's project, as asked for. Paths are relative to the folder of the command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProjectOptions {
    /// The folder that Locust runs in a copy of; `None` is the script's own.
    pub folder: Option<String>,
    /// Further scripts that are loaded beside the first.
    pub more_locustfiles: Vec<String>,
    /// What is taken although `.gitignore` or its name leaves it out, in the syntax of `.gitignore`.
    pub include: Vec<String>,
    /// What is left out, in the syntax of `.gitignore`.
    pub exclude: Vec<String>,
    /// The requirements file, or a `pyproject.toml` with its extras: `pyproject.toml[perf]`.
    pub requirements: Option<String>,
    /// Whether the local engine runs what LoadForge would get: one script with its modules bundled, and no other file.
    pub bundled: bool,
    /// What Locust is told.
    pub locust: LocustOptions,
}

/// What Locust is told beside users, time and host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LocustOptions {
    /// Run only tasks with one of these tags.
    pub tags: Vec<String>,
    /// Run no task with one of these tags.
    pub exclude_tags: Vec<String>,
    /// The user classes to run; empty for all.
    pub user_classes: Vec<String>,
    /// Arguments that the script defines itself, as on Locust's command line.
    pub arguments: Vec<String>,
}

impl LocustOptions {
    /// Whether Locust is told nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The field `x_loadforge_ci` of `POST /tests`: the project of a test's script, for our own server on the same machine.
/// LoadForge is never sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalProject {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// The files to copy, relative to the folder, with `/`.
    pub files: Vec<String>,
    /// The scripts among them. The text of the first is the test's `locustfile`.
    pub scripts: Vec<String>,
    /// What has to be installed.
    pub requirements: Option<Requirements>,
    /// Locust's configuration files, each before those that win over it.
    pub config_files: Vec<PathBuf>,
    /// Where a virtual environment of the project may be.
    pub environments: Vec<PathBuf>,
    /// What Locust is told.
    pub options: LocustOptions,
}

/// The packages that a script needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// A requirements file or a `pyproject.toml`, absolute.
    pub file: PathBuf,
    /// Extras of the `pyproject.toml`.
    pub extras: Vec<String>,
}

impl Requirements {
    /// Whether the file is a `pyproject.toml`, whose dependencies are taken and not the project itself.
    #[must_use]
    pub fn is_pyproject(&self) -> bool {
        self.file.extension().is_some_and(|extension| extension == "toml")
    }
}
