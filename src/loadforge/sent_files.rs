//! Data files that are sent for one test, and removed with it.

use std::time::Duration;

use tokio::time::timeout;

use super::client::Client;
use super::event::{Event, Observer};
use super::session_error::SessionError;
use super::unclear::unclear;
use crate::error::chain;
use crate::project::DataFile;
use crate::text::counted;

/// Sends the data files of the test `owner`, each once.
///
/// # Errors
/// When the service cannot be reached or refuses.
pub(super) async fn send(client: &Client, owner: &str, files: &[DataFile]) -> Result<(), SessionError> {
    for file in files {
        let name = file.sent_name(owner);
        if let Err(error) = client.create_file(&name, &file.content).await {
            unclear(client, error).await?;
            if !client.files().await?.iter().any(|row| row.name == name) {
                client.create_file(&name, &file.content).await?;
            }
        }
    }
    Ok(())
}

/// Removes all files of the test `owner`, each step within `limit`; says so when one may stay. `true` when none stays.
pub(super) async fn remove(client: &Client, owner: &str, limit: Duration, observer: &mut dyn Observer) -> bool {
    let late = || "the service took too long".to_owned();
    let left = async |client: &Client| -> Result<Vec<(u64, String)>, String> {
        let rows = timeout(limit, client.files()).await.map_err(|_| late())?.map_err(|error| chain(&error))?;
        let prefix = DataFile::prefix(owner);
        Ok(rows.into_iter().filter(|row| row.name.starts_with(&prefix)).map(|row| (row.id, row.name)).collect())
    };
    let removing = async {
        let files = left(client).await?;
        let count = files.len();
        let all = async {
            for (id, name) in files {
                client.delete_file(id).await.map_err(|error| format!("`{name}`: {}", chain(&error)))?;
            }
            Ok::<_, String>(())
        };
        timeout(limit, all).await.map_err(|_| late())??;
        Ok::<_, String>(count)
    };
    match removing.await {
        Ok(count) => {
            if count > 0 {
                observer.event(&Event::Notice(format!("removed {} of this run", counted(count, "data file"))));
            }
            true
        }
        Err(cause) => {
            let start = DataFile::prefix(owner);
            observer.event(&Event::Warning(format!(
                "data files of this run may still be among LoadForge's files ({cause}): delete those whose name begins with \
                 `{start}`"
            )));
            false
        }
    }
}

/// Whether files of the test `owner` are there, as far as the service says so.
pub(super) async fn any(client: &Client, owner: &str) -> bool {
    let prefix = DataFile::prefix(owner);
    client.files().await.is_ok_and(|rows| rows.iter().any(|row| row.name.starts_with(&prefix)))
}
