//! Writes every report of a story into the results folder.

use std::path::PathBuf;

use super::markdown::TemplateError;
use super::{Story, html, junit, markdown};
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

/// Writes `verdict.json`, `junit/loadforge.xml`, `report.html` and `summary.md`, and returns where they are.
/// `template` is the name and content of the file given with `--template`.
///
/// # Errors
/// When the folder cannot be written or the template is broken.
pub fn write(
    folder: &ResultsFolder,
    story: &Story<'_>,
    template: Option<(&str, &str)>,
) -> Result<Vec<PathBuf>, WriteError> {
    let verdict = folder.write_json(ResultsFolder::VERDICT, story.verdict)?;
    let junit = folder.write(ResultsFolder::JUNIT, junit::xml(story))?;
    let html = folder.write(ResultsFolder::REPORT, html::page(story))?;
    let summary = match markdown::summary(story, template) {
        Ok(summary) => folder.write(ResultsFolder::SUMMARY, summary)?,
        Err(error) => {
            folder.write(ResultsFolder::SUMMARY, markdown::summary(story, None)?)?;
            return Err(error.into());
        }
    };
    Ok(vec![summary, html, junit, verdict])
}
