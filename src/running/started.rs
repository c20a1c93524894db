//! Taking over the run that another job of this workflow started with `--detach`.
//!
//! Jobs share files through a workspace, where a file of one job replaces that of the same name of another. So the orb keeps
//! the record of each started run in a folder of its job, beside the results folder.

use std::fs;

use jiff::Timestamp;

use super::recorded::Asking;
use crate::error::CommandError;
use crate::results::{Build, Relation, ResultsFolder, RunRecord};

/// Takes the run that a job of this workflow started into the results folder, unless the folder holds a run of this job or
/// the same run already. Among the runs of several jobs that with the named test and the profile asked for is taken.
///
/// # Errors
/// When several runs could be meant, or the folder cannot be written.
pub(crate) fn take_started(folder: &ResultsFolder, asking: &Asking, run_id: Option<u64>) -> Result<(), CommandError> {
    let mut candidates = candidates(folder, asking, run_id);
    if candidates.len() > 1 {
        let asked = &asking.build;
        let fits = |record: &&RunRecord| {
            let build = &record.identity.build;
            build.profile == asked.profile && build.test_name == asked.test_name
        };
        let fitting: Vec<RunRecord> = candidates.iter().filter(fits).cloned().collect();
        candidates = if fitting.is_empty() { candidates } else { fitting };
    }
    let record = match candidates.as_slice() {
        [] => return Ok(()),
        [record] => record,
        several => return Err(ambiguous(folder, several)),
    };
    let recorded: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN).ok().flatten();
    let stays = recorded.is_some_and(|recorded| {
        let is_of_this_job = recorded.identity.compare(&asking.build, None).relation == Relation::SameRun;
        is_of_this_job || (recorded.run_id == record.run_id && recorded.identity.build == record.identity.build)
    });
    if stays {
        return Ok(());
    }
    if folder.set_aside()? {
        tracing::info!(
            "moved the results that were in {} to {}",
            folder.path().display(),
            folder.previous().path().display()
        );
    }
    folder.write_json(ResultsFolder::RUN, record)?;
    tracing::info!("taking over {}", described(record));
    Ok(())
}

/// The runs that jobs of this workflow started, the last one of each job and profile.
fn candidates(folder: &ResultsFolder, asking: &Asking, run_id: Option<u64>) -> Vec<RunRecord> {
    let started = folder.started();
    let jobs = fs::read_dir(started.path()).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut records: Vec<RunRecord> = jobs
        .filter_map(|path| ResultsFolder::new(path).read_json_if_there(ResultsFolder::RUN).ok().flatten())
        .filter(|record: &RunRecord| record.identity.compare(&asking.build, None).is_of_this_build())
        .filter(|record| run_id.is_none() || record.run_id == run_id)
        .collect();
    let asked_at = |record: &RunRecord| record.identity.asked_at.unwrap_or(Timestamp::MIN);
    records.sort_by_key(|record| std::cmp::Reverse(asked_at(record)));
    let mut seen: Vec<(Option<String>, Option<String>)> = Vec::new();
    records.retain(|record| {
        let Build { job_name, profile, .. } = record.identity.build.clone();
        let is_new = !seen.contains(&(job_name.clone(), profile.clone()));
        seen.push((job_name, profile));
        is_new
    });
    records
}

fn described(record: &RunRecord) -> String {
    let run = record.run_id.map_or_else(|| "a run".to_owned(), |id| format!("run {id}"));
    record.identity.build.leg().map_or_else(|| run.clone(), |leg| format!("{run} of {leg}"))
}

fn ambiguous(folder: &ResultsFolder, several: &[RunRecord]) -> CommandError {
    let runs: Vec<String> = several.iter().map(described).collect();
    let message = format!("{} holds several runs: {}", folder.started().path().display(), runs.join("; "));
    CommandError::usage(message).with_hint(
        "give each pair of jobs a folder of its own with the parameter `results`, or name the run with --run-id",
    )
}
