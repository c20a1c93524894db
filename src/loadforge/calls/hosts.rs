//! `/hosts`.

use super::need_id;
use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::{HostRow, HostSpec};

impl Client {
    /// Lists the account's hosts.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn hosts(&self) -> Result<Vec<HostRow>, ApiError> {
        Ok(self.list("list the hosts", "/hosts").await?.into_iter().filter_map(HostRow::of).collect())
    }

    /// Creates a host, once: when the answer is lost, whether it exists is not known.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn create_host(&self, spec: &HostSpec) -> Result<u64, ApiError> {
        let what = format!("create host {spec}");
        let answer = self.create(&what, "/hosts", &spec.body()).await?;
        need_id(&what, answer, &["host_id", "id"])
    }

    /// Deletes a host; false when it was gone already.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses, as it does while a test uses the host.
    pub async fn delete_host(&self, id: u64) -> Result<bool, ApiError> {
        self.delete(&format!("delete host {id}"), &format!("/hosts/{id}")).await
    }
}
