//! `POST /tests`.

use serde_json::Value;

use super::need_id;
use crate::loadforge::client::Client;
use crate::loadforge::error::ApiError;
use crate::loadforge::wire::TestSpec;

/// A test as the service saved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedTest {
    /// Its id.
    pub id: u64,
    /// Whether the service refused the extended fields, so that targets and regions are not saved.
    pub base_fields_only: bool,
}

impl Client {
    /// Creates a test, once: when the answer is lost, whether it exists is not known.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn create_test(&self, spec: &TestSpec) -> Result<SavedTest, ApiError> {
        let what = format!("create test `{}`", spec.name);
        let (answer, base_fields_only) =
            with_fallback(spec, async |body| self.create(&what, "/tests", &body).await).await?;
        Ok(SavedTest { id: need_id(&what, answer, &["test_id", "id"])?, base_fields_only })
    }
}

/// Sends all fields, and the base fields alone when the service answers 400 to the extended ones.
pub(super) async fn with_fallback(
    spec: &TestSpec,
    send: impl AsyncFn(Value) -> Result<Value, ApiError>,
) -> Result<(Value, bool), ApiError> {
    let extended = spec.extended();
    let mut all = spec.base();
    if let Some(fields) = all.as_object_mut() {
        fields.extend(extended.clone());
    }
    match send(all).await {
        Err(error) if error.status() == Some(400) && !extended.is_empty() => Ok((send(spec.base()).await?, true)),
        other => Ok((other?, false)),
    }
}
