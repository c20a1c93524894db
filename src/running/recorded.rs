//! The run that a results folder holds: whether it is this build's, and what happened to it.

use crate::circleci::{self, CircleCi};
use crate::cli::{BuildArgs, RecordedBuildArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::log::warn;
use crate::results::{
    Build, ConfigChoice, Engine, Fingerprint, IdentityMatch, Relation, ResultsFolder, RunFailure, RunIdentity,
    RunRecord,
};

/// The environment, with the commit and branch of the flags.
pub(crate) fn environment(arguments: &BuildArgs) -> CircleCi {
    arguments.applied_to(circleci::environment())
}

/// A build that asks for a run that is recorded.
pub(crate) struct Asking {
    pub(crate) build: Build,
    named: Build,
    allow_other: bool,
}

impl Asking {
    /// The build of this process, by its environment and the flags.
    pub(crate) fn of(arguments: &RecordedBuildArgs, selected: ConfigChoice<'_>, ci: &CircleCi) -> Self {
        let BuildArgs { commit, branch } = arguments.build.clone();
        Self {
            build: circleci::build(ci, selected),
            named: Build { commit, branch, ..Build::default() },
            allow_other: arguments.allow_other_commit,
        }
    }

    /// Checks that the recorded run is this build's, at the service named where one is. What the record leaves open is
    /// taken from the flags.
    ///
    /// # Errors
    /// When it is another commit's, or left over from another job or service.
    pub(crate) fn admit(
        &self,
        record: &mut RunRecord,
        folder: &ResultsFolder,
        service: Option<(Engine, &str)>,
    ) -> Result<(), CommandError> {
        let build = &mut record.identity.build;
        build.commit = build.commit.take().or_else(|| self.named.commit.clone());
        build.branch = build.branch.take().or_else(|| self.named.branch.clone());
        let comparison = record.identity.compare(&self.build, service);
        let foreign = comparison.relation == Relation::OtherService;
        if comparison.is_of_this_build() || (self.allow_other && !foreign) {
            return Ok(());
        }
        // An unknown build contradicts nothing.
        if comparison.relation == Relation::OtherCommit && self.build.commit.is_none() {
            let held = held(record, folder);
            tracing::warn!("{held}; the commit of this build is unknown, so the two were not compared");
            return Ok(());
        }
        Err(refusal(record, folder, &comparison, &self.build))
    }
}

fn held(record: &RunRecord, folder: &ResultsFolder) -> String {
    let run = match record.identity.engine {
        Engine::Csv => "Locust CSV files".to_owned(),
        Engine::Loadforge | Engine::Local => record.run_id.map_or_else(|| "a run".to_owned(), |id| format!("run {id}")),
    };
    format!("{} holds {run} of {}", folder.path().display(), record.identity.build)
}

fn refusal(record: &RunRecord, folder: &ResultsFolder, comparison: &IdentityMatch, asked: &Build) -> CommandError {
    let held = held(record, folder);
    let differing = comparison.difference.as_ref().map_or_else(String::new, ToString::to_string);
    let RunIdentity { engine, api_url, .. } = &record.identity;
    match comparison.relation {
        Relation::OtherService if *engine == Engine::Local => CommandError::usage(format!(
            "{held}, which the local engine ran; it ended with its command, and no service knows it"
        ))
        .with_hint("start another with `loadforge-ci run`, or name a run of LoadForge with --run-id"),
        Relation::OtherService if *engine == Engine::Csv => {
            CommandError::usage(format!("{held}, which `gate --from` judged; no service knows them"))
                .with_hint("name another folder with --results, or a run of LoadForge with --run-id")
        }
        Relation::OtherService => CommandError::usage(format!("{held}, which belongs to another service: {differing}"))
            .with_hint(format!("pass --api-url {api_url}, or name a run of this service with --run-id")),
        Relation::OtherCommit => CommandError::usage(match &comparison.difference {
            Some(difference) if difference.field == "repository" => format!("{held}, of another {differing}"),
            _ => format!("{held}, and this build is {asked}"),
        })
        .with_hint("run the test for this commit, or pass --allow-other-commit to use these results on purpose"),
        _ => CommandError::usage(format!("{held}, left there by another job of this commit: another {differing}"))
            .with_hint("run the test in this job, or pass --allow-other-commit to use these results on purpose"),
    }
}

/// Whether this is one of a job's parallel containers that leave a cloud test to container 0; logs it.
pub(crate) fn is_left_to_container_0(ci: &CircleCi) -> bool {
    let left = ci.present && ci.node_total > 1 && ci.node_index > 0;
    if left {
        let (index, total) = (ci.node_index, ci.node_total);
        tracing::info!(
            "container {index} of {total} (counted from 0): container 0 runs the load test, nothing to do here"
        );
    }
    left
}

/// Moves another build's run out of the results folder before anything else happens, so that nothing of it can be taken
/// for this build's, whatever goes wrong later. A record that cannot be read is another build's.
pub(crate) fn leave_other_builds(folder: &ResultsFolder, identity: &RunIdentity) -> Result<(), CommandError> {
    let service = Some((identity.engine, identity.api_url.as_str()));
    let recorded: Option<RunRecord> = match folder.read_json_if_there(ResultsFolder::RUN) {
        Ok(recorded) => recorded,
        Err(fault) => {
            warn("the recorded run cannot be used", &fault);
            None
        }
    };
    let kept = recorded.as_ref().is_some_and(|record| {
        let comparison = record.identity.compare(&identity.build, service);
        let same_attempt = comparison.relation == Relation::SameRun && identity.build.job_id.is_some();
        comparison.may_continue() && (same_attempt || !record.collected)
    });
    if kept { Ok(()) } else { set_aside(folder, recorded.as_ref()) }
}

fn set_aside(folder: &ResultsFolder, record: Option<&RunRecord>) -> Result<(), CommandError> {
    if !folder.set_aside()? {
        return Ok(());
    }
    let previous = folder.previous();
    let to = previous.path().display();
    match record {
        Some(record) => tracing::info!("{}, which is not this build's; moved to {to}", held(record, folder)),
        None => tracing::info!("moved the results that were in {} to {to}", folder.path().display()),
    }
    if let Some(record) = record
        && record.run_id.is_some()
        && record.identity.engine == Engine::Loadforge
        && !record.state().is_some_and(crate::results::RunState::is_end)
    {
        let run_id = record.run_id.unwrap_or_default();
        tracing::warn!("run {run_id} may still be running; stop it with `loadforge-ci cancel --run-id {run_id}`");
    }
    Ok(())
}

/// Records that `run` failed, so that `gate` says so and judges nothing. A run of this build that is going on stays
/// recorded.
pub(crate) fn record_failure(folder: &ResultsFolder, identity: &RunIdentity, fault: &CommandError) {
    let service = Some((identity.engine, identity.api_url.as_str()));
    let recorded: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN).ok().flatten();
    let ours = recorded.filter(|record| {
        let comparison = record.identity.compare(&identity.build, service);
        comparison.may_continue() && !record.collected
    });
    let failure = Some(RunFailure { exit: fault.exit.code(), message: fault.message.clone() });
    let record = match ours {
        Some(record) => RunRecord { failure, ..record },
        None => {
            if let Err(fault) = folder.set_aside() {
                warn("the results of the run before stay", &fault);
            }
            let fingerprint = Fingerprint { engine: identity.engine, ..Fingerprint::default() };
            RunRecord { failure, ..RunRecord::new(identity.clone(), "", fingerprint) }
        }
    };
    if let Err(fault) = folder.write_json(ResultsFolder::RUN, &record) {
        warn("the failure was not recorded", &fault);
    }
}

/// Why a run that failed to start cannot be judged or waited for; `None` when it did not fail.
pub(crate) fn failed(record: &RunRecord) -> Option<CommandError> {
    let RunFailure { exit, message } = record.failure.as_ref()?;
    let exit = Exit::of_code(*exit).unwrap_or(Exit::RunIncomplete);
    let run = match record.run_id {
        Some(id) if !record.collected => format!(" (run {id} may still be running)"),
        _ => String::new(),
    };
    Some(CommandError::new(exit, format!("this build's run failed, and there is nothing to judge{run}: {message}")))
}
