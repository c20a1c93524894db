//! `POST /files`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::need_id;
use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;

impl Client {
    /// Sends a file, once: when the answer is lost, whether it exists is not known. The content goes as base64, which the
    /// service detects, so that text that looks like base64 is not taken for it.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn create_file(&self, name: &str, content: &[u8]) -> Result<u64, ApiError> {
        let what = format!("send the file `{name}`");
        let body = json!({ "name": name, "content": BASE64_STANDARD.encode(content) });
        let answer = self.create(&what, "/files", &body).await?;
        need_id(&what, answer, &["file_id", "id"])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::exchange;

    #[tokio::test]
    async fn the_content_goes_as_base64() {
        let answer = json!({"file_id": 7});
        let (id, request) = exchange(answer, async |client| client.create_file("a.csv", b"a,b\n").await).await;
        assert_eq!((id.unwrap(), request.as_str()), (7, r#"POST /api/v2/files {"content":"YSxiCg==","name":"a.csv"}"#));
    }
}
