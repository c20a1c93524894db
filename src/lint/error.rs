//! Why a script could not be checked.

use std::io;

use crate::error::Explain;
use crate::exit::Exit;
use crate::python::ParseError;

/// A script could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// The file cannot be read.
    #[error("failed to read {file}")]
    Read {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// The file is not UTF-8.
    #[error("{file} is not UTF-8 text")]
    Encoding {
        /// The file.
        file: String,
    },
    /// The file is not Python.
    #[error("{file} is not Python that can be read: {source}")]
    Parse {
        /// The file.
        file: String,
        /// The cause, with its place.
        source: ParseError,
    },
}

impl Explain for LintError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
