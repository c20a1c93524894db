//! `wait`: follow and collect a run started earlier.

use std::time::Duration;

use crate::cli::WaitArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::judging;
use crate::loadforge::{Session, WaitPlan};
use crate::log::has_status_line;
use crate::results::{Engine, ResultsFolder, RunRecord};
use crate::running::{self, Asking, Service, StopRules};

/// Time allowed beside the run itself.
const SPARE: Duration = Duration::from_secs(15 * 60);

/// The longest run LoadForge takes, for a run of which nothing is known.
const LONGEST: Duration = Duration::from_secs(720 * 60);

pub(super) async fn run(arguments: &WaitArgs) -> Result<Exit, CommandError> {
    let config = arguments.config.load_to_judge()?;
    judging::check(&config, &arguments.checked)?;
    let stop_rules = StopRules::of(&arguments.stop, &config, Engine::Loadforge)?;
    running::control_host(arguments.checked.control_host.as_ref(), &config)?;
    let ci = running::environment(&arguments.build.build);
    let asking = Asking::of(&arguments.build, arguments.config.selected(), &ci);
    let folder = ResultsFolder::new(&arguments.folder.results);
    if !folder.file(ResultsFolder::RUN).exists() && running::is_left_to_container_0(&ci) {
        return Ok(Exit::Passed);
    }
    running::take_started(&folder, &asking, arguments.run_id)?;
    let recorded: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
    let recorded = recorded.filter(|record| arguments.run_id.is_none() || record.run_id == arguments.run_id);
    let api_url = running::api_url(&arguments.service)?.to_string();
    if let Some(mut record) = recorded.clone() {
        let done = record.collected && arguments.run_id.is_none();
        // A collected run needs no service any more.
        let service = (!done).then_some((Engine::Loadforge, api_url.as_str()));
        asking.admit(&mut record, &folder, service)?;
        if let Some(fault) = running::failed(&record).filter(|_| record.run_id.is_none()) {
            return Err(fault);
        }
        if done {
            let run = record.run_id.map_or_else(|| "the run".to_owned(), |id| format!("run {id}"));
            tracing::info!("{run} is collected already in {}; there is nothing to wait for", folder.path().display());
            return Ok(Exit::Passed);
        }
    }
    let fingerprint = recorded.as_ref().map(|record| record.fingerprint.clone()).unwrap_or_default();
    let variables = recorded.as_ref().and_then(|record| Some(record.recipe.as_ref()?.env.clone())).unwrap_or_default();
    for name in running::register_variables(&config, &arguments.env, &variables) {
        tracing::warn!(
            "the run was handed {name}, whose value is not known here and cannot be hidden: set {name} in this job too, \
             or pass --env {name}=VALUE"
        );
    }
    let recorded = recorded.and_then(|record| record.fingerprint.duration_s).map(Duration::from_secs);
    let duration = recorded.or(config.test.duration.map(crate::config::Duration::to_std));
    let asked = arguments.timeout.or(config.test.timeout).map(crate::config::Duration::to_std);
    let plan = WaitPlan {
        run_id: arguments.run_id,
        duration,
        timeout: asked.unwrap_or_else(|| duration.unwrap_or(LONGEST).saturating_add(SPARE)),
        engine: Engine::Loadforge,
        build: asking.build,
    };
    let service = Service::remote(&arguments.service)?;
    let stop = running::stop_signals()?;
    let mut observer = running::log_event;
    let mut session = Session::new(service.client.clone(), folder, &mut observer, stop);
    session.live_line = has_status_line();
    session.watch = stop_rules.watch(&fingerprint, &judging::gates(&config, &arguments.checked.gate)?);
    let ended = session.wait(&plan).await?;
    Ok(running::report_outcome(&ended))
}
