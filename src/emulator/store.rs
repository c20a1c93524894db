//! What the server knows: hosts, tests, files and runs, kept in a file when there is one.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::engine::Metrics;
use super::targets::Targets;
use super::things::{Changes, Things};
use crate::results::{Extension, LocalProject};

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
    /// What is known by endpoint while the run goes on.
    #[serde(skip)]
    pub(super) live: Option<Arc<Extension>>,
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
#[derive(Debug, Default)]
pub(super) struct StoredState {
    pub(super) hosts: Things<Host>,
    pub(super) tests: Things<StoredTest>,
    pub(super) files: Things<StoredFile>,
    pub(super) runs: Things<Run>,
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

    /// The line that brings a file up to date.
    fn changes(&mut self) -> serde_json::Result<Vec<u8>> {
        line(&WrittenChanges {
            hosts: self.hosts.take_changes(),
            tests: self.tests.take_changes(),
            files: self.files.take_changes(),
            runs: self.runs.take_changes(),
            given: self.given,
        })
    }

    /// The first line of a file.
    fn everything(&self) -> serde_json::Result<Vec<u8>> {
        line(&WrittenChanges {
            hosts: self.hosts.all(),
            tests: self.tests.all(),
            files: self.files.all(),
            runs: self.runs.all(),
            given: self.given,
        })
    }

    fn apply(&mut self, changes: ReadChanges) {
        self.hosts.apply(changes.hosts);
        self.tests.apply(changes.tests);
        self.files.apply(changes.files);
        self.runs.apply(changes.runs);
        self.given = changes.given;
    }
}

fn add<T: Serialize + DeserializeOwned>(things: &mut Things<T>, given: &mut u64, first: u64, thing: T) -> u64 {
    let id = first + *given;
    *given += 1;
    things.insert(id, thing);
    id
}

/// One line of the file: what changed, `null` for what was removed.
#[derive(Serialize)]
struct WrittenChanges<'s> {
    hosts: BTreeMap<u64, Option<&'s Host>>,
    tests: BTreeMap<u64, Option<&'s StoredTest>>,
    files: BTreeMap<u64, Option<&'s StoredFile>>,
    runs: BTreeMap<u64, Option<&'s Run>>,
    given: [u64; 4],
}

/// The same as it is read.
#[derive(Deserialize)]
struct ReadChanges {
    hosts: Changes<Host>,
    tests: Changes<StoredTest>,
    files: Changes<StoredFile>,
    runs: Changes<Run>,
    given: [u64; 4],
}

fn line(changes: &WrittenChanges<'_>) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(changes)?;
    line.push(b'\n');
    Ok(line)
}

/// The state and the file it lives in: a line with everything, then one for each change. A start writes the file again
/// as one line, so it grows by what one server changed.
#[derive(Debug)]
pub(super) struct Store {
    state: Mutex<StoredState>,
    file: Option<PathBuf>,
}

impl Store {
    /// Reads the file if there is one.
    pub(super) fn open(file: Option<PathBuf>) -> io::Result<Self> {
        let mut state = StoredState::default();
        match file.as_deref().map(fs::read) {
            Some(Ok(bytes)) => read(&bytes, &mut state)?,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Some(path) = &file {
            replace(path, &state.everything()?)?;
        }
        Ok(Self { state: Mutex::new(state), file })
    }

    /// A look at the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&StoredState) -> T) -> T {
        look(&self.lock())
    }

    /// A change that a restart must not lose.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut StoredState) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        if let Err(error) = self.append(&mut state) {
            tracing::warn!("failed to save the state: {error}");
        }
        result
    }

    /// A change that a restart may lose: the live numbers of a run. The next one that is saved takes it along.
    pub(super) fn change_unsaved(&self, change: impl FnOnce(&mut StoredState)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, StoredState> {
        // A panic elsewhere leaves whole values behind: each change is one assignment or insertion.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends what changed, in one write. A file that was removed meanwhile begins again.
    fn append(&self, state: &mut StoredState) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        match OpenOptions::new().append(true).open(path) {
            Ok(mut file) => file.write_all(&state.changes()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, &state.everything()?),
            Err(error) => Err(error),
        }
    }
}

/// Reads the lines of a file. A last one that was cut off is left out: its change was never answered.
fn read(bytes: &[u8], state: &mut StoredState) -> io::Result<()> {
    let mut some = false;
    for changes in serde_json::Deserializer::from_slice(bytes).into_iter::<ReadChanges>() {
        match changes {
            Ok(changes) => state.apply(changes),
            Err(error) if some && error.is_eof() => break,
            Err(error) => return Err(error.into()),
        }
        some = true;
    }
    if some { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The old content or the new, never half of it; readable by its owner only, since scripts may hold passwords.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".state-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.persist(path)?;
    Ok(())
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

    #[test]
    fn a_change_is_appended_and_one_that_was_cut_off_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        let now = Timestamp::UNIX_EPOCH;
        let host =
            |url: &str| Host { created_at: now, updated_at: now, url: url.into(), port: 80, protocol: "http".into() };
        let store = Store::open(Some(path.clone())).unwrap();
        let sizes: Vec<u64> = (0..300)
            .map(|index| {
                store.change(|state| state.add_host(host(&format!("h{:04}", index))));
                fs::metadata(&path).unwrap().len()
            })
            .collect();
        let growth: Vec<u64> = sizes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(growth.iter().all(|bytes| *bytes < 250), "{growth:?}");
        store.change(|state| state.hosts.remove(&7));
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, [&bytes[..], b"{\"hosts\":{\"8\":nu"].concat()).unwrap();
        let again = Store::open(Some(path.clone())).unwrap();
        again.read(|state| {
            assert_eq!(
                (state.hosts.len(), state.hosts.contains_key(&7), state.hosts.contains_key(&8)),
                (299, false, true)
            );
        });
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        assert_eq!(again.change(|state| state.add_host(host("next"))), 301);
        let damaged = [&bytes[..100], b"\n"].concat();
        fs::write(&path, &damaged).unwrap();
        assert!(Store::open(Some(path.clone())).is_err());
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}
