//! The runs of the baseline's branch that failed or could not be judged. They are no baseline, and without them nobody
//! could say since which build a gate fails.

use jiff::Timestamp;

use super::add::AddRules;
use super::comparable::{Candidates, Rules, ThisRun};
use super::history_error::HistoryError;
use super::index::HistoryIndex;
use super::keep::{Keep, SEEN_BUILDS};
use super::record::GoodRun;
use crate::results::{Results, RunRecord, RunState};
use crate::verdict::Outcome;

impl HistoryIndex {
    /// The failed runs beside this history, in `failed.jsonl` with lines as in the history; empty where there are none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn failed(&self) -> Result<Self, HistoryError> {
        self.beside(Self::FAILED)
    }

    /// Keeps a run that failed or could not be judged beside the history, once. Only a finished, collected run of the
    /// right branch whose numbers are sound, of a test that has good runs, is kept; of each fingerprint the last 40 for
    /// a year. True when it was kept now.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn keep_failed(
        &self,
        record: &RunRecord,
        results: &Results,
        outcome: Outcome,
        rules: &AddRules,
    ) -> Result<bool, HistoryError> {
        let branch = rules.branch.as_ref();
        let ours = branch.is_none_or(|wanted| record.identity.build.branch.as_ref() == Some(wanted));
        let ended = record.state() == Some(RunState::Finished) && record.collected;
        let sound = results.problems.is_empty() && results.total.requests > 0;
        let failed = matches!(outcome, Outcome::Fail | Outcome::Inconclusive);
        if !(ours && ended && sound && failed) || self.comparable_with(&record.fingerprint) == 0 {
            return Ok(false);
        }
        let Some(run) = GoodRun::of(record, results, outcome) else { return Ok(false) };
        let mut kept = self.failed()?;
        let new = kept.append(&run)?;
        kept.prune(&Keep { runs: SEEN_BUILDS, ..Keep::usual(Timestamp::now()) })?;
        Ok(new)
    }

    /// Reads the last failed runs that a run can be compared with, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn comparable_failed(&self, rules: &Rules, this: &ThisRun) -> Result<Vec<GoodRun>, HistoryError> {
        let kept = self.failed()?;
        let Candidates { same, .. } = Candidates::of(kept.heads(), rules, this);
        kept.load(same[same.len().saturating_sub(SEEN_BUILDS)..].iter().copied())
    }
}
