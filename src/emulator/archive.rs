//! What finished runs delivered, kept in a folder each.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::engine::{EngineOutcome, HistoryCsv};

/// The folder of all runs.
#[derive(Debug)]
pub(super) struct Archive {
    folder: PathBuf,
    /// Removes the folder with the server when it was made for this server alone.
    _own: Option<tempfile::TempDir>,
}

/// What a finished run delivered, as files and fields.
#[derive(Debug, Default)]
pub(super) struct ArchivedRun {
    pub(super) csv: Option<CsvPaths>,
    /// What our own engine adds, as JSON.
    pub(super) extension: Option<PathBuf>,
    pub(super) overrides: Map<String, Value>,
}

/// The three CSV files.
#[derive(Debug)]
pub(super) struct CsvPaths {
    pub(super) stats: PathBuf,
    pub(super) history: PathBuf,
    pub(super) failures: PathBuf,
}

const STATS: &str = "stats.csv";
const HISTORY: &str = "history.csv";
const FAILURES: &str = "failures.csv";
const EXTENSION: &str = "extension.json";
const OVERRIDES: &str = "overrides.json";

/// Files of a run that its result does not need; the script and its data files may hold passwords.
const TRANSIENT: [&str; 3] = ["script", "launcher", "record"];

impl Archive {
    /// In this folder, or in one that is removed with the server.
    pub(super) fn open(folder: Option<PathBuf>) -> io::Result<Self> {
        let Some(folder) = folder else {
            let own = tempfile::Builder::new()
                .prefix("loadforge-emulator-")
                .permissions(fs::Permissions::from_mode(0o700))
                .tempdir()?;
            return Ok(Self { folder: own.path().into(), _own: Some(own) });
        };
        create_private(&folder)?;
        // Locust runs elsewhere and gets absolute paths.
        Ok(Self { folder: folder.canonicalize()?, _own: None })
    }

    /// The folder of a run, made if missing.
    pub(super) fn create(&self, run: u64) -> io::Result<PathBuf> {
        let folder = self.run_folder(run);
        create_private(&folder)?;
        Ok(folder)
    }

    pub(super) fn run_folder(&self, run: u64) -> PathBuf {
        self.folder.join("runs").join(run.to_string())
    }

    /// Keeps what a run delivered and removes what it only worked with.
    pub(super) fn keep(&self, run: u64, outcome: EngineOutcome) -> io::Result<()> {
        let folder = self.create(run)?;
        let EngineOutcome { measured, extension, overrides, .. } = outcome;
        if let Some(measured) = measured {
            fs::write(folder.join(STATS), measured.stats_csv)?;
            match measured.history_csv {
                HistoryCsv::Text(text) => fs::write(folder.join(HISTORY), text)?,
                HistoryCsv::File(file) => drop(fs::copy(file, folder.join(HISTORY))?),
            }
            fs::write(folder.join(FAILURES), measured.failures_csv)?;
        }
        if let Some(extension) = extension {
            let mut file = BufWriter::new(File::create(folder.join(EXTENSION))?);
            serde_json::to_writer(&mut file, &extension)?;
            file.flush()?;
        }
        fs::write(folder.join(OVERRIDES), serde_json::to_vec(&overrides)?)?;
        for name in TRANSIENT {
            match fs::remove_dir_all(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// What a finished run delivered; nothing when its folder was removed.
    pub(super) fn read(&self, run: u64) -> ArchivedRun {
        let folder = self.run_folder(run);
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let overrides = fs::read(folder.join(OVERRIDES)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let csv = match (file(STATS), file(HISTORY), file(FAILURES)) {
            (Some(stats), Some(history), Some(failures)) => Some(CsvPaths { stats, history, failures }),
            _ => None,
        };
        ArchivedRun { csv, extension: file(EXTENSION), overrides: overrides.unwrap_or_default() }
    }
}

/// Makes a folder that its owner alone can look into; one that exists is closed to others, and refused when it belongs
/// to somebody else.
fn create_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_can_look_into_the_folders_of_runs() {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let own = Archive::open(None).unwrap();
        assert_eq!(mode(&own.folder), 0o700);
        assert_ne!(own.folder, Archive::open(None).unwrap().folder);
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("state.json.d");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        let kept = Archive::open(Some(open.clone())).unwrap();
        assert_eq!((mode(&open), mode(&kept.create(1001).unwrap())), (0o700, 0o700));
    }
}
