//! Where the load comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the load comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// LoadForge's cloud.
    #[default]
    Loadforge,
    /// Locust on this machine, behind the LoadForge-compatible server.
    Local,
}

impl Engine {
    /// Its name, as `--engine` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loadforge => "loadforge",
            Self::Local => "local",
        }
    }
}
