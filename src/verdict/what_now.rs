//! What to do about a row that failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to do about a row that failed, ready to paste.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatNow {
    /// The command that measures it again.
    pub rerun: String,
    /// An entry of `waivers:` in `loadforge.yml` that accepts the value for two weeks; `None` where no waiver can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<String>,
    /// The section of the documentation on rows like it.
    pub docs: String,
}
