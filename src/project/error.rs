//! Why a project cannot be taken along.

use std::io;
use std::path::PathBuf;

use crate::error::Explain;
use crate::exit::Exit;
use crate::text::counted;

/// A project cannot be taken along.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file or folder cannot be read.
    #[error("failed to read {path}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A script is not in the project's folder.
    #[error("{script} is not in the folder {folder}, which Locust runs in a copy of")]
    Outside {
        /// The script.
        script: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds more than is copied.
    #[error("{} holds more than {limit}, most of it in {most}", folder.display())]
    TooLarge {
        /// The folder.
        folder: PathBuf,
        /// The limit that was passed, in words.
        limit: String,
        /// Where most of it is.
        most: String,
    },
    /// A name that the program cannot pass on.
    #[error("the path {0} is not Unicode")]
    NotUnicode(PathBuf),
}

impl ProjectError {
    /// More files than are copied.
    pub(super) fn too_many(folder: PathBuf, limit: usize, most: String) -> Self {
        Self::TooLarge { folder, limit: counted(limit, "file"), most }
    }
}

impl Explain for ProjectError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => Some("the path is relative to the folder of loadforge.yml, or of the command".into()),
            Self::Outside { .. } => Some("name a folder above the script with test.folder or --folder".into()),
            Self::TooLarge { most, .. } => Some(format!(
                "leave out what the script does not need (`test.exclude: [{most}]` or --exclude {most}), or keep the script \
                 in a folder of its own"
            )),
            Self::NotUnicode(_) => None,
        }
    }
}
