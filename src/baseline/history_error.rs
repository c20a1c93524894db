//! A history that could not be read or written.

use std::io;
use std::path::PathBuf;

use crate::error::Explain;
use crate::exit::Exit;

/// The history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Reading failed.
    #[error("failed to read the history {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Writing or locking failed.
    #[error("failed to write the history {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Explain for HistoryError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "--history DIR names a folder this user can read".into(),
            Self::Write { .. } => "--history DIR names a folder this user can write to".into(),
        })
    }
}
