//! One file per subcommand, each a few lines of story over the parts below.

mod baseline;
mod cancel;
mod comment;
mod completions;
mod demo;
mod doctor;
mod emulate;
mod gate;
mod init;
mod lint;
mod run;
mod schema;
mod wait;

use std::io;

use crate::cli::{Cli, Command};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::log;

/// Runs a command to its end and says on stderr why it failed, if it did.
#[must_use]
pub fn run(cli: Cli) -> Exit {
    log::init(cli.output.log());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(cause) => Err(CommandError::new(Exit::Unavailable, format!("failed to start the runtime: {cause}"))),
    };
    ended.unwrap_or_else(|failure| {
        tracing::error!("{failure}");
        failure.exit
    })
}

async fn dispatch(cli: Cli) -> Result<Exit, CommandError> {
    match cli.command {
        Command::Run(arguments) => run::run(&arguments).await,
        Command::Wait(arguments) => wait::run(&arguments).await,
        Command::Cancel(arguments) => cancel::run(&arguments).await,
        Command::Gate(arguments) => gate::run(&arguments, cli.output).await,
        Command::Comment(arguments) => comment::run(&arguments).await,
        Command::Schema(arguments) => schema::run(&arguments, io::stdout().lock()),
        Command::Completions(arguments) => completions::completions(&arguments, io::stdout().lock()),
        Command::Baseline(command) => baseline::run(&command, io::stdout().lock()),
        Command::Demo(arguments) => demo::run(&arguments, cli.output, io::stdout()).await,
        Command::Lint(arguments) => lint::run(&arguments, io::stdout().lock()),
        Command::Emulate(arguments) => emulate::run(&arguments, io::stdout()).await,
        Command::Init(arguments) => init::run(&arguments, io::stdout().lock()),
        Command::Man => completions::man(io::stdout().lock()),
        Command::Doctor(arguments) => doctor::run(&arguments, io::stdout()).await,
    }
}
