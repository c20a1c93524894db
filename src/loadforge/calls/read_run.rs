//! `GET /result/{id}`.

use reqwest::Method;

use crate::loadforge::client::{Call, Client};
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::ResultRow;

impl Client {
    /// A run's results so far.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn result(&self, run_id: u64) -> Result<ResultRow, ApiError> {
        Ok(ResultRow::read(self.send_until_answered(&self.result_call(run_id)).await?))
    }

    /// The same with a single try, for a caller that tries again by a rule of its own.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn result_once(&self, run_id: u64) -> Result<ResultRow, ApiError> {
        Ok(ResultRow::read(self.send(&self.result_call(run_id)).await?))
    }

    fn result_call(&self, run_id: u64) -> Call {
        self.call(format!("read the results of run {run_id}"), Method::GET, &format!("/result/{run_id}"))
    }
}
