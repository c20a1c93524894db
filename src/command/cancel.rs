//! `cancel`: stop the recorded run, or those an older commit of this branch left behind.

use std::path::Path;

use crate::circleci::CircleCi;
use crate::cli::CancelArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::Session;
use crate::results::{Engine, ResultsFolder, RunRecord};
use crate::running::{self, Asking, Service};

pub(super) async fn run(arguments: &CancelArgs) -> Result<Exit, CommandError> {
    arguments.config.load_to_judge()?;
    let service = Service::remote(&arguments.service)?;
    let stop = running::stop_signals()?;
    let mut observer = running::log_event;
    let folder = ResultsFolder::new(&arguments.folder.results);
    let mut session = Session::new(service.client.clone(), folder, &mut observer, stop);
    let ci = running::environment(&arguments.build.build);
    if arguments.superseded {
        return superseded(&mut session, &arguments.folder.history, &ci).await;
    }
    let recorded: Option<RunRecord> = session.folder.read_json_if_there(ResultsFolder::RUN)?;
    if let Some(mut record) = recorded.filter(|_| arguments.run_id.is_none()) {
        let asking = Asking::of(&arguments.build, None, &ci);
        let api_url = service.client.url().to_string();
        asking.admit(&mut record, &session.folder, Some((Engine::Loadforge, &api_url)))?;
    }
    session.cancel(arguments.run_id).await?;
    Ok(Exit::Passed)
}

async fn superseded(session: &mut Session<'_>, history: &Path, ci: &CircleCi) -> Result<Exit, CommandError> {
    let CircleCi { branch, commit, .. } = ci;
    let (Some(branch), Some(commit)) = (branch, commit) else {
        return Err(CommandError::usage("--superseded needs to know branch and commit")
            .with_hint("run it in a CircleCI job (CIRCLE_BRANCH, CIRCLE_SHA1) or in a git repository"));
    };
    let mut records = records_below(session.folder.path());
    records.extend(records_below(history));
    let cancelled = session.cancel_superseded(branch, commit, &records).await?;
    if cancelled.is_empty() {
        tracing::info!("no run of an older commit of {branch} is going on");
    }
    Ok(Exit::Passed)
}

/// The run records of a folder and of the folders in it. What cannot be read is no record.
fn records_below(folder: &Path) -> Vec<RunRecord> {
    let inner = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(folder.to_owned())
        .chain(inner.filter(|path| path.is_dir()))
        .filter_map(|path| ResultsFolder::new(path).read_json_if_there(ResultsFolder::RUN).ok().flatten())
        .collect()
}
