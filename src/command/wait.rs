//! `wait`: follow and collect a run started earlier.

use std::time::Duration;

use crate::circleci;
use crate::cli::WaitArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::{Session, WaitPlan};
use crate::results::{Engine, ResultsFolder, RunRecord};
use crate::running::{self, Service};

/// Time allowed beside the run itself.
const SPARE: Duration = Duration::from_secs(15 * 60);

/// The longest run LoadForge takes, for a run of which nothing is known.
const LONGEST: Duration = Duration::from_secs(720 * 60);

pub(super) async fn run(arguments: &WaitArgs) -> Result<Exit, CommandError> {
    let config = arguments.config.load()?;
    let ci = circleci::environment();
    let folder = ResultsFolder::new(&arguments.folder.results);
    let record: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
    let variables = record.as_ref().and_then(|record| Some(record.recipe.as_ref()?.env.clone())).unwrap_or_default();
    for name in running::register_variables(&config, &arguments.env, &variables) {
        tracing::warn!(
            "the run was handed {name}, whose value is not known here and cannot be hidden: set {name} in this job too, \
             or pass --env {name}=VALUE"
        );
    }
    let recorded = record.and_then(|record| record.fingerprint.duration_s).map(Duration::from_secs);
    let duration = recorded.or(config.test.duration.map(crate::config::Duration::to_std));
    let asked = arguments.timeout.or(config.test.timeout).map(crate::config::Duration::to_std);
    let plan = WaitPlan {
        run_id: arguments.run_id,
        duration,
        timeout: asked.unwrap_or_else(|| duration.unwrap_or(LONGEST).saturating_add(SPARE)),
        engine: Engine::Loadforge,
        job: ci.job_id,
        commit: ci.commit,
        branch: ci.branch,
    };
    let service = Service::remote(&arguments.service)?;
    let stop = running::stop_signals()?;
    let mut observer = running::log_event;
    let mut session = Session::new(service.client.clone(), folder, &mut observer, stop);
    let ended = session.wait(&plan).await?;
    Ok(running::report_outcome(&ended))
}
