//! `/files`: data files that every load generator gets below `files/`.

use reqwest::Method;
use serde_json::json;

use super::need_id;
use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::FileRow;

impl Client {
    /// Lists the team's files.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn files(&self) -> Result<Vec<FileRow>, ApiError> {
        Ok(self.list("list the files", "/files").await?.into_iter().filter_map(FileRow::of).collect())
    }

    /// Creates a file, once. The name ends with `.csv`, `.json` or `.txt` and is unique in the team; the content is
    /// text, or base64, which the service recognises.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn create_file(&self, name: &str, content: &str) -> Result<u64, ApiError> {
        let what = format!("create file `{name}`");
        let answer = self.create(&what, "/files", &json!({ "name": name, "content": content })).await?;
        need_id(&what, answer, &["file_id", "id"])
    }

    /// Replaces a file.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn update_file(&self, id: u64, name: &str, content: &str) -> Result<(), ApiError> {
        let mut call = self.call(format!("update file `{name}`"), Method::PATCH, &format!("/files/{id}"));
        call.body = Some(json!({ "name": name, "content": content }));
        self.send_until_answered(&call).await.map(drop)
    }
}
