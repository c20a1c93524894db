//! `PATCH /tests/{id}`.

use reqwest::Method;

use super::create_test::{SavedTest, with_fallback};
use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::TestSpec;

impl Client {
    /// Gives a test all fields of `spec`, its name included, which the service wants with every change.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn update_test(&self, id: u64, spec: &TestSpec) -> Result<SavedTest, ApiError> {
        let what = format!("update test {id} `{}`", spec.name);
        let path = format!("/tests/{id}");
        let send = async |body| {
            let mut call = self.call(&what, Method::PATCH, &path);
            call.body = Some(body);
            self.send_until_answered(&call).await
        };
        let (_, base_fields_only) = with_fallback(spec, send).await?;
        Ok(SavedTest { id, base_fields_only })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::exchange;
    use crate::loadforge::wire::TestSpec;

    #[tokio::test]
    async fn all_fields_are_sent_under_the_tests_id() {
        let spec = TestSpec { name: "a".into(), rate: 2.0, p95_target: Some(600.0), ..TestSpec::default() };
        let (saved, request) = exchange(json!({"test_id": 4}), async |client| client.update_test(4, &spec).await).await;
        assert_eq!((saved.as_ref().unwrap().id, saved.unwrap().base_fields_only), (4, false));
        assert!(request.starts_with("PATCH /api/v2/tests/4 {") && request.contains(r#""p95_target":600"#), "{request}");
    }
}
