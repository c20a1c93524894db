//! Which runs may enter the history.

use serde::Deserialize;

use crate::error::Explain;
use crate::exit::Exit;
use crate::results::{FolderError, Results, ResultsFolder, RunRecord, RunState};
use crate::verdict::{Outcome, Verdict};

use super::history::RunHistory;
use super::history_error::HistoryError;
use super::index::HistoryIndex;
use super::record::GoodRun;

/// What a run must be to enter the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddRules {
    /// The branch whose good runs count; `None` takes any.
    pub branch: Option<String>,
}

/// A run is in the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// Its line.
    pub run: GoodRun,
    /// False when it was there already.
    pub new: bool,
    /// Good runs with its fingerprint there are now.
    pub comparable: usize,
}

/// Why a run did not enter the history.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// A gate failed: a regression must not become the baseline.
    #[error("the run failed its gates and cannot become a baseline: {0}")]
    Failed(String),
    /// It could not be judged.
    #[error("the run could not be judged and cannot become a baseline: {0}")]
    Inconclusive(String),
    /// It did not come to its end.
    #[error("the run cannot become a baseline: its state is `{0}`")]
    NotFinished(RunState),
    /// No run was started.
    #[error("the results folder holds no run that was started")]
    NotStarted,
    /// Its results were never fetched.
    #[error("the run's results were not collected")]
    NotCollected,
    /// Nobody judged it.
    #[error("the run was not judged yet: verdict.json is missing")]
    NotJudged,
    /// Its numbers are doubtful.
    #[error("the run cannot become a baseline: {0}")]
    Doubtful(String),
    /// It is of another branch.
    #[error("the run is of {}, and the baseline is kept for branch `{wanted}`", branch.as_ref().map_or_else(|| "an unknown branch".to_owned(), |name| format!("branch `{name}`")))]
    Foreign {
        /// Its branch, where it is known.
        branch: Option<String>,
        /// The branch whose runs count.
        wanted: String,
    },
    /// The results folder could not be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The history could not be read or written.
    #[error(transparent)]
    RunHistory(#[from] HistoryError),
}

impl Explain for AddError {
    fn exit(&self) -> Exit {
        match self {
            Self::Failed(_) => Exit::GateFailed,
            Self::Inconclusive(_) | Self::Doubtful(_) => Exit::Inconclusive,
            Self::NotFinished(_) | Self::NotStarted => Exit::RunIncomplete,
            Self::NotCollected | Self::NotJudged | Self::Foreign { .. } => Exit::Usage,
            Self::Folder(error) => error.exit(),
            Self::RunHistory(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotCollected => Some("collect it with `loadforge-ci wait`".into()),
            Self::NotJudged => Some("judge it with `loadforge-ci gate` first".into()),
            Self::Foreign { branch: None, wanted } => {
                Some(format!("outside CircleCI and git, name the branch: `baseline add --branch {wanted}`"))
            }
            Self::Foreign { .. } => Some("`baseline.branch` in loadforge.yml names the branch whose runs count".into()),
            Self::Folder(error) => error.hint(),
            Self::RunHistory(error) => error.hint(),
            _ => None,
        }
    }
}

impl HistoryIndex {
    /// Adds the run of a results folder, once. Only a finished, collected, judged run of the right branch whose verdict
    /// is pass or warn is taken.
    ///
    /// # Errors
    /// The reason why the run was not taken, or why a file could not be read or written.
    pub fn add(&mut self, folder: &ResultsFolder, record: RunRecord, rules: &AddRules) -> Result<Added, AddError> {
        let run = eligible(folder, record, rules)?;
        let new = self.append(&run)?;
        let comparable = self.comparable_with(&run.fingerprint);
        Ok(Added { run, new, comparable })
    }
}

impl RunHistory {
    /// As [`HistoryIndex::add`].
    ///
    /// # Errors
    /// The reason why the run was not taken, or why a file could not be read or written.
    pub fn add(&mut self, folder: &ResultsFolder, rules: &AddRules) -> Result<Added, AddError> {
        let run = eligible(folder, folder.read_json(ResultsFolder::RUN)?, rules)?;
        let new = self.append(&run)?;
        let comparable = self.runs().iter().filter(|other| other.fingerprint == run.fingerprint).count();
        Ok(Added { run, new, comparable })
    }
}

fn eligible(folder: &ResultsFolder, record: RunRecord, rules: &AddRules) -> Result<GoodRun, AddError> {
    match record.state() {
        Some(RunState::Finished) => {}
        Some(RunState::Intended) | None => return Err(AddError::NotStarted),
        Some(other) => return Err(AddError::NotFinished(other)),
    }
    if let Some(wanted) = &rules.branch
        && record.identity.build.branch.as_ref() != Some(wanted)
    {
        return Err(AddError::Foreign { branch: record.identity.build.branch, wanted: wanted.clone() });
    }
    if !record.collected {
        return Err(AddError::NotCollected);
    }
    let results: Results = folder.read_json(ResultsFolder::RESULTS)?;
    let verdict: Verdict = folder.read_json_if_there(ResultsFolder::VERDICT)?.ok_or(AddError::NotJudged)?;
    match verdict.outcome {
        Outcome::Pass | Outcome::Warn => {}
        Outcome::Fail => return Err(AddError::Failed(verdict.sentence)),
        Outcome::Inconclusive => return Err(AddError::Inconclusive(verdict.sentence)),
    }
    // `on_inconclusive: warn` may let such a run pass; it still does not enter the history.
    if let Some(problem) = results.problems.first() {
        return Err(AddError::Doubtful(problem.message.clone()));
    }
    if let Some(stop) = &results.early_stop {
        return Err(AddError::Doubtful(format!("it was stopped {} because {stop}", stop.when())));
    }
    if results.total.requests == 0 {
        return Err(AddError::Doubtful("nothing was measured".into()));
    }
    let run = GoodRun::of(&record, &results, verdict.outcome).ok_or(AddError::NotStarted)?;
    // Links are a help for readers of later reports; a run without them is as good.
    let kept: Option<KeptLinks> = folder.read_json_if_there(ResultsFolder::LINKS).ok().flatten();
    let kept = kept.and_then(|links| links.report.or(links.job));
    Ok(GoodRun { link: kept.or_else(|| run.link.clone()), ..run })
}

/// Where the reports of a run can be read, as `gate` keeps it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptLinks {
    report: Option<String>,
    job: Option<String>,
}
