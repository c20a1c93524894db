//! `GET /results`.

use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::ResultRow;

impl Client {
    /// Lists the account's runs, without their CSV.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn results(&self) -> Result<Vec<ResultRow>, ApiError> {
        Ok(self.list("list the runs", "/results").await?.into_iter().map(ResultRow::of).collect())
    }
}
