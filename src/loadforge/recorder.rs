//! `run.json` while a run is under way: every change is on disk before the next thing happens.

use jiff::Timestamp;

use super::event::{Event, Observer};
use crate::results::{FolderError, Intent, ResultsFolder, RunRecord, RunState};

/// The record and the folder it is kept in.
pub(super) struct Recorder<'a> {
    folder: &'a ResultsFolder,
    pub(super) record: RunRecord,
    /// Whether the start may have made a second run.
    pub(super) may_have_twin: bool,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(folder: &'a ResultsFolder, record: RunRecord) -> Self {
        Self { folder, record, may_have_twin: false }
    }

    /// The results folder.
    pub(super) fn folder(&self) -> &'a ResultsFolder {
        self.folder
    }

    /// Writes the record. Before a start this must succeed, or a lost answer could not be resolved.
    pub(super) fn save(&self) -> Result<(), FolderError> {
        self.folder.write_json(ResultsFolder::RUN, &self.record).map(drop)
    }

    /// Writes the record while a run is going on; a full disk must not end that.
    pub(super) fn try_save(&self, observer: &mut dyn Observer) {
        if let Err(error) = self.save() {
            observer.event(&Event::Warning(crate::error::chain(&error)));
        }
    }

    /// Notes that a start request is about to be sent.
    pub(super) fn intend(&mut self, intent: Intent) -> Result<(), FolderError> {
        self.record.intent = Some(intent);
        self.record.note(RunState::Intended, Timestamp::now());
        self.save()
    }

    /// Notes the run.
    pub(super) fn started(&mut self, run_id: u64, monitor_url: Option<String>, observer: &mut dyn Observer) {
        self.record.run_id = Some(run_id);
        self.record.monitor_url = monitor_url;
        self.record.note(RunState::Queued, Timestamp::now());
        self.try_save(observer);
    }

    /// Notes a state; true when it is new.
    pub(super) fn state(&mut self, state: RunState, observer: &mut dyn Observer) -> bool {
        let new = self.record.note(state, Timestamp::now());
        if new {
            self.try_save(observer);
        }
        new
    }
}
