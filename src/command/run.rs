//! `run`: start a run or adopt the recorded one, follow it, collect its results.

use url::Url;

use super::service::{Service, say};
use super::{commit, configuration, plan};
use crate::cli::RunArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::{RunEnd, RunOutcome, RunPlan, Session, StopSignals};
use crate::results::{Engine, ResultsFolder};

pub(super) async fn run(arguments: &RunArgs) -> Result<Exit, CommandError> {
    let config = configuration(&arguments.config)?;
    let plan = plan::of(arguments, &config, &commit::environment())?;
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
    let ended = execute(&service, &plan, folder, &config).await;
    service.close().await;
    Ok(told(&ended?))
}

/// Carries a plan out against a service.
pub(super) async fn execute(
    service: &Service,
    plan: &RunPlan,
    folder: ResultsFolder,
    config: &Config,
) -> Result<RunEnd, CommandError> {
    // Before anything is sent, so that no signal finds a run without somebody to cancel it.
    let stop = StopSignals::on_signals()
        .map_err(|cause| CommandError::new(Exit::Unavailable, format!("failed to listen for signals: {cause}")))?;
    let mut observer = say;
    let mut session = Session { client: service.client.clone(), folder, observer: &mut observer, stop };
    let target = session.resolve(plan).await?;
    // A saved test brings its own host, which is known only now; nothing is started yet.
    plan::guard(config, target.fingerprint.host.as_deref().and_then(|host| host.parse::<Url>().ok()).as_ref())?;
    Ok(session.run(plan, &target).await?)
}

/// Says how the run ended and what is wrong with what it measured.
pub(super) fn told(ended: &RunEnd) -> Exit {
    let sentence = ended.sentence();
    match ended.outcome {
        RunOutcome::Finished | RunOutcome::Detached => tracing::info!("{sentence}"),
        _ => tracing::error!("{sentence}"),
    }
    for problem in ended.results.iter().flat_map(|results| &results.problems).chain(&ended.problems) {
        match &problem.detail {
            Some(detail) => tracing::warn!("{}\n{detail}", problem.message),
            None => tracing::warn!("{}", problem.message),
        }
    }
    ended.exit()
}
