//! `POST /run`.

use reqwest::Method;
use serde_json::{Value, json};

use super::no_id;
use crate::loadforge::client::{Call, Client};
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::started_id;

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

    /// Sends a start call, once, and reads the id of the run.
    pub(super) async fn start(&self, call: &Call) -> Result<u64, ApiError> {
        started_id(self.send(call).await?).ok_or_else(|| no_id(&call.what))
    }
}

/// A length as the start calls take it: the whole minutes LoadForge knows as an integer, all else with a decimal point,
/// by which our own server recognizes a fraction.
pub(super) fn duration(minutes: f64) -> Value {
    let known = minutes.fract() == 0.0 && (2.0..=720.0).contains(&minutes);
    if known { Value::from(minutes as u64) } else { Value::from(minutes) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::exchange;

    #[tokio::test]
    async fn a_duration_is_sent_as_a_whole_number_only_where_loadforge_takes_it() {
        for (minutes, sent) in [(5.0, "5"), (0.1, "0.1"), (1.0, "1.0"), (721.0, "721.0")] {
            let start = exchange(json!({"run_id": "7"}), async |client| client.start_run(4217, minutes).await);
            let (run, request) = start.await;
            assert_eq!(run.unwrap(), 7);
            assert_eq!(request, format!(r#"POST /api/v2/run {{"duration":{sent},"test_id":4217}}"#));
        }
    }
}
