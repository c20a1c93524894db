//! The names of the tests in a file.

use std::collections::HashMap;
use std::path::Path;

use super::error::ConfigError;
use super::find::text_of;
use super::load::read;
use super::test_section::TestSection;

/// The names under `tests:`; none without a file.
///
/// # Errors
/// When the file cannot be read, or is no configuration.
pub fn names(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<String>, ConfigError> {
    let (name, text) = text_of(file)?;
    let Some(text) = text else { return Ok(Vec::new()) };
    let environment: HashMap<String, String> = environment.into_iter().collect();
    Ok(read::<TestSection>(&name, &text, &environment)?.tests.into_keys().collect())
}
