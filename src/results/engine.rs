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
    /// A Locust of the user's own, of which the CSV files alone are known (`gate --from`).
    Csv,
}

impl Engine {
    /// Its name; `--engine` takes those that can start a run.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loadforge => "loadforge",
            Self::Local => "local",
            Self::Csv => "csv",
        }
    }
}
