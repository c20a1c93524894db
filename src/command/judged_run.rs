//! A results folder that `gate` has judged, read back for publishing.

use std::path::Path;

use crate::circleci::CircleCi;
use crate::error::{CommandError, Explain};
use crate::report::{Links, Story};
use crate::results::{FolderError, Results, ResultsFolder, RunRecord};
use crate::verdict::Verdict;

/// What a judged folder holds.
pub(super) struct JudgedRun {
    pub(super) folder: ResultsFolder,
    pub(super) verdict: Verdict,
    pub(super) results: Results,
    pub(super) run: Option<RunRecord>,
    pub(super) links: Links,
}

impl JudgedRun {
    /// Reads a folder.
    ///
    /// # Errors
    /// When it was not judged yet, or a file of it cannot be read.
    pub(super) fn read(path: &Path, ci: &CircleCi) -> Result<Self, CommandError> {
        let folder = ResultsFolder::new(path);
        let verdict = folder.read_json(ResultsFolder::VERDICT).map_err(|fault| not_judged(&fault, path))?;
        let results = folder.read_json(ResultsFolder::RESULTS)?;
        let run = folder.read_json_if_there(ResultsFolder::RUN)?;
        Ok(Self { verdict, results, run, links: ci.links(&path.to_string_lossy()), folder })
    }

    /// The story the reports tell.
    pub(super) fn story(&self) -> Story<'_> {
        Story { verdict: &self.verdict, results: &self.results, run: self.run.as_ref(), links: &self.links }
    }

    /// What the test is called: as the run names it, else as its folder is named.
    pub(super) fn name(&self) -> String {
        let of_folder =
            || self.folder.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        self.run.as_ref().map_or_else(of_folder, |run| run.test.clone())
    }
}

fn not_judged(fault: &FolderError, path: &Path) -> CommandError {
    let hint = format!("judge it first: loadforge-ci gate --results {}", path.display());
    CommandError::new(fault.exit(), crate::error::chain(fault)).with_hint(hint)
}
