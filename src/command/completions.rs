//! `completions` and `man`: what clap makes of the command line's definition.

use std::io::Write;

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::stdout::printed;

pub(super) fn completions(arguments: &CompletionsArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    // clap_complete panics when its writer fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "loadforge-ci", &mut script);
    printed(sink.write_all(&script))?;
    Ok(Exit::Passed)
}

pub(super) fn man(mut sink: impl Write) -> Result<Exit, CommandError> {
    printed(clap_mangen::Man::new(Cli::command()).render(&mut sink))?;
    Ok(Exit::Passed)
}
