//! `POST /run/cancel/{id}`.

use reqwest::Method;

use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;

impl Client {
    /// Asks to cancel a run, with a single try. Asking twice is the same as asking once; whether it helped, the run shows.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn cancel_run(&self, run_id: u64) -> Result<(), ApiError> {
        let call = self.call(format!("cancel run {run_id}"), Method::POST, &format!("/run/cancel/{run_id}"));
        self.send(&call).await.map(drop)
    }
}
