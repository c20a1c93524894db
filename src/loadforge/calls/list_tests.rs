//! `GET /tests`.

use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::TestRow;

impl Client {
    /// Lists the account's tests.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn tests(&self) -> Result<Vec<TestRow>, ApiError> {
        Ok(self.list("list the tests", "/tests").await?.into_iter().filter_map(TestRow::of).collect())
    }
}
