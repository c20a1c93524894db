//! `control:` in `loadforge.yml`: a known-good deployment that tells slow code from a slow environment.

use schemars::JsonSchema;
use serde::Deserialize;

/// A known-good deployment: the same test runs against it when the environment may explain why everything is slower.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControlSection {
    /// Its scheme, host and port, such as `https://known-good.example.com`: the previous release, or a second
    /// deployment of it. It takes a script of the repository; a saved LoadForge test has a host of its own.
    pub target_host: Option<String>,
}
