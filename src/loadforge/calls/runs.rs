//! `/run`, `/results`, `/result` and the start call of API v1.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::no_id;
use crate::loadforge::client::{AuthScheme, Call, Client};
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::{ResultRow, started_id};

impl Client {
    /// Starts a run through API v2, once: when the answer is lost, whether the run exists is not known.
    /// LoadForge takes whole minutes from 2 to 720; our own server any fraction.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn start_run(&self, test_id: u64, minutes: f64) -> Result<u64, ApiError> {
        let mut call = self.call(format!("start a run of test {test_id}"), Method::POST, "/run");
        call.body = Some(json!({ "test_id": test_id, "duration": duration(minutes) }));
        self.start(&call).await
    }

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

/// A length as the start calls take it: the whole minutes LoadForge knows as an integer, all else with a decimal point,
/// by which our own server tells a fraction.
fn duration(minutes: f64) -> Value {
    let known = minutes.fract() == 0.0 && (2.0..=720.0).contains(&minutes);
    if known { Value::from(minutes as u64) } else { Value::from(minutes) }
}
