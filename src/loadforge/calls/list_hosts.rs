//! `GET /hosts`.

use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::HostRow;

impl Client {
    /// Lists the account's hosts.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn hosts(&self) -> Result<Vec<HostRow>, ApiError> {
        Ok(self.list("list the hosts", "/hosts").await?.into_iter().filter_map(HostRow::of).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::exchange;

    #[tokio::test]
    async fn hosts_are_read_from_a_bare_list_and_from_under_data() {
        let host = json!({"id": 1, "url": "staging.example.com", "port": "8443", "protocol": "https"});
        for answer in [json!([host]), json!({"data": [host]})] {
            let (hosts, request) = exchange(answer, async |client| client.hosts().await).await;
            assert_eq!(request, "GET /api/v2/hosts");
            assert_eq!(hosts.unwrap()[0].spec.to_string(), "https://staging.example.com:8443");
        }
    }
}
