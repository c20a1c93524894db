//! One file per subcommand, each a few lines of story over the parts below.

mod baseline;
mod bundle;
mod cancel;
mod comment;
mod compare;
mod completions;
mod demo;
mod doctor;
mod emulate;
mod gate;
mod init;
mod lint;
mod run;
mod schema;
mod secrets;
mod signal;
mod sync;
mod wait;

pub use secrets::register_environment;

use crate::cli::{self, Cli, Command};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::log;
use crate::stdout::Stdout;

/// Runs a command and prints on stderr why it failed, if it did.
#[must_use]
pub fn run(cli: Cli) -> Exit {
    log::init(cli.output.log());
    for sentence in cli::unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        tracing::warn!("{sentence}");
    }
    secrets::register_arguments(&cli.command);
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
        Command::Compare(arguments) => compare::run(&arguments, Stdout::default()),
        Command::Signal(arguments) => signal::run(&arguments).await,
        Command::Schema(arguments) => schema::run(&arguments, Stdout::default()),
        Command::Completions(arguments) => completions::completions(&arguments, Stdout::default()),
        Command::Baseline(command) => baseline::run(&command, Stdout::default()),
        Command::Demo(arguments) => demo::run(&arguments, cli.output, Stdout::default()).await,
        Command::Sync(arguments) => sync::run(&arguments, Stdout::default()).await,
        Command::Bundle(arguments) => bundle::run(&arguments, Stdout::default()),
        Command::Lint(arguments) => lint::run(&arguments, Stdout::default()),
        Command::Emulate(arguments) => emulate::run(&arguments, Stdout::default()).await,
        Command::Init(arguments) => init::run(&arguments, Stdout::default()),
        Command::Man => completions::man(Stdout::default()),
        Command::Doctor(arguments) => doctor::run(&arguments, Stdout::default()).await,
    }
}
