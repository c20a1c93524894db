//! `DELETE /tests/{id}`.

use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;

impl Client {
    /// Deletes a test; false when it was gone already.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn delete_test(&self, id: u64) -> Result<bool, ApiError> {
        self.delete(&format!("delete test {id}"), &format!("/tests/{id}")).await
    }
}
