//! Keeping the tests of a repository on the service: what there is, what would change, and the change.

use super::client::Client;
use super::ephemeral::{self, BASE_FIELDS_ONLY};
use super::error::ApiError;
use super::event::{Event, Observer};
use super::kept_test::{KeptTest, SettingDifference, keeper};
use super::sent_files;
use super::session_error::SessionError;
use super::wire::{FileRow, HostRow, TestRow};
use crate::project::DataFile;
use crate::results::Engine;

/// A kept test beside what the service has under its name.
#[derive(Debug, Clone)]
pub struct ComparedTest<'a> {
    /// The test as the repository has it.
    pub kept: &'a KeptTest,
    /// The test there; `None` when it has to be made.
    pub row: Option<TestRow>,
    /// The settings that differ.
    pub settings: Vec<SettingDifference>,
    /// Whether the script differs.
    pub script_differs: bool,
    /// The data files that the service lacks.
    missing_files: Vec<String>,
}

impl ComparedTest<'_> {
    /// Whether the service has it as the repository does.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.row.is_some() && self.settings.is_empty() && !self.script_differs
    }
}

/// Something that `sync` put on the service earlier and that the repository no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOver {
    /// A test.
    Test {
        /// Its id.
        id: u64,
        /// Its name.
        name: String,
    },
    /// A data file.
    File {
        /// Its id.
        id: u64,
        /// Its name.
        name: String,
    },
}

/// The service beside the repository.
#[derive(Debug, Clone)]
pub struct SyncComparison<'a> {
    /// Each kept test.
    pub tests: Vec<ComparedTest<'a>>,
    /// What the repository no longer has.
    pub left: Vec<LeftOver>,
}

/// Compares the kept tests of a repository with the service, and changes nothing.
///
/// # Errors
/// When the service cannot be reached or refuses, or several tests there have one of the names.
pub async fn compare<'a>(
    client: &Client,
    kept: &'a [KeptTest],
    repository: &str,
) -> Result<SyncComparison<'a>, SessionError> {
    let (rows, hosts) = (client.tests().await?, client.hosts().await?);
    let files = files(client, kept).await?;
    let is_load = |row: &&TestRow| row.kind.as_deref().is_none_or(|kind| kind == "load");
    let mut tests = Vec::new();
    for test in kept {
        let of_name: Vec<&TestRow> = rows.iter().filter(|row| row.name == test.name).filter(is_load).collect();
        if of_name.len() > 1 {
            let ids = of_name.iter().map(|row| row.id).collect();
            return Err(SessionError::SeveralTests { name: test.name.clone(), ids });
        }
        tests.push(beside(test, of_name.first().copied(), &hosts, &files));
    }
    let is_kept = |name: &str| kept.iter().any(|test| test.name == name);
    let gone: Vec<&TestRow> = rows
        .iter()
        .filter(|row| row.locustfile.as_deref().and_then(keeper) == Some(repository) && !is_kept(&row.name))
        .collect();
    let wanted: Vec<String> = kept.iter().flat_map(KeptTest::file_names).collect();
    let owners: Vec<&str> =
        kept.iter().map(|test| &test.name).chain(gone.iter().map(|row| &row.name)).map(String::as_str).collect();
    let is_left = |file: &&FileRow| {
        owners.iter().any(|owner| file.name.starts_with(&DataFile::prefix(owner))) && !wanted.contains(&file.name)
    };
    let left_tests = gone.iter().map(|row| LeftOver::Test { id: row.id, name: row.name.clone() });
    let left_files = files.iter().filter(is_left).map(|file| LeftOver::File { id: file.id, name: file.name.clone() });
    Ok(SyncComparison { tests, left: left_tests.chain(left_files).collect() })
}

/// The team's files. A service without files has none, which matters only where a test needs one.
async fn files(client: &Client, kept: &[KeptTest]) -> Result<Vec<FileRow>, ApiError> {
    match client.files().await {
        Err(error) if matches!(error.status(), Some(404 | 405)) && kept.iter().all(|test| test.data.is_empty()) => {
            Ok(Vec::new())
        }
        other => other,
    }
}

fn beside<'a>(kept: &'a KeptTest, row: Option<&TestRow>, hosts: &[HostRow], files: &[FileRow]) -> ComparedTest<'a> {
    let missing_files =
        kept.file_names().into_iter().filter(|name| files.iter().all(|file| file.name != *name)).collect();
    ComparedTest {
        kept,
        row: row.cloned(),
        settings: row.map(|row| kept.differences(row, hosts, files)).unwrap_or_default(),
        script_differs: row.is_some_and(|row| !kept.has_script(row)),
        missing_files,
    }
}

/// Makes or changes a test so that the service has it as the repository does; returns its id.
///
/// # Errors
/// When the service cannot be reached or refuses.
pub async fn keep(client: &Client, test: &ComparedTest<'_>, observer: &mut dyn Observer) -> Result<u64, SessionError> {
    let kept = test.kept;
    let host_id = ephemeral::host(client, &kept.host, Engine::Loadforge, observer).await?;
    let missing: Vec<DataFile> =
        kept.data.iter().filter(|file| test.missing_files.contains(&file.sent_name(&kept.name))).cloned().collect();
    sent_files::send(client, &kept.name, &missing).await?;
    let spec = kept.spec(host_id, test.row.as_ref());
    match &test.row {
        None => ephemeral::made(client, &spec, observer).await,
        Some(row) => {
            if client.update_test(row.id, &spec).await?.base_fields_only {
                observer.event(&Event::Warning(BASE_FIELDS_ONLY.to_owned()));
            }
            Ok(row.id)
        }
    }
}

/// Deletes what the repository no longer has.
///
/// # Errors
/// When the service cannot be reached or refuses.
pub async fn delete(client: &Client, left: &LeftOver) -> Result<(), ApiError> {
    match left {
        LeftOver::Test { id, .. } => client.delete_test(*id).await?,
        LeftOver::File { id, .. } => client.delete_file(*id).await?,
    };
    Ok(())
}
