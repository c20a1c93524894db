//! `GET /files`.

use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::FileRow;

impl Client {
    /// Lists the files of the account's team.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn files(&self) -> Result<Vec<FileRow>, ApiError> {
        Ok(self.list("list the files", "/files").await?.into_iter().filter_map(FileRow::of).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::exchange;

    #[tokio::test]
    async fn a_file_without_a_name_is_left_out() {
        let answer = json!([{"id": 1, "name": "users.csv"}, {"id": 2}]);
        let (files, request) = exchange(answer, async |client| client.files().await).await;
        assert_eq!(request, "GET /api/v2/files");
        assert_eq!(files.unwrap().iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["users.csv"]);
    }
}
