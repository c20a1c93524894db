//! `lint`: read Locust scripts for pitfalls.

use std::io::Write;

use crate::cli::{LintArgs, LintFormat};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::lint::{self, Checked};
use crate::stdout::{answer, printed};

pub(super) fn run(arguments: &LintArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let checked = arguments
        .files
        .iter()
        .map(|path| Ok(Checked { file: path.display().to_string(), diagnostics: lint::check_file(path)? }))
        .collect::<Result<Vec<_>, CommandError>>()?;
    let text = match arguments.format {
        LintFormat::Text => lint::render_text(&checked),
        LintFormat::Json => lint::render_json(&checked),
    };
    let written = printed(sink.write_all(text.as_bytes()).and_then(|()| sink.flush()));
    answer(lint::exit(checked.iter().flat_map(|file| &file.diagnostics)), written)
}
