//! Writes every report of a story into the results folder.

use std::path::PathBuf;

use super::format::TemplateError;
use super::{FORMATS, Story, Template};
use crate::error::Explain;
use crate::exit::Exit;
use crate::results::{FolderError, ResultsFolder};

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder could not be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The template given with `--template` is broken. Every other report, and the built-in summary, was written.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl Explain for WriteError {
    fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => error.exit(),
            Self::Template(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Folder(error) => error.hint(),
            Self::Template(error) => error.hint(),
        }
    }
}

/// Writes every format of [`FORMATS`], and returns where the files are. `template` is the file given with `--template`;
/// when it is broken, the built-in one is used and the error returned once everything is written.
///
/// # Errors
/// When the folder cannot be written or the template is broken.
pub fn write(
    folder: &ResultsFolder,
    story: &Story<'_>,
    template: Option<Template<'_>>,
) -> Result<Vec<PathBuf>, WriteError> {
    let mut broken = None;
    let mut files = Vec::with_capacity(FORMATS.len());
    for format in FORMATS {
        let text = match (format.render)(story, template) {
            Ok(text) => text,
            Err(error) => {
                broken = Some(error);
                (format.render)(story, None)?
            }
        };
        files.push(folder.write(format.file, text)?);
    }
    broken.map_or(Ok(files), |error| Err(error.into()))
}
