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
        of_run(run_id, self.send_until_answered_and(&self.result_call(run_id), ResultRow::parse).await?)
    }

    /// The same with a single try, for a caller that tries again by a rule of its own.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn result_once(&self, run_id: u64) -> Result<ResultRow, ApiError> {
        of_run(run_id, self.send_and(&self.result_call(run_id), ResultRow::parse).await?)
    }

    fn result_call(&self, run_id: u64) -> Call {
        self.call(results_of(run_id), Method::GET, &format!("/result/{run_id}"))
    }
}

fn results_of(run_id: u64) -> String {
    format!("read the results of run {run_id}")
}

/// The row, unless it is another run's.
fn of_run(run_id: u64, row: ResultRow) -> Result<ResultRow, ApiError> {
    match row.id.filter(|id| *id != run_id) {
        Some(other) => {
            Err(ApiError::Unreadable { call: results_of(run_id), problem: format!("it is about run {other}") })
        }
        None => Ok(row),
    }
}
