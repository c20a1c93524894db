//! The results folder and its files; every file is written atomically.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Explain;
use crate::exit::Exit;
use crate::redact;

/// A file of the results folder could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Writing failed.
    #[error("failed to write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Reading failed.
    #[error("failed to read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path} is not valid")]
    Content {
        /// The file.
        path: PathBuf,
        /// The cause, with its place.
        source: serde_json::Error,
    },
}

impl Explain for FolderError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Write { .. } => "--results DIR names a folder this user can write to".into(),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "run `loadforge-ci run` first, or name its folder with --results DIR".into()
            }
            Self::Read { .. } => "--results DIR names the folder that `run` or `wait` wrote".into(),
            Self::Content { .. } => {
                "the file was changed by hand or written by another version; collect the run again".into()
            }
        })
    }
}

/// The results folder of a run (`--results DIR`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsFolder(PathBuf);

impl ResultsFolder {
    /// The run's record.
    pub const RUN: &'static str = "run.json";
    /// Locust's stats, as delivered.
    pub const STATS: &'static str = "stats.csv";
    /// Locust's history, as delivered.
    pub const HISTORY: &'static str = "history.csv";
    /// Locust's failures, as delivered.
    pub const FAILURES: &'static str = "failures.csv";
    /// What was measured, normalized.
    pub const RESULTS: &'static str = "results.json";
    /// The verdict.
    pub const VERDICT: &'static str = "verdict.json";
    /// The summary.
    pub const SUMMARY: &'static str = "summary.md";
    /// The page.
    pub const REPORT: &'static str = "report.html";
    /// The test cases, in a folder of its own so that CircleCI's `store_test_results` finds nothing else.
    pub const JUNIT: &'static str = "junit/loadforge.xml";
    /// Every file that is made of the results when they are judged.
    pub const REPORTS: [&'static str; 5] = [Self::VERDICT, Self::SUMMARY, Self::REPORT, Self::JUNIT, Self::ANSWER];
    /// The verdict in short.
    pub const ANSWER: &'static str = "answer.json";
    /// Where the comment is.
    pub const COMMENT: &'static str = "comment.json";
    /// Where the reports can be read in the CI system, for a comment that another job posts.
    pub const LINKS: &'static str = "links.json";
    /// Which signals were sent to CircleCI's release validation.
    pub const SIGNAL: &'static str = "signal.json";
    /// What the load generator printed (local engine).
    pub const LOCUST_LOG: &'static str = "locust.log";
    /// The folder of the second run of `--confirm`, with files of the same names.
    const SECOND_RUN: &'static str = "confirm";
    /// The same of the third run.
    const THIRD_RUN: &'static str = "confirm-3";
    /// The folder of the run against a known-good deployment, with files of the same names.
    const CONTROL: &'static str = "control";
    /// What the name of the folder that keeps the run before ends with.
    const PREVIOUS: &'static str = ".previous";
    /// What the name of the folder with started runs ends in.
    const STARTED: &'static str = ".started";
    /// What a run leaves beside the reports.
    const OF_A_RUN: [&'static str; 12] = [
        Self::RUN,
        Self::STATS,
        Self::HISTORY,
        Self::FAILURES,
        Self::RESULTS,
        Self::COMMENT,
        Self::LINKS,
        Self::SIGNAL,
        Self::LOCUST_LOG,
        Self::SECOND_RUN,
        Self::THIRD_RUN,
        Self::CONTROL,
    ];

    /// The folder at this path; nothing is created yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of one of its files.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The results folder of a further run of `--confirm`, inside this one: 2 is the second run, 3 the third.
    #[must_use]
    pub fn further_run(&self, number: usize) -> Self {
        let name = if number < 3 { Self::SECOND_RUN } else { Self::THIRD_RUN };
        Self(self.0.join(name))
    }

    /// The results folder of the run against a known-good deployment, inside this one.
    #[must_use]
    pub fn control(&self) -> Self {
        Self(self.0.join(Self::CONTROL))
    }

    /// Writes a file so that a reader sees the old content or the new, never half of it. The secrets this process knows
    /// are left out.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, FolderError> {
        let path = self.file(name);
        let content = match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv" | "json") => redact::hide_data(content.as_ref()),
            _ => match std::str::from_utf8(content.as_ref()) {
                Ok(text) => match redact::hide(text) {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                },
                Err(_) => redact::hide_data(content.as_ref()),
            },
        };
        write_atomically(&path, &content).map_err(|source| FolderError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    /// Writes a value as indented JSON.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<PathBuf, FolderError> {
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|source| FolderError::Content { path: self.file(name), source })?;
        text.push('\n');
        self.write(name, text)
    }

    /// Writes a value as JSON on one line, for what may be large and is read by programs.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn write_data(&self, name: &str, value: &impl Serialize) -> Result<PathBuf, FolderError> {
        let mut text =
            serde_json::to_string(value).map_err(|source| FolderError::Content { path: self.file(name), source })?;
        text.push('\n');
        self.write(name, text)
    }

    /// Reads a JSON file.
    ///
    /// # Errors
    /// When it is missing, unreadable or not what it should be.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, FolderError> {
        let path = self.file(name);
        let text = fs::read_to_string(&path).map_err(|source| FolderError::Read { path: path.clone(), source })?;
        serde_json::from_str(&text).map_err(|source| FolderError::Content { path, source })
    }

    /// Reads a JSON file that may be missing.
    ///
    /// # Errors
    /// When it exists but is unreadable or invalid.
    pub fn read_json_if_there<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FolderError> {
        match self.read_json(name) {
            Err(FolderError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// The folder beside this one that keeps the run before.
    #[must_use]
    pub fn previous(&self) -> Self {
        self.beside(Self::PREVIOUS)
    }

    /// The folder beside this one in which the orb hands started runs over to later jobs, each in a folder of its job.
    #[must_use]
    pub fn started(&self) -> Self {
        self.beside(Self::STARTED)
    }

    fn beside(&self, suffix: &str) -> Self {
        let name = self.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self(self.0.with_file_name(format!("{name}{suffix}")))
    }

    /// Moves a run and everything that was made of it to [`Self::previous`], so that nothing of it can be shown for the
    /// next run. What was there before is removed; other files of the folder stay. True when there was something.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn set_aside(&self) -> Result<bool, FolderError> {
        let reports = Self::REPORTS.into_iter().map(|name| name.split('/').next().unwrap_or(name));
        let moved: Vec<&str> = Self::OF_A_RUN.into_iter().chain(reports).collect();
        let there: Vec<&str> = moved.iter().copied().filter(|name| self.file(name).exists()).collect();
        if there.is_empty() {
            return Ok(false);
        }
        let previous = self.previous();
        let fault = |source| FolderError::Write { path: previous.0.clone(), source };
        for name in moved {
            remove_whatever(&previous.file(name)).map_err(fault)?;
        }
        fs::create_dir_all(&previous.0).map_err(fault)?;
        // The record goes last: what is left by a move that was cut off still says whose it is.
        for name in there.into_iter().rev() {
            fs::rename(self.file(name), previous.file(name)).map_err(fault)?;
        }
        Ok(true)
    }

    /// Removes a file if it exists, so that a new run never shows an old run's results.
    ///
    /// # Errors
    /// When it exists and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), FolderError> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FolderError::Write { path, source }),
            _ => Ok(()),
        }
    }
}

/// Removes a file or a folder; one that is missing is as good.
fn remove_whatever(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Writes beside the target and renames over it.
///
/// # Errors
/// When the folder cannot be made or the file cannot be written.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_atomically(path, |file| file.write_all(content))
}

/// Waits until no one else holds the lock of a file that its folder may lack; it ends when it is dropped, or with the
/// process. What is written under it is another file, so that replacing that one does not take the lock away.
///
/// # Errors
/// When the folder or the file cannot be made or locked.
pub fn lock_file(path: &Path) -> io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.lock()?;
    Ok(file)
}

/// The same with content that is written piece by piece.
///
/// # Errors
/// When the folder cannot be made or the file cannot be written.
pub fn replace_atomically(path: &Path, write: impl FnOnce(&mut fs::File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".loadforge-").tempfile_in(folder)?;
    write(file.as_file_mut())?;
    // Temporary files are private to their owner; results are read by other users' steps (artifact upload).
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_and_leaves_nothing_else_behind() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ResultsFolder::new(dir.path().join("new/results"));
        folder.write_json(ResultsFolder::RUN, &[1, 2]).unwrap();
        folder.write(ResultsFolder::JUNIT, "<x/>").unwrap();
        assert_eq!(folder.read_json::<Vec<u8>>(ResultsFolder::RUN).unwrap(), [1, 2]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_run_is_moved_aside_whole_and_one_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ResultsFolder::new(dir.path().join("results"));
        assert!(!folder.set_aside().unwrap(), "nothing is there");
        folder.write("mine.txt", "mine").unwrap();
        folder.write(ResultsFolder::REPORT, "old").unwrap();
        folder.write(ResultsFolder::RUN, "1").unwrap();
        folder.further_run(2).write(ResultsFolder::RUN, "1").unwrap();
        folder.control().write(ResultsFolder::RUN, "1").unwrap();
        assert!(folder.set_aside().unwrap());
        assert!(!folder.control().path().exists() && folder.previous().control().path().exists());
        folder.write(ResultsFolder::RUN, "2").unwrap();
        folder.write(ResultsFolder::JUNIT, "2").unwrap();
        assert!(folder.set_aside().unwrap());
        let previous = ResultsFolder::new(dir.path().join("results.previous"));
        assert_eq!(fs::read_to_string(previous.file(ResultsFolder::RUN)).unwrap(), "2");
        assert!(previous.file(ResultsFolder::JUNIT).exists());
        assert!(!previous.file(ResultsFolder::REPORT).exists() && !previous.further_run(2).path().exists());
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mine.txt"]);
    }

    #[test]
    fn a_missing_file_says_how_to_get_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ResultsFolder::new(dir.path());
        let error = folder.read_json::<u8>(ResultsFolder::RESULTS).unwrap_err();
        assert!(error.hint().unwrap().contains("loadforge-ci run"), "{error}");
        assert!(folder.read_json_if_there::<u8>(ResultsFolder::RESULTS).unwrap().is_none());
    }
}
