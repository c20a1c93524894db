//! `POST /api/v1/tests/{id}/start`, the start call of API v1.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::start_run::duration;
use crate::loadforge::client::{AuthScheme, Call, Client};
use crate::loadforge::error::ApiError;

impl Client {
    /// Starts a run through API v1, once. The call carries environment variables but, as far as is known, no duration;
    /// a server on this machine is ours, which takes one.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn start_run_v1(
        &self,
        test_id: u64,
        minutes: f64,
        env: &[(String, SecretString)],
    ) -> Result<u64, ApiError> {
        let env: Map<_, _> =
            env.iter().map(|(name, value)| (name.clone(), Value::from(value.expose_secret()))).collect();
        let mut body = json!({ "env": env });
        if self.url().is_loopback() {
            body["duration"] = duration(minutes);
        }
        let call = Call {
            what: format!("start a run of test {test_id}"),
            method: Method::POST,
            url: self.url().at_origin(&format!("/api/v1/tests/{test_id}/start")),
            body: Some(body),
            scheme: AuthScheme::Token,
        };
        self.start(&call).await
    }
}
