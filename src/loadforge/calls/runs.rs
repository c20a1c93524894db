//! `/run`, `/results`, `/result` and the start call of API v1.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::no_id;
use crate::loadforge::client::{AuthScheme, Call, Client};
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::{ResultRow, number, started_id};

impl Client {
    /// Starts a run through API v2, once: when the answer is lost, whether the run exists is not known.
    /// LoadForge takes whole minutes from 2 to 720; our own server any fraction.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn start_run(&self, test_id: u64, minutes: f64) -> Result<u64, ApiError> {
        let mut call = self.call(format!("start a run of test {test_id}"), Method::POST, "/run");
        call.body = Some(json!({ "test_id": test_id, "duration": number(minutes) }));
        self.start(&call).await
    }

    /// Starts a run through API v1, once. The call carries environment variables but no duration.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn start_run_v1(&self, test_id: u64, env: &[(String, SecretString)]) -> Result<u64, ApiError> {
        let env: Map<_, _> =
            env.iter().map(|(name, value)| (name.clone(), Value::from(value.expose_secret()))).collect();
        let call = Call {
            what: format!("start a run of test {test_id}"),
            method: Method::POST,
            url: self.url().at_origin(&format!("/api/v1/tests/{test_id}/start")),
            body: Some(json!({ "env": env })),
            scheme: AuthScheme::Token,
        };
        self.start(&call).await
    }

    async fn start(&self, call: &Call) -> Result<u64, ApiError> {
        started_id(self.send(call).await?).ok_or_else(|| no_id(&call.what))
    }

    /// Cancels a run. Cancelling twice is the same as once.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn cancel_run(&self, run_id: u64) -> Result<(), ApiError> {
        let call = self.call(format!("cancel run {run_id}"), Method::POST, &format!("/run/cancel/{run_id}"));
        self.send_until_answered(&call).await.map(drop)
    }

    /// Lists the account's runs, without their CSV.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn results(&self) -> Result<Vec<ResultRow>, ApiError> {
        Ok(self.list("list the runs", "/results").await?.into_iter().map(ResultRow::of).collect())
    }

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
