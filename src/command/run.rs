//! `run`: start a run or adopt the recorded one, follow it, collect its results.

use crate::circleci;
use crate::cli::RunArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::judging;
use crate::release::check_window;
use crate::results::{Build, Engine, ResultsFolder, RunIdentity};
use crate::running::{self, Preflight, Service, StopRules};

pub(super) async fn run(arguments: &RunArgs) -> Result<Exit, CommandError> {
    let ci = running::environment(&arguments.build);
    let build = circleci::build(&ci, arguments.config.selected());
    let api_url = running::api_url(&arguments.service).map_or_else(|_| String::new(), |url| url.to_string());
    let identity = RunIdentity { build, ..RunIdentity::new(arguments.test.engine, api_url) };
    let folder = ResultsFolder::new(&arguments.folder.results);
    running::leave_other_builds(&folder, &identity)?;
    if arguments.test.engine == Engine::Loadforge && running::is_left_to_container_0(&ci) {
        return Ok(Exit::Passed);
    }
    let ended = carry_out(arguments, &identity.build, folder.clone()).await;
    if let Err(fault) = &ended {
        running::record_failure(&folder, &identity, fault);
    }
    ended
}

async fn carry_out(arguments: &RunArgs, build: &Build, folder: ResultsFolder) -> Result<Exit, CommandError> {
    let config = arguments.config.load()?;
    judging::check(&config, &arguments.checked)?;
    let plan = running::plan(arguments, &config, build)?;
    if let Some(window) = arguments.window
        && let Some(remark) = check_window(plan.duration, window.to_std())?
    {
        tracing::warn!("{remark}");
    }
    let stop_rules = StopRules::of(&arguments.stop, &config, plan.engine)?;
    if let Some(control) = running::control_host(arguments.checked.control_host.as_ref(), &config)? {
        running::check_control(&control, &plan)?;
    }
    running::report_locust_settings(arguments, &config, &plan);
    let service = match plan.engine {
        // `--engine` never names files.
        Engine::Loadforge | Engine::Csv => Service::remote(&arguments.service)?,
        Engine::Local if plan.detach => {
            return Err(CommandError::usage(
                "--detach leaves nothing behind with --engine local: the server ends with the command",
            )
            .with_hint("leave --detach out, or start `loadforge-ci emulate` and name it with --api-url"));
        }
        Engine::Local => Service::local(plan.local).await?,
    };
    let gates = judging::gates(&config, &arguments.checked.gate)?;
    let preflight = if arguments.no_preflight { Preflight::Skip } else { Preflight::Check };
    let ended = running::execute(&service, &plan, folder, &config, preflight, Some((stop_rules, &gates))).await;
    service.close().await;
    Ok(running::report_outcome(&ended?))
}
