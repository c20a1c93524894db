//! What a report format is.

use super::Story;
use crate::error::Explain;
use crate::exit::Exit;

/// A format that `gate` writes into the results folder.
pub struct Format {
    /// The file's name in the results folder; CircleCI stores it as an artifact of that name.
    pub file: &'static str,
    /// What the file contains, as the documentation describes it.
    pub about: &'static str,
    /// The file's content.
    pub render: fn(&Story<'_>, Option<Template<'_>>) -> Result<String, TemplateError>,
}

/// The template given with `--template`: its name for messages, and its text.
pub type Template<'a> = (&'a str, &'a str);

/// A template that cannot be parsed or rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to render the template {name}{}: {cause}{excerpt}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct TemplateError {
    pub(super) name: String,
    pub(super) line: Option<usize>,
    pub(super) cause: String,
    pub(super) excerpt: String,
}

impl Explain for TemplateError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("docs/template.md lists every name a template can use; without --template the built-in one is used".into())
    }
}
