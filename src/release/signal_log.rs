//! `signal.json`: which signals an attempt has sent, so that none is sent twice.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::signal::{ReleaseSignal, SignalStatus};
use crate::results::{FolderError, ResultsFolder};

/// The content of `signal.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalLog {
    /// The signals, oldest first.
    pub signals: Vec<SentSignal>,
}

/// A signal that was sent, or was about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentSignal {
    /// The attempt: CircleCI's job, or the run where there is none.
    pub attempt: String,
    /// The component and the environment.
    pub component: String,
    /// The environment.
    pub environment: String,
    /// The name of the check.
    pub signal_name: String,
    /// What it said.
    pub status: SignalStatus,
    /// When it was about to be sent.
    pub at: Timestamp,
    /// Whether CircleCI took it. False for one that was about to be sent when the process ended.
    pub delivered: bool,
}

impl SentSignal {
    /// A signal that an attempt is about to send.
    #[must_use]
    pub fn of(attempt: &str, signal: &ReleaseSignal) -> Self {
        Self {
            attempt: attempt.to_owned(),
            component: signal.component_name.clone(),
            environment: signal.env.clone(),
            signal_name: signal.signal_name.clone(),
            status: signal.status,
            at: Timestamp::now(),
            delivered: false,
        }
    }

    /// Whether this is a signal of the same attempt to the same check.
    fn is_same(&self, other: &Self) -> bool {
        let key = |signal: &Self| {
            let Self { attempt, component, environment, signal_name, .. } = signal.clone();
            (attempt, component, environment, signal_name)
        };
        key(self) == key(other)
    }
}

impl SignalLog {
    /// Reads the log of a results folder.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(folder: &ResultsFolder) -> Result<Self, FolderError> {
        Ok(folder.read_json_if_there(ResultsFolder::SIGNAL)?.unwrap_or_default())
    }

    /// The signal that this attempt has sent already, or was about to send.
    #[must_use]
    pub fn earlier(&self, signal: &SentSignal) -> Option<&SentSignal> {
        self.signals.iter().find(|sent| sent.is_same(signal))
    }

    /// Writes a signal down, in place of an earlier one of the same attempt.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&mut self, folder: &ResultsFolder, signal: &SentSignal) -> Result<(), FolderError> {
        self.signals.retain(|sent| !sent.is_same(signal));
        self.signals.push(signal.clone());
        folder.write_json(ResultsFolder::SIGNAL, self).map(drop)
    }

    /// Takes a signal out that surely was not delivered, so that another try may send it.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn forget(&mut self, folder: &ResultsFolder, signal: &SentSignal) -> Result<(), FolderError> {
        self.signals.retain(|sent| !sent.is_same(signal));
        folder.write_json(ResultsFolder::SIGNAL, self).map(drop)
    }
}
