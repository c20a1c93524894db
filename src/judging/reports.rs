//! Writing every report of a run that was judged.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::judged_run::JudgedRun;
use crate::cli::OutputArgs;
use crate::error::CommandError;
use crate::log::warn;
use crate::report::{self, console};
use crate::results::ResultsFolder;
use crate::stdout::{Stdout, printed};

/// Writes the files and prints the verdict, whatever becomes of the files.
///
/// # Errors
/// When a file cannot be written, or the template cannot be used.
pub(crate) fn write_reports(
    judged: &JudgedRun,
    template: Option<&(String, String)>,
    output: OutputArgs,
) -> Result<(), CommandError> {
    let story = judged.story();
    let template = template.map(|(name, text)| (name.as_str(), text.as_str()));
    let (files, ended) = match report::files::write(&judged.folder, &story, template) {
        Ok(files) => (files, Ok(())),
        Err(fault) => (Vec::new(), Err(fault.into())),
    };
    if let Err(fault) = judged.folder.write_json(ResultsFolder::LINKS, &judged.links) {
        warn("links.json was not written", &fault);
    }
    let color = output.color.applies(io::stdout().is_terminal());
    let mut options = console::ConsoleOptions { color, files, ..console::ConsoleOptions::default() };
    // A terminal is wrapped to, a build log shows about what is usual.
    if let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()) {
        options.width = usize::from(width.0);
    }
    let mut stdout = Stdout::default();
    if let Err(fault) = printed(console::write(&mut stdout, &story, &options).and_then(|()| stdout.flush())) {
        // A full disk under stdout is no reason to end with another code than the verdict's.
        tracing::warn!("{fault}; the verdict is in {}", judged.folder.file(ResultsFolder::VERDICT).display());
    }
    ended
}

/// The name and text of the file given with `--template`.
pub(crate) fn read_template(path: Option<&Path>) -> Result<Option<(String, String)>, CommandError> {
    let Some(path) = path else { return Ok(None) };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((name, text))),
        Err(cause) => Err(CommandError::usage(format!("failed to read the template {name}: {cause}"))
            .with_hint("--template names a minijinja file; docs/template.md lists what it can use")),
    }
}
