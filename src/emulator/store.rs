//! What the server knows: hosts, tests, files and runs, kept in a file when there is one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::engine::Metrics;
use super::targets::Targets;
use crate::results::LocalProject;

/// A host that load may go to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Host {
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// A bare host name.
    pub(super) url: String,
    pub(super) port: u16,
    pub(super) protocol: String,
}

impl Host {
    /// As the script's host: without the port where it goes without saying.
    pub(super) fn base_url(&self) -> String {
        match (self.protocol.as_str(), self.port) {
            ("http", 80) | ("https", 443) => format!("{}://{}", self.protocol, self.url),
            _ => format!("{}://{}:{}", self.protocol, self.url, self.port),
        }
    }
}

/// A saved test.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredTest {
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) name: String,
    pub(super) users: u32,
    /// Users to start per second.
    pub(super) rate: f64,
    /// Load generators.
    pub(super) servers: u32,
    pub(super) host_id: Option<u64>,
    pub(super) region: String,
    pub(super) region_servers: Option<BTreeMap<String, u32>>,
    #[serde(flatten)]
    pub(super) targets: Targets,
    /// The script's text.
    pub(super) locustfile: String,
    /// The script's project on this machine.
    #[serde(default)]
    pub(super) project: Option<LocalProject>,
}

/// A file every script finds as `files/NAME`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredFile {
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) name: String,
    /// As it was sent: text, or base64 of it.
    pub(super) content: String,
}

impl StoredFile {
    /// The content as the script finds it. Base64 is detected: it decodes to text, and is not short enough to be a word.
    pub(super) fn bytes(&self) -> Vec<u8> {
        const SHORTEST_BASE64: usize = 8;
        let decoded = BASE64_STANDARD.decode(self.content.trim()).ok();
        match decoded.filter(|bytes| self.content.len() >= SHORTEST_BASE64 && std::str::from_utf8(bytes).is_ok()) {
            Some(bytes) => bytes,
            None => self.content.as_bytes().to_vec(),
        }
    }
}

/// A run and its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) test_id: u64,
    pub(super) targets: Targets,
    /// LoadForge's `run_status`.
    pub(super) status: u8,
    pub(super) cancelled: bool,
    /// Minutes, as they were asked for.
    pub(super) duration: Number,
    /// Known from the time the first load was sent.
    pub(super) metrics: Option<Metrics>,
    pub(super) passed: Option<bool>,
}

impl Run {
    /// Whether it has ended.
    pub(super) const fn is_over(&self) -> bool {
        self.status >= status::FINISHED
    }
}

/// LoadForge's `run_status` codes.
pub(super) mod status {
    pub(in crate::emulator) const QUEUED: u8 = 0;
    pub(in crate::emulator) const LAUNCHING: u8 = 1;
    pub(in crate::emulator) const RUNNING: u8 = 2;
    pub(in crate::emulator) const FINISHED: u8 = 3;
    pub(in crate::emulator) const FAILED: u8 = 4;
    pub(in crate::emulator) const CANCELLED: u8 = 5;
}

/// Everything, by id. Ids of different things begin apart, so that one is not taken for the other unseen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredState {
    pub(super) hosts: BTreeMap<u64, Host>,
    pub(super) tests: BTreeMap<u64, StoredTest>,
    pub(super) files: BTreeMap<u64, StoredFile>,
    pub(super) runs: BTreeMap<u64, Run>,
    /// Ids given so far, one count per kind; a deleted thing's id is not given again.
    given: [u64; 4],
}

impl StoredState {
    pub(super) fn add_host(&mut self, host: Host) -> u64 {
        add(&mut self.hosts, &mut self.given[0], 1, host)
    }

    pub(super) fn add_test(&mut self, test: StoredTest) -> u64 {
        add(&mut self.tests, &mut self.given[1], 101, test)
    }

    pub(super) fn add_file(&mut self, file: StoredFile) -> u64 {
        add(&mut self.files, &mut self.given[2], 501, file)
    }

    pub(super) fn add_run(&mut self, run: Run) -> u64 {
        add(&mut self.runs, &mut self.given[3], 1001, run)
    }
}

fn add<T>(things: &mut BTreeMap<u64, T>, given: &mut u64, first: u64, thing: T) -> u64 {
    let id = first + *given;
    *given += 1;
    things.insert(id, thing);
    id
}

/// The state and the file it lives in.
#[derive(Debug)]
pub(super) struct Store {
    state: Mutex<StoredState>,
    file: Option<PathBuf>,
}

impl Store {
    /// Reads the file if there is one.
    pub(super) fn open(file: Option<PathBuf>) -> io::Result<Self> {
        let state = match file.as_deref().map(fs::read) {
            Some(Ok(bytes)) => serde_json::from_slice(&bytes)?,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => StoredState::default(),
        };
        let store = Self { state: Mutex::new(state), file };
        store.save(&store.lock())?;
        Ok(store)
    }

    /// A look at the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&StoredState) -> T) -> T {
        look(&self.lock())
    }

    /// A change that a restart must not lose.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut StoredState) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        if let Err(error) = self.save(&state) {
            tracing::warn!("failed to save the state: {error}");
        }
        result
    }

    /// A change that a restart may lose: the live numbers of a run.
    pub(super) fn change_unsaved(&self, change: impl FnOnce(&mut StoredState)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, StoredState> {
        // A panic elsewhere leaves whole values behind: each change is one assignment or insertion.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The old content or the new, never half of it; readable by its owner only, since scripts may hold passwords.
    fn save(&self, state: &StoredState) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".state-").tempfile_in(folder)?;
        file.write_all(&serde_json::to_vec_pretty(state)?)?;
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_told_from_text() {
        let content = |stored: &str| {
            let now = Timestamp::UNIX_EPOCH;
            StoredFile { created_at: now, updated_at: now, name: "users.csv".into(), content: stored.into() }.bytes()
        };
        assert_eq!(content("ZW1haWwscGFzc3dvcmQ="), b"email,password");
        assert_eq!(content("email,password"), b"email,password");
        assert_eq!(content("abcd"), b"abcd");
        assert_eq!(content("[1,2]"), b"[1,2]");
    }
}
