//! The calls of API v2, and the start call of API v1: one file per call, registered by its line below. A call builds on
//! the helpers here ([`Client::list`], [`Client::create`], [`Client::delete`]) or on [`Client::call`].

mod cancel_run;
mod create_file;
mod create_host;
mod create_test;
mod delete_file;
mod delete_test;
mod list_files;
mod list_hosts;
mod list_runs;
mod list_tests;
mod read_run;
mod start_run;
mod start_run_v1;
#[cfg(test)]
mod testing;
mod update_test;

pub use create_test::SavedTest;

use reqwest::Method;
use serde_json::Value;

use super::client::Client;
use super::error::ApiError;
use super::wire::Fields;

impl Client {
    /// Reads a list, which may be a bare array or under `data`.
    async fn list(&self, what: &str, path: &str) -> Result<Vec<Fields>, ApiError> {
        let value = self.send_until_answered(&self.call(what, Method::GET, path)).await?;
        Fields::list(value)
            .ok_or_else(|| ApiError::Unreadable { call: what.to_owned(), problem: "it is not a list".to_owned() })
    }

    /// Creates something once. The sources disagree on the path: the makers' own client posts to the collection, the
    /// older documentation to `/create` below it; the second is tried when the first does not exist.
    async fn create(&self, what: &str, collection: &str, body: &Value) -> Result<Value, ApiError> {
        let at = |path: &str| {
            let mut call = self.call(what, Method::POST, path);
            call.body = Some(body.clone());
            call
        };
        match self.send(&at(collection)).await {
            Err(first) if matches!(first.status(), Some(404 | 405)) => {
                match self.send(&at(&format!("{collection}/create"))).await {
                    Err(second) if matches!(second.status(), Some(404 | 405)) => Err(first),
                    other => other,
                }
            }
            other => other,
        }
    }

    /// Deletes something; false when it was gone already.
    async fn delete(&self, what: &str, path: &str) -> Result<bool, ApiError> {
        match self.send_until_answered(&self.call(what, Method::DELETE, path)).await {
            Err(error) if error.status() == Some(404) => Ok(false),
            other => other.map(|_| true),
        }
    }
}

/// The id an answer holds under one of these names.
fn need_id(what: &str, answer: Value, names: &[&str]) -> Result<u64, ApiError> {
    let fields = Fields::of(answer);
    fields.id(names).or_else(|| fields.inner("data").id(names)).ok_or_else(|| no_id(what))
}

/// The error of an answer without the id it should hold.
fn no_id(what: &str) -> ApiError {
    ApiError::Unreadable { call: what.to_owned(), problem: "it holds no id".to_owned() }
}
