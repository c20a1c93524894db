//! The run behind Locust's files that were named one by one: what makes it comparable with others of its test.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::circleci::{self, CircleCi};
use crate::cli::CsvRunArgs;
use crate::error::CommandError;
use crate::loadforge::{host_of, sha256};
use crate::results::{ConfigChoice, Engine, Fingerprint, Results, ResultsFolder, RunIdentity, RunRecord, RunState};

/// The record of a run of which the files alone are known; `None` where its test is not named.
///
/// Its number stands for what was measured, so that the same files are the same run wherever they are judged again.
///
/// # Errors
/// When the target host is none.
pub(super) fn record(
    arguments: &CsvRunArgs,
    stats: &Path,
    results: &Results,
    ci: &CircleCi,
    selected: ConfigChoice<'_>,
) -> Result<Option<RunRecord>, CommandError> {
    let CsvRunArgs { test, users, duration, target_host } = arguments;
    let Some(test) = test else { return Ok(None) };
    let host = target_host.as_ref().map(host_of).transpose()?;
    let duration = duration.map(crate::config::Duration::to_std);
    let fingerprint = Fingerprint {
        engine: Engine::Csv,
        test: test.clone(),
        users: *users,
        duration_s: duration.map(|duration| duration.as_secs_f64().round() as u64),
        host: host.map(|host| host.to_string()),
        ..Fingerprint::default()
    };
    let identity = RunIdentity { build: circleci::build(ci, selected), ..RunIdentity::new(Engine::Csv, "") };
    let mut record = RunRecord::new(identity, test, fingerprint);
    record.run_id = Some(number_of(results)?);
    record.collected = true;
    record.note(RunState::Finished, begun(stats, duration.unwrap_or_default()));
    Ok(Some(record))
}

/// A number for what was measured.
fn number_of(results: &Results) -> Result<u64, CommandError> {
    let measured = serde_json::to_string(&(&results.total, &results.endpoints))
        .map_err(|cause| CommandError::usage(format!("the results cannot be written: {cause}")))?;
    // Eight digits fill no more than 32 bits.
    Ok(u64::from_str_radix(&sha256(&measured)[..8], 16).unwrap_or_default())
}

/// When the run began, from when its file was written last. A file that has no such time, a pipe, was written now.
fn begun(stats: &Path, duration: Duration) -> Timestamp {
    let file = fs::metadata(stats).ok().filter(fs::Metadata::is_file);
    let written = file.and_then(|file| file.modified().ok()).and_then(|time| Timestamp::try_from(time).ok());
    let end = written.unwrap_or_else(Timestamp::now);
    end.checked_sub(duration).unwrap_or(end)
}

/// Removes what an earlier `gate --from` left in the folder of the reports, so that nothing of two runs is mixed.
///
/// # Errors
/// When the folder belongs to a run of another kind, or a file cannot be removed.
pub(super) fn make_room(folder: &ResultsFolder, stats: &Path, is_named: bool) -> Result<(), CommandError> {
    let Some(recorded) = folder.read_json_if_there::<RunRecord>(ResultsFolder::RUN)? else { return Ok(()) };
    if recorded.identity.engine == Engine::Csv {
        for name in [ResultsFolder::RUN, ResultsFolder::RESULTS].into_iter().chain(ResultsFolder::REPORTS) {
            folder.remove(name)?;
        }
        return Ok(());
    }
    if is_named || !stats.starts_with(folder.path()) {
        let message = format!("{} belongs to a run; the reports of --from would mix with it", folder.path().display());
        return Err(CommandError::usage(message).with_hint("name another folder for the reports with --results"));
    }
    Ok(())
}
