//! `DELETE /files/{id}`.

use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;

impl Client {
    /// Deletes a file; false when it was gone already.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn delete_file(&self, id: u64) -> Result<bool, ApiError> {
        self.delete(&format!("delete file {id}"), &format!("/files/{id}")).await
    }
}
