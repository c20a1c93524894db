//! Why Locust could not be found, installed or started.

use std::io;
use std::path::PathBuf;

use super::version::Version;
use crate::error::Explain;
use crate::exit::Exit;

/// Locust could not be found, installed or started.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Python is missing.
    #[error("no Python was found on PATH, and Locust needs one")]
    NoPython,
    /// There is a Python, but Locust does not run on it.
    #[error("Python {found} ({python}) is too old for Locust")]
    OldPython {
        /// The newest Python found.
        python: PathBuf,
        /// Its version.
        found: Version,
    },
    /// The cache folder could not be found out, made or locked.
    #[error("failed to prepare the cache folder {folder}")]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The installer failed.
    #[error("failed to install the packages: `{command}` {how}:\n{output}")]
    Install {
        /// What was run.
        command: String,
        /// How it ended.
        how: String,
        /// The last lines it printed.
        output: String,
        /// Whether the Python that Locust was installed for is linked against musl, as on Alpine.
        musl: bool,
    },
    /// The project's requirements cannot be read.
    #[error("failed to read the requirements {file}")]
    Requirements {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The project's requirements ask for a Locust that our launcher does not run under.
    #[error("{file} asks for Locust {found}, which cannot be used here")]
    UnfitLocust {
        /// The requirements file.
        file: PathBuf,
        /// The version it leads to.
        found: Version,
    },
    /// A program could not be started.
    #[error("failed to start {program}")]
    Start {
        /// The program.
        program: String,
        /// The cause.
        source: io::Error,
    },
    /// The folder of the run could not be used.
    #[error("failed to use the run's folder {folder}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Explain for ProcessError {
    fn exit(&self) -> Exit {
        Exit::RunIncomplete
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoPython | Self::OldPython { .. } => {
                "install Python 3.11 or newer (3.9 is the oldest that works), or uv, or use an image with Python such \
                 as cimg/python:3.12"
                    .into()
            }
            Self::Cache { .. } => "LOADFORGE_CI_CACHE_DIR names a folder this user can write to".into(),
            Self::Install { musl: true, .. } => {
                "this Python is built for musl (Alpine): Locust's dependencies have no ready-made packages for it. Use an \
                 image with glibc such as cimg/python:3.12, or install Locust before this step"
                    .into()
            }
            Self::Install { output, .. } if output.contains("ensurepip") => {
                "Python's venv module is incomplete here: install the package python3-venv, or uv".into()
            }
            Self::Install { command, .. } if command.contains(" -r ") => {
                "correct the requirements, or let this machine reach a package index: PIP_INDEX_URL, pip.conf and UV_INDEX_URL \
                 are honored"
                    .into()
            }
            Self::Install { .. } => {
                "install Locust 2.15 or newer yourself (`pip install locust`) so that `locust` is on PATH, or let this \
                 machine reach a Python package index"
                    .into()
            }
            Self::Requirements { .. } => "test.requirements or --requirements names a requirements file, or a \
                                          pyproject.toml with extras such as pyproject.toml[perf]"
                .into(),
            Self::UnfitLocust { .. } => "ask for `locust>=2.15,<3` there".into(),
            Self::Start { .. } => "see whether the program can be run by this user".into(),
            Self::Folder { .. } => "the disk may be full, or the folder not writable".into(),
        })
    }
}
