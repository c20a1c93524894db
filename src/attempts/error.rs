//! Attempts that could not be read or written.

use std::io;
use std::path::PathBuf;

use crate::error::Explain;
use crate::exit::Exit;

/// The attempts could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AttemptsError {
    /// Reading failed.
    #[error("failed to read the attempts at this commit in {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Writing or locking failed.
    #[error("failed to write the attempts at this commit to {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Explain for AttemptsError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => {
                "--history DIR names a folder this user can read; --attempts last judges this attempt alone".into()
            }
            Self::Write { .. } => "--history DIR names a folder this user can write to".into(),
        })
    }
}
