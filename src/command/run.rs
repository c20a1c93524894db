//! `run`: start a run or adopt the recorded one, follow it, collect its results.

use crate::circleci;
use crate::cli::RunArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::results::{Engine, ResultsFolder};
use crate::running::{self, Service};

pub(super) async fn run(arguments: &RunArgs) -> Result<Exit, CommandError> {
    let config = arguments.config.load()?;
    let plan = running::plan(arguments, &config, &circleci::environment())?;
    let folder = ResultsFolder::new(&arguments.folder.results);
    let service = match plan.engine {
        Engine::Loadforge => Service::remote(&arguments.service)?,
        Engine::Local if plan.detach => {
            return Err(CommandError::usage(
                "--detach leaves nothing behind with --engine local: the server ends with the command",
            )
            .with_hint("leave --detach out, or start `loadforge-ci emulate` and name it with --api-url"));
        }
        Engine::Local => Service::local(plan.local).await?,
    };
    let ended = running::execute(&service, &plan, folder, &config).await;
    service.close().await;
    Ok(running::report_outcome(&ended?))
}
