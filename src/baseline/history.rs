//! The history file: one line a good run, appended under a lock, read whatever happened to it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::record::{GoodRun, HistoryLine};
use crate::error::Explain;
use crate::exit::Exit;
use crate::redact;
use crate::results::write_atomically;

/// The history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Reading failed.
    #[error("failed to read the history {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Writing or locking failed.
    #[error("failed to write the history {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Explain for HistoryError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "--history DIR names a folder this user can read".into(),
            Self::Write { .. } => "--history DIR names a folder this user can write to".into(),
        })
    }
}

/// The good runs of the past (`--history DIR`): a folder with `history.jsonl`, one JSON object a line, oldest start
/// first when read.
#[derive(Debug, Clone)]
pub struct RunHistory {
    folder: PathBuf,
    runs: Vec<GoodRun>,
    newer: usize,
    damaged: usize,
}

/// What [`RunHistory::prune`] keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keep {
    /// The newest runs of each fingerprint.
    pub runs: usize,
    /// Runs started at most this long before `now`.
    pub max_age: Duration,
    /// The present.
    pub now: Timestamp,
}

impl Keep {
    /// 100 runs of each fingerprint, none older than a year.
    #[must_use]
    pub fn usual(now: Timestamp) -> Self {
        Self { runs: 100, max_age: Duration::from_secs(365 * 86_400), now }
    }
}

/// What a prune did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Runs that stay.
    pub kept: usize,
    /// Runs that were removed.
    pub removed: usize,
}

impl RunHistory {
    /// The file inside the folder.
    pub const FILE: &'static str = "history.jsonl";
    /// The file writers lock. Its own, because a prune replaces the history file.
    const LOCK: &'static str = ".history.lock";

    /// Reads the history in a folder; one that does not exist yet is empty. Lines that are no whole record are left out
    /// and counted.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, HistoryError> {
        let mut history = Self { folder: folder.into(), runs: Vec::new(), newer: 0, damaged: 0 };
        // Held shared while reading, so that no half-written line is taken for a torn one. A folder that was never
        // written has no lock, and one that cannot be locked (read-only) has no writers.
        let lock = File::open(history.folder.join(Self::LOCK)).ok().filter(|lock| lock.lock_shared().is_ok());
        history.read()?;
        drop(lock);
        Ok(history)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The good runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> &[GoodRun] {
        &self.runs
    }

    /// Lines that are no whole record, and lines of a later version of this program.
    #[must_use]
    pub const fn left_out(&self) -> (usize, usize) {
        (self.damaged, self.newer)
    }

    /// Appends a run unless it is there already; true when it was appended. The runs then are those of the file,
    /// others' additions included.
    ///
    /// # Errors
    /// When the folder cannot be made, locked, read or written.
    pub fn append(&mut self, run: &GoodRun) -> Result<bool, HistoryError> {
        let lock = self.lock()?;
        self.read()?;
        let new = !self.runs.iter().any(|known| known.is(&run.run, Some(run.at)));
        if new {
            let fault = |source| HistoryError::Write { path: self.file(), source };
            let mut line = serde_json::to_string(run).map_err(|cause| fault(cause.into()))?;
            line.push('\n');
            append_line(&self.file(), &line).map_err(fault)?;
            self.runs.push(run.clone());
            self.runs.sort_by_key(|run| run.at);
        }
        drop(lock);
        Ok(new)
    }

    /// Removes what is too old or too much, atomically: a reader sees the old file or the new one. Damaged lines go,
    /// lines of a later version stay.
    ///
    /// # Errors
    /// When the folder cannot be locked, read or written.
    pub fn prune(&mut self, keep: &Keep) -> Result<Pruned, HistoryError> {
        let lock = self.lock()?;
        let newer = self.read()?;
        let before = self.runs.len();
        let mut kept: Vec<GoodRun> = Vec::with_capacity(before);
        for run in self.runs.drain(..).rev() {
            let same = kept.iter().filter(|other| other.fingerprint == run.fingerprint).count();
            if same < keep.runs && age(&run, keep.now) <= keep.max_age {
                kept.push(run);
            }
        }
        kept.reverse();
        self.runs = kept;
        let pruned = Pruned { kept: self.runs.len(), removed: before - self.runs.len() };
        if pruned.removed > 0 || self.damaged > 0 {
            let fault = |source| HistoryError::Write { path: self.file(), source };
            let mut text = String::new();
            for run in &self.runs {
                text.push_str(&serde_json::to_string(run).map_err(|cause| fault(cause.into()))?);
                text.push('\n');
            }
            for line in newer {
                text.push_str(&line);
                text.push('\n');
            }
            write_atomically(&self.file(), &redact::hide_data(text.as_bytes())).map_err(fault)?;
            self.damaged = 0;
        }
        drop(lock);
        Ok(pruned)
    }

    fn file(&self) -> PathBuf {
        self.folder.join(Self::FILE)
    }

    /// Waits until no one else writes; the lock ends when it is dropped, or with the process.
    fn lock(&self) -> Result<File, HistoryError> {
        let path = self.folder.join(Self::LOCK);
        let locked = || {
            fs::create_dir_all(&self.folder)?;
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        locked().map_err(|source| HistoryError::Write { path: path.clone(), source })
    }

    /// Reads the file anew; gives back the lines of a later version.
    fn read(&mut self) -> Result<Vec<String>, HistoryError> {
        let path = self.file();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(HistoryError::Read { path, source }),
        };
        self.runs.clear();
        self.damaged = 0;
        let mut newer = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match std::str::from_utf8(line).map_or(HistoryLine::Damaged, HistoryLine::parse) {
                HistoryLine::Run(run) => self.runs.push(*run),
                HistoryLine::Newer(text) => newer.push(text),
                HistoryLine::Damaged => self.damaged += 1,
            }
        }
        self.newer = newer.len();
        self.runs.sort_by_key(|run| run.at);
        // Two jobs may have added one run to two copies of the history that were joined later.
        let mut seen = std::collections::HashSet::new();
        self.runs.retain(|run| {
            let local = (run.fingerprint.engine == crate::results::Engine::Local).then_some(run.at);
            seen.insert((run.run.clone(), local))
        });
        Ok(newer)
    }
}

/// How long before `now` a run was started; zero for one that is not in the past (clocks differ).
pub(super) fn age(run: &GoodRun, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(run.at)).unwrap_or(Duration::ZERO)
}

/// Appends a line, first mending an end that a crash or a full disk cut off: a whole record without its line end gets
/// one, part of a record is removed.
fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let tail = &bytes[whole..];
    let mut text = String::new();
    let torn = std::str::from_utf8(tail).map_or(HistoryLine::Damaged, HistoryLine::parse) == HistoryLine::Damaged;
    if torn {
        file.set_len(whole as u64)?;
    } else {
        text.push('\n');
    }
    text.push_str(&String::from_utf8_lossy(&redact::hide_data(line.as_bytes())));
    file.seek(SeekFrom::End(0))?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}
