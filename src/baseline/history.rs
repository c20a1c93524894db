//! The whole history in memory, for commands that read all of it.

use std::path::{Path, PathBuf};

use super::history_error::HistoryError;
use super::index::HistoryIndex;
use super::keep::{Keep, Pruned};
use super::record::GoodRun;

/// The good runs of the past (`--history DIR`): a folder with `history.jsonl`, one JSON object a line, oldest start
/// first when read. It holds everything they measured; [`HistoryIndex`] is the same by heads alone.
#[derive(Debug, Clone)]
pub struct RunHistory {
    index: HistoryIndex,
    runs: Vec<GoodRun>,
}

impl RunHistory {
    /// The file inside the folder.
    pub const FILE: &'static str = HistoryIndex::FILE;

    /// Reads the history in a folder; one that does not exist yet is empty. Lines that are no whole record are left out
    /// and counted.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, HistoryError> {
        let mut history = Self { index: HistoryIndex::open(folder)?, runs: Vec::new() };
        history.load()?;
        Ok(history)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.index.folder()
    }

    /// The good runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> &[GoodRun] {
        &self.runs
    }

    /// Lines that are no whole record, and lines of a later version of this program.
    #[must_use]
    pub fn left_out(&self) -> (usize, usize) {
        let (damaged, newer) = self.index.left_out();
        (damaged + self.index.heads().len() - self.runs.len(), newer)
    }

    /// The runs beside it that failed or could not be judged, oldest first ([`HistoryIndex::failed`]).
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn failed(&self) -> Result<Vec<GoodRun>, HistoryError> {
        let failed = self.index.beside(HistoryIndex::FAILED)?;
        failed.load(failed.heads())
    }

    /// As [`HistoryIndex::append`].
    ///
    /// # Errors
    /// When the folder cannot be made, locked, read or written.
    pub fn append(&mut self, run: &GoodRun) -> Result<bool, HistoryError> {
        let new = self.index.append(run)?;
        self.load()?;
        Ok(new)
    }

    /// As [`HistoryIndex::prune`].
    ///
    /// # Errors
    /// When the folder cannot be locked, read or written.
    pub fn prune(&mut self, keep: &Keep) -> Result<Pruned, HistoryError> {
        let pruned = self.index.prune(keep)?;
        self.load()?;
        Ok(pruned)
    }

    fn load(&mut self) -> Result<(), HistoryError> {
        self.runs = self.index.load(self.index.heads())?;
        Ok(())
    }
}
