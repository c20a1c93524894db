//! `POST /hosts`.

use super::need_id;
use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::HostSpec;

impl Client {
    /// Creates a host, once: when the answer is lost, whether it exists is not known.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn create_host(&self, spec: &HostSpec) -> Result<u64, ApiError> {
        let what = format!("create host {spec}");
        let answer = self.create(&what, "/hosts", &spec.body()).await?;
        need_id(&what, answer, &["host_id", "id"])
    }
}
