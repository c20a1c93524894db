//! `cancel`: stop the recorded run, or those an older commit of this branch left behind.

use std::path::Path;

use crate::circleci::{self, CircleCi};
use crate::cli::CancelArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::{Session, Superseded};
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
        return superseded(&mut session, arguments, &ci).await;
    }
    let asking = Asking::of(&arguments.build, arguments.config.selected(), &ci);
    running::take_started(&session.folder, &asking, arguments.run_id)?;
    let recorded: Option<RunRecord> = session.folder.read_json_if_there(ResultsFolder::RUN)?;
    if let Some(mut record) = recorded.filter(|_| arguments.run_id.is_none()) {
        let api_url = service.client.url().to_string();
        asking.admit(&mut record, &session.folder, Some((Engine::Loadforge, &api_url)))?;
    }
    session.cancel(arguments.run_id).await?;
    Ok(Exit::Passed)
}

async fn superseded(session: &mut Session<'_>, arguments: &CancelArgs, ci: &CircleCi) -> Result<Exit, CommandError> {
    let mut build = circleci::build(ci, arguments.config.selected());
    build.job_name = arguments.job.clone().or(build.job_name);
    let Some(branch) = build.branch.clone().filter(|_| build.commit.is_some()) else {
        if ci.present || build.commit.is_some() {
            let what =
                build.tag.as_ref().map_or_else(|| "a commit without a branch".to_owned(), |tag| format!("tag {tag}"));
            tracing::info!("this is a build of {what}, and only a branch moves on: there is nothing to stop");
            return Ok(Exit::Passed);
        }
        return Err(CommandError::usage("--superseded needs to know branch and commit").with_hint(
            "run it in a CircleCI job (CIRCLE_BRANCH, CIRCLE_SHA1) or in a git repository, or pass --branch and --commit",
        ));
    };
    let mut records = records_below(session.folder.path());
    records.extend(records_below(session.folder.started().path()));
    records.extend(records_below(session.folder.previous().path()));
    records.extend(records_below(&arguments.folder.history));
    let Superseded { cancelled, unknown } = session.cancel_superseded(&build, &records).await?;
    if !unknown.is_empty() {
        let ids = unknown.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        tracing::warn!(
            "left alone, because it is unknown whether an older commit of this job started it: run {ids} \
             (a saved test's run carries no commit)"
        );
    }
    if cancelled.is_empty() {
        let known = if unknown.is_empty() { "" } else { " known to be" };
        tracing::info!("no run{known} of an older commit of {branch} is running in this job");
    }
    Ok(Exit::Passed)
}

/// The run records of a folder and of the folders in it. What cannot be read is not a record.
fn records_below(folder: &Path) -> Vec<RunRecord> {
    let inner = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(folder.to_owned())
        .chain(inner.filter(|path| path.is_dir()))
        .filter_map(|path| ResultsFolder::new(path).read_json_if_there(ResultsFolder::RUN).ok().flatten())
        .collect()
}
