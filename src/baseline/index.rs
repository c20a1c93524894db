//! The history file by the heads of its lines: which runs there are, without what they measured.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::head::{LineHead, RunHead};
use super::history_error::HistoryError;
use super::keep::{Keep, Pruned};
use super::record::{GoodRun, HistoryLine, Recorded, age};
use crate::redact;
use crate::results::{Engine, Fingerprint, lock_file, replace_atomically};

/// How much of a line is looked at for its head; a longer head is read with its whole line.
const HEAD: usize = 4096;

/// The size of a read.
const CHUNK: usize = 1 << 18;

/// A prune copies the file when it removes more than one of so many runs that stay.
const WORTH_A_COPY: usize = 10;

/// The runs of a history by their heads, oldest start first.
#[derive(Debug, Clone)]
pub struct HistoryIndex {
    folder: PathBuf,
    /// The file inside the folder.
    name: &'static str,
    heads: Vec<RunHead>,
    /// Where lines of a later version are.
    newer: Vec<Range<u64>>,
    damaged: usize,
    /// The file that was read last; `None` where it has to be read again.
    seen: Option<FileState>,
}

/// What changes whenever somebody writes a file: a prune replaces it, an append makes it longer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileState {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl FileState {
    fn of(file: &File) -> io::Result<Self> {
        let data = file.metadata()?;
        Ok(Self { length: data.len(), modified: data.modified().ok(), inode: data.ino() })
    }
}

impl HistoryIndex {
    /// The file inside the folder.
    pub const FILE: &'static str = "history.jsonl";
    /// The file of the runs that failed or could not be judged.
    pub const FAILED: &'static str = "failed.jsonl";
    /// The file writers lock. Its own, because a prune replaces the history file.
    const LOCK: &'static str = ".history.lock";

    /// Reads the heads of the history in a folder; one that does not exist yet is empty. Lines that are not records are
    /// left out and counted.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, HistoryError> {
        Self::open_file(folder.into(), Self::FILE)
    }

    /// Another file in the folder, with lines of the same form.
    pub(super) fn beside(&self, name: &'static str) -> Result<Self, HistoryError> {
        Self::open_file(self.folder.clone(), name)
    }

    fn open_file(folder: PathBuf, name: &'static str) -> Result<Self, HistoryError> {
        let mut index = Self { folder, name, heads: Vec::new(), newer: Vec::new(), damaged: 0, seen: None };
        // Held shared while reading, so that no half-written line is taken for a torn one. A folder that was never
        // written has no lock, and one that cannot be locked (read-only) has no writers.
        let lock = File::open(index.folder.join(Self::LOCK)).ok().filter(|lock| lock.lock_shared().is_ok());
        index.scan()?;
        drop(lock);
        Ok(index)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The runs, oldest first.
    #[must_use]
    pub fn heads(&self) -> &[RunHead] {
        &self.heads
    }

    /// Lines that are not records, and lines of a later version of this program.
    #[must_use]
    pub const fn left_out(&self) -> (usize, usize) {
        (self.damaged, self.newer.len())
    }

    /// Good runs of this fingerprint.
    #[must_use]
    pub fn comparable_with(&self, fingerprint: &Fingerprint) -> usize {
        self.heads.iter().filter(|head| head.fingerprint == *fingerprint).count()
    }

    /// Reads whole runs by their heads, in the order asked for; a line that turns out to be damaged is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load<'h>(&self, heads: impl IntoIterator<Item = &'h RunHead>) -> Result<Vec<GoodRun>, HistoryError> {
        let fault = |source| HistoryError::Read { path: self.file(), source };
        let mut file = None;
        let mut runs = Vec::new();
        for head in heads {
            let file = match &mut file {
                Some(file) => file,
                none => none.insert(File::open(self.file()).map_err(fault)?),
            };
            let line = read_range(file, &head.place).map_err(fault)?;
            if let HistoryLine::Run(run) = std::str::from_utf8(&line).map_or(HistoryLine::Damaged, HistoryLine::parse) {
                runs.push(*run);
            }
        }
        Ok(runs)
    }

    /// Appends a run unless the file contains it already; true when it was appended. The heads then are those of the
    /// file, others' additions included.
    ///
    /// # Errors
    /// When the folder cannot be made, locked, read or written.
    pub fn append(&mut self, run: &GoodRun) -> Result<bool, HistoryError> {
        let lock = self.lock()?;
        self.scan()?;
        let new = !self.heads.iter().any(|known| known.is(&run.run, Some(run.at)));
        if new {
            let length = self.seen.take().map(|seen| seen.length);
            let fault = |source| HistoryError::Write { path: self.file(), source };
            let mut line = serde_json::to_string(run).map_err(|cause| fault(cause.into()))?;
            line.push('\n');
            let place = append_line(&self.file(), &line).map_err(fault)?;
            // What was cut off at the end is gone.
            self.heads.retain(|head| head.place.end <= place.start);
            if length == Some(place.start) {
                self.seen = File::open(self.file()).and_then(|file| FileState::of(&file)).ok();
            }
            self.heads.push(RunHead {
                run: run.run.clone(),
                at: run.at,
                branch: run.branch.clone(),
                fingerprint: run.fingerprint.clone(),
                place,
            });
            self.heads.sort_by_key(|head| head.at);
        }
        drop(lock);
        Ok(new)
    }

    /// Removes what is too old or too much, atomically: a reader sees the old file or the new one. Damaged lines go,
    /// lines of a later version stay. Nothing is removed while that would be less than a tenth of the runs: a large history
    /// is copied whole, which takes longer than adding to it.
    ///
    /// # Errors
    /// When the folder cannot be locked, read or written.
    pub fn prune(&mut self, keep: &Keep) -> Result<Pruned, HistoryError> {
        let lock = self.lock()?;
        self.scan()?;
        let before = self.heads.clone();
        let mut counts: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<RunHead> = Vec::with_capacity(before.len());
        for head in self.heads.drain(..).rev() {
            let same = counts.entry(key(&head.fingerprint)).or_default();
            if *same < keep.runs && age(head.at, keep.now) <= keep.max_age {
                *same += 1;
                kept.push(head);
            }
        }
        kept.reverse();
        let removed = before.len() - kept.len();
        let is_worth_it = self.damaged > 0 || removed * WORTH_A_COPY > kept.len();
        self.heads = if is_worth_it { kept } else { before };
        let pruned = Pruned { kept: self.heads.len(), removed: if is_worth_it { removed } else { 0 } };
        if is_worth_it {
            self.seen = None;
            self.rewrite().map_err(|source| HistoryError::Write { path: self.file(), source })?;
            self.damaged = 0;
        }
        drop(lock);
        Ok(pruned)
    }

    /// Copies the lines that are kept, as they are.
    fn rewrite(&mut self) -> io::Result<()> {
        let mut source = File::open(self.file())?;
        let mut end = 0;
        let target = self.file();
        let places = self.heads.iter_mut().map(|head| &mut head.place).chain(&mut self.newer);
        replace_atomically(&target, |target| {
            for place in places {
                source.seek(SeekFrom::Start(place.start))?;
                let length = io::copy(&mut (&mut source).take(place.end - place.start), target)?;
                target.write_all(b"\n")?;
                *place = end..end + length;
                end += length + 1;
            }
            Ok(())
        })
    }

    fn file(&self) -> PathBuf {
        self.folder.join(self.name)
    }

    /// Waits until no one else writes.
    fn lock(&self) -> Result<File, HistoryError> {
        let path = self.folder.join(Self::LOCK);
        lock_file(&path).map_err(|source| HistoryError::Write { path, source })
    }

    /// Reads the heads again, unless the file is as it was.
    fn scan(&mut self) -> Result<(), HistoryError> {
        let path = self.file();
        let fault = |source| HistoryError::Read { path: path.clone(), source };
        let file = match File::open(&path) {
            Ok(file) => Some(file),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(fault(source)),
        };
        let state = file.as_ref().map(FileState::of).transpose().map_err(fault)?;
        if state.is_some() && state == self.seen {
            return Ok(());
        }
        self.heads.clear();
        self.newer.clear();
        self.damaged = 0;
        if let Some(file) = file {
            self.scan_file(file).map_err(fault)?;
        }
        self.seen = state;
        self.heads.sort_by_key(|head| head.at);
        // Two jobs may have added one run to two copies of the history that were joined later.
        let mut seen = HashSet::new();
        self.heads.retain(|head| {
            let local = (head.fingerprint.engine == Engine::Local).then_some(head.at);
            seen.insert((head.run.clone(), local))
        });
        Ok(())
    }

    fn scan_file(&mut self, mut file: File) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut line = LineStart::default();
        let mut incomplete = Vec::new();
        loop {
            let read = match file.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut rest = &chunk[..read];
            while let Some(end) = memchr::memchr(b'\n', rest) {
                line.add(&rest[..end]);
                incomplete.extend(self.take(&line));
                line.next();
                rest = &rest[end + 1..];
            }
            line.add(rest);
            if read == 0 {
                break;
            }
        }
        for place in incomplete {
            let text = read_range(&mut file, &place)?;
            self.sort_in(LineHead::parse(&text, place.clone()), place);
        }
        // A line without an end may be cut off anywhere, so its head alone proves nothing.
        if !line.is_blank() {
            let place = line.begin..line.begin + line.length;
            let text = read_range(&mut file, &place)?;
            let head = match std::str::from_utf8(&text).map_or(HistoryLine::Damaged, HistoryLine::parse) {
                HistoryLine::Damaged => LineHead::Damaged,
                _ => LineHead::parse(&text, place.clone()),
            };
            self.sort_in(head, place);
        }
        Ok(())
    }

    /// Takes in a line; gives back its place when its head is longer than what was kept of it.
    fn take(&mut self, line: &LineStart) -> Option<Range<u64>> {
        if line.is_blank() {
            return None;
        }
        let place = line.begin..line.begin + line.length;
        let head = match line.last {
            b'}' => LineHead::parse(&line.head, place.clone()),
            _ => LineHead::Damaged,
        };
        if head == LineHead::Incomplete {
            return Some(place);
        }
        self.sort_in(head, place);
        None
    }

    fn sort_in(&mut self, head: LineHead, place: Range<u64>) {
        match head {
            LineHead::Run(head) => self.heads.push(*head),
            LineHead::Newer => self.newer.push(place),
            LineHead::Damaged | LineHead::Incomplete => self.damaged += 1,
        }
    }
}

/// The begin of a line, and where it is.
#[derive(Debug, Default)]
struct LineStart {
    begin: u64,
    length: u64,
    head: Vec<u8>,
    /// The last byte that is no white space; 0 when there is none.
    last: u8,
}

impl LineStart {
    fn add(&mut self, text: &[u8]) {
        self.length += text.len() as u64;
        let room = HEAD.saturating_sub(self.head.len()).min(text.len());
        self.head.extend_from_slice(&text[..room]);
        if let Some(last) = text.trim_ascii_end().last() {
            self.last = *last;
        }
    }

    fn next(&mut self) {
        self.begin += self.length + 1;
        (self.length, self.last) = (0, 0);
        self.head.clear();
    }

    const fn is_blank(&self) -> bool {
        self.last == 0
    }
}

/// A fingerprint as a key: equal texts are equal fingerprints.
pub(super) fn key(fingerprint: &Fingerprint) -> String {
    serde_json::to_string(fingerprint).unwrap_or_default()
}

fn read_range(file: &mut File, place: &Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(place.start))?;
    file.take(place.end - place.start).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Appends a line, first mending an end that a crash or a full disk cut off: a whole record without its line end gets
/// one, part of a record is removed. Returns the place of the line without its end.
fn append_line(path: &Path, line: &str) -> io::Result<Range<u64>> {
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    let (mut end, tail) = tail(&mut file)?;
    let mut text = Vec::new();
    if !tail.is_empty() {
        if std::str::from_utf8(&tail).map_or(HistoryLine::Damaged, HistoryLine::parse) == HistoryLine::Damaged {
            end -= tail.len() as u64;
            file.set_len(end)?;
        } else {
            text.push(b'\n');
        }
    }
    let begin = end + text.len() as u64;
    text.extend_from_slice(&redact::hide_data(line.as_bytes()));
    file.seek(SeekFrom::Start(end))?;
    file.write_all(&text)?;
    file.sync_data()?;
    Ok(begin..end + text.len() as u64 - 1)
}

/// The length of a file, and the text after its last line end, read from the end.
fn tail(file: &mut File) -> io::Result<(u64, Vec<u8>)> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut size = 1_u64;
    loop {
        let begin = length.saturating_sub(size);
        let bytes = read_range(file, &(begin..length))?;
        if let Some(end) = memchr::memrchr(b'\n', &bytes) {
            return Ok((length, bytes[end + 1..].to_vec()));
        }
        if begin == 0 {
            return Ok((length, bytes));
        }
        size = (size * 2).max(CHUNK as u64);
    }
}
