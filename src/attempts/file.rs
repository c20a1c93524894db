//! The file that keeps the attempts.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::AttemptsError;
use super::record::{AttemptLine, AttemptRow, JobAttempt};
use crate::results::{lock_file, replace_atomically};
use crate::verdict::Outcome;

/// Attempts kept, the newest. CircleCI makes at most six of one workflow by itself; a kept folder holds those of several
/// jobs and commits.
pub const MOST_ATTEMPTS: usize = 48;

/// The longest line, bytes; rows beyond it are left out, passing ones that are far from their limit first.
pub const LONGEST_LINE: usize = 256 << 10;

/// The most that is read of a file, bytes, from its end. Files this version writes are no longer.
const LONGEST_FILE: u64 = (MOST_ATTEMPTS * (LONGEST_LINE + 1)) as u64;

/// The attempts of the past, one JSON object a line, in the order in which they were judged first.
#[derive(Debug, Clone)]
pub struct AttemptsFile {
    folder: PathBuf,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedAttempts {
    /// The attempts, oldest first.
    pub attempts: Vec<JobAttempt>,
    /// Lines that are not whole records.
    pub damaged: usize,
    /// Lines of a later version of this program, as they are.
    pub newer: Vec<String>,
}

impl AttemptsFile {
    /// The file inside the folder.
    pub const FILE: &'static str = "attempts.jsonl";
    /// The file writers lock. Its own, because writing replaces the file.
    const LOCK: &'static str = ".attempts.lock";

    /// The attempts kept in the folder of the history.
    #[must_use]
    pub fn beside_history(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(Self::FILE)
    }

    /// Reads the attempts; a file that does not exist yet holds none. Lines that are not records are left out and counted.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(&self) -> Result<RecordedAttempts, AttemptsError> {
        let path = self.path();
        match read_end(&path) {
            Ok(text) => Ok(RecordedAttempts::parse(&text)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(RecordedAttempts::default()),
            Err(source) => Err(AttemptsError::Read { path, source }),
        }
    }

    /// Adds an attempt, or puts it in the place of the same one that was judged before, and forgets the oldest ones that
    /// are too many. A reader sees the old file or the new one.
    ///
    /// # Errors
    /// When the folder cannot be made, locked, read or written.
    pub fn add(&self, attempt: JobAttempt) -> Result<(), AttemptsError> {
        let lock = self.lock()?;
        let mut recorded = self.read()?;
        recorded.add(attempt);
        let path = self.path();
        replace_atomically(&path, |file| file.write_all(recorded.text().as_bytes()))
            .map_err(|source| AttemptsError::Write { path, source })?;
        drop(lock);
        Ok(())
    }

    /// Waits until no one else writes.
    fn lock(&self) -> Result<File, AttemptsError> {
        let path = self.folder.join(Self::LOCK);
        lock_file(&path).map_err(|source| AttemptsError::Write { path, source })
    }
}

/// The end of a file, from the first whole line on.
fn read_end(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(LONGEST_FILE);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, whole)) if skipped > 0 => whole.to_owned(),
        _ => text,
    })
}

impl RecordedAttempts {
    /// Reads the content of a file. Never fails: what is not a record is counted.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut recorded = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match AttemptLine::parse(line) {
                AttemptLine::Attempt(attempt) => recorded.add(*attempt),
                AttemptLine::Newer => recorded.newer.push(line.to_owned()),
                AttemptLine::Damaged => recorded.damaged += 1,
            }
        }
        recorded
    }

    /// The content of the file. Damaged lines go, lines of a later version stay.
    #[must_use]
    pub fn text(&self) -> String {
        let newer = self.newer.iter().filter(|line| line.len() <= LONGEST_LINE);
        let mut lines: Vec<String> = newer.rev().take(MOST_ATTEMPTS).cloned().collect();
        lines.reverse();
        let room = MOST_ATTEMPTS - lines.len();
        let newest = &self.attempts[self.attempts.len().saturating_sub(room)..];
        lines.extend(newest.iter().filter_map(line_of));
        lines.into_iter().map(|line| line + "\n").collect()
    }

    /// Adds an attempt. The same job may judge the same run again: the attempt keeps its place, and its rows take the
    /// place of those of the same gates. Another step of the job may have judged the run by other gates; those stay.
    pub fn add(&mut self, attempt: JobAttempt) {
        let same = |one: &&mut JobAttempt| one.run == attempt.run && one.is_of_the_same_job(&attempt);
        let Some(known) = self.attempts.iter_mut().find(same) else {
            self.attempts.push(attempt);
            return;
        };
        let gates: Vec<&str> = attempt.rows.iter().map(|row| row.gate.as_str()).collect();
        let mut rows: Vec<AttemptRow> =
            known.rows.drain(..).filter(|row| !gates.contains(&row.gate.as_str())).collect();
        let (verdict, together) = match rows.is_empty() {
            true => (attempt.verdict, attempt.together),
            false => (known.verdict.max(attempt.verdict), known.together.max(attempt.together)),
        };
        let at = known.at;
        rows.extend(attempt.rows.iter().cloned());
        *known = JobAttempt { verdict, together, rows, at, ..attempt };
    }
}

/// The line of an attempt within its limit; `None` where not even its head fits.
fn line_of(attempt: &JobAttempt) -> Option<String> {
    let whole = serde_json::to_string(attempt).ok()?;
    if whole.len() <= LONGEST_LINE {
        return Some(whole);
    }
    let mut rows: Vec<(usize, &AttemptRow)> = attempt.rows.iter().enumerate().collect();
    rows.sort_by(|(_, one), (_, other)| matters(one).total_cmp(&matters(other)));
    let head = JobAttempt { rows: Vec::new(), ..attempt.clone() };
    let mut length = serde_json::to_string(&head).ok()?.len();
    let fits = |(_, row): &(usize, &AttemptRow)| {
        let own = serde_json::to_string(row).map_or(LONGEST_LINE, |text| text.len() + 1);
        let fits = length + own <= LONGEST_LINE;
        length += if fits { own } else { 0 };
        fits
    };
    let mut kept: Vec<(usize, &AttemptRow)> = rows.into_iter().filter(fits).collect();
    kept.sort_by_key(|(index, _)| *index);
    let rows = kept.into_iter().map(|(_, row)| row.clone()).collect();
    let line = serde_json::to_string(&JobAttempt { rows, ..head }).ok()?;
    (line.len() <= LONGEST_LINE).then_some(line)
}

/// How far a row is from failing, %: the smallest matter most.
fn matters(row: &AttemptRow) -> f64 {
    let headroom = || row.operator?.headroom_percent(row.value?, row.limit?);
    if row.outcome == Outcome::Fail { f64::NEG_INFINITY } else { headroom().unwrap_or(f64::INFINITY) }
}
