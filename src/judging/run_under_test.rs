//! What `gate` judges: a results folder, or Locust's files named one by one.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::csv_run;
use super::judged_run::{JudgedRun, links, name_of_files};
use super::siblings::Siblings;
use crate::circleci::CircleCi;
use crate::cli::{GateArgs, GateCommandArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::redact;
use crate::report::Background;
use crate::results::{Build, Engine, Results, ResultsFolder, RunRecord, RunState};
use crate::running::{self, Asking};
use crate::series::{self, CsvFile};
use crate::verdict::Verdict;

/// A run's results, before they are judged.
pub(crate) struct RunUnderTest {
    pub(crate) folder: ResultsFolder,
    pub(crate) results: Results,
    /// The run; `None` when files were named.
    pub(crate) run: Option<RunRecord>,
    /// The history CSV, where there is one.
    pub(crate) history: Option<PathBuf>,
    /// Whether the results still lack the timeline, which the history has, and are not written yet.
    pub(super) lacks_timeline: bool,
    /// What judging read on the way, for the page.
    pub(super) background: Background,
    /// The stats CSV that was named, where files were.
    pub(super) stats: Option<PathBuf>,
}

impl RunUnderTest {
    /// Reads what is to be judged.
    ///
    /// # Errors
    /// When there is nothing to judge, it is another build's, or a file is not what it should be.
    pub(crate) fn read(arguments: &GateCommandArgs, ci: &CircleCi) -> Result<Self, CommandError> {
        let GateCommandArgs { gate, folder, config, build, service, csv_run, .. } = arguments;
        let folder = ResultsFolder::new(&folder.results);
        let Some(stats) = &gate.from else {
            let asking = Asking::of(build, config.selected(), ci);
            let api_url = running::named_api_url(service);
            running::take_started(&folder, &asking, None)?;
            return Self::of_build(folder, &asking, api_url.as_deref());
        };
        csv_run::make_room(&folder, stats, csv_run.test.is_some())?;
        let files = Self::of_files(stats, gate, folder)?;
        let run = csv_run::record(csv_run, stats, &files.results, ci, config.selected())?;
        if let Some(record) = &run {
            files.folder.write_json(ResultsFolder::RUN, record)?;
        }
        Ok(Self { run, ..files })
    }

    /// Reads a results folder that this build's run was collected into.
    fn of_build(folder: ResultsFolder, asking: &Asking, api_url: Option<&str>) -> Result<Self, CommandError> {
        let recorded: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
        let Some(mut record) = recorded else { return Self::of_folder(folder) };
        // Judging needs no service, so only one that is named can be another.
        let service =
            api_url.map(|url| (Engine::Loadforge, url)).filter(|_| record.identity.engine == Engine::Loadforge);
        asking.admit(&mut record, &folder, service)?;
        if let Some(fault) = running::failed(&record) {
            return Err(fault);
        }
        Ok(Self { run: Some(record), ..Self::of_folder(folder)? })
    }

    /// Reads a results folder.
    ///
    /// # Errors
    /// When no run was collected into it.
    pub(crate) fn of_folder(folder: ResultsFolder) -> Result<Self, CommandError> {
        let run: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
        if let Some(run) = run.as_ref().filter(|run| !run.collected) {
            return Err(nothing_collected(run, folder.path()));
        }
        let results = folder.read_json(ResultsFolder::RESULTS)?;
        let history = Some(folder.file(ResultsFolder::HISTORY)).filter(|path| path.exists());
        let background = Background::default();
        Ok(Self { folder, results, run, history, lacks_timeline: false, background, stats: None })
    }

    fn of_files(stats: &Path, gate: &GateArgs, folder: ResultsFolder) -> Result<Self, CommandError> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(CsvFile::open).transpose();
        let mut results = series::load(CsvFile::open(stats)?, None, open(&gate.failures_csv)?)?;
        let mut siblings = Siblings::of(stats);
        // Explicitly named files are used as given.
        siblings.failures = siblings.failures.filter(|_| gate.failures_csv.is_none());
        siblings.history = siblings.history.filter(|_| gate.history_csv.is_none());
        let history = siblings.take_into(&mut results);
        hide_secrets(&mut results);
        let history = gate.history_csv.clone().or(history);
        let (stats, background) = (Some(stats.to_owned()), Background::default());
        Ok(Self { folder, results, run: None, history, lacks_timeline: true, background, stats })
    }

    /// The same with its verdict.
    pub(crate) fn judged(self, mut verdict: Verdict, ci: &CircleCi, build: &Build) -> JudgedRun {
        let links = links(ci, self.folder.path());
        verdict.judged = self.stats.as_deref().map(|stats| name_of_files(stats, self.folder.path(), build));
        let verdict = without_secrets(verdict);
        JudgedRun {
            folder: self.folder,
            verdict,
            results: self.results,
            run: self.run,
            links,
            background: Some(self.background),
            stats: self.stats,
        }
    }
}

/// Takes the secrets this process knows out of names and texts, before anything is made of them.
fn hide_secrets(results: &mut Results) {
    let hide = |text: &mut String| {
        if let Cow::Owned(hidden) = redact::hide(text) {
            *text = hidden;
        }
    };
    for endpoint in &mut results.endpoints {
        hide(&mut endpoint.method);
        hide(&mut endpoint.name);
    }
    for failure in &mut results.failures {
        hide(&mut failure.method);
        hide(&mut failure.name);
        hide(&mut failure.error);
    }
}

/// The verdict without the secrets this process knows, which a gate's text may hold. They go before a report's own
/// escaping could part one.
fn without_secrets(verdict: Verdict) -> Verdict {
    let Ok(written) = serde_json::to_vec(&verdict) else { return verdict };
    match redact::hide_data(&written) {
        Cow::Owned(hidden) => serde_json::from_slice(&hidden).unwrap_or(verdict),
        Cow::Borrowed(_) => verdict,
    }
}

/// Why a run that is recorded cannot be judged.
fn nothing_collected(run: &RunRecord, folder: &Path) -> CommandError {
    let name = run.run_id.map_or_else(|| "the recorded run".to_owned(), |id| format!("run {id}"));
    // A finished run has results at the service: only `wait` is missing.
    match run.state().filter(|state| state.is_end() && *state != RunState::Finished) {
        Some(state) => {
            let words = run.end_message.as_ref().map_or_else(String::new, |message| format!(" ({message})"));
            CommandError::new(
                Exit::RunIncomplete,
                format!("{name} did not complete: {state}{words}; there is nothing to judge"),
            )
        }
        None => CommandError::usage(format!("{name} is not collected yet"))
            .with_hint(format!("collect it with `loadforge-ci wait --results {}`", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Fingerprint, RunIdentity};

    /// The error for a run that was not collected and whose last recorded state is this one.
    fn uncollected(state: RunState) -> CommandError {
        let identity = RunIdentity::new(Engine::Loadforge, "https://api");
        let mut run = RunRecord::new(identity, "checkout", Fingerprint::default());
        run.run_id = Some(1002);
        run.note(state, jiff::Timestamp::UNIX_EPOCH);
        nothing_collected(&run, Path::new("results"))
    }

    #[test]
    fn a_finished_run_that_was_not_collected_is_still_to_be_collected() {
        for state in [RunState::Running, RunState::Finished] {
            let error = uncollected(state);
            assert_eq!(error.exit, Exit::Usage, "{state}");
            assert_eq!(
                error.to_string(),
                "run 1002 is not collected yet\nhint: collect it with `loadforge-ci wait --results results`",
                "{state}"
            );
        }
    }

    #[test]
    fn a_run_that_did_not_complete_leaves_nothing_to_judge() {
        for state in [RunState::FailedToLaunch, RunState::EndedEarly, RunState::Cancelled, RunState::ProviderLimited] {
            let error = uncollected(state);
            assert_eq!(error.exit, Exit::RunIncomplete, "{state}");
            assert!(error.message.starts_with("run 1002 did not complete: "), "{error}");
        }
    }
}
