//! A waiver as written in a YAML file, before validation.

use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

use crate::gate::{Accepted, Gate, GateError, GateLine};

/// An entry of `waivers:` with the places of its gate and its accepted value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverEntry {
    gate: Spanned<GateLine>,
    #[serde(default)]
    pub(super) endpoint: Option<String>,
    pub(super) owner: String,
    pub(super) reason: String,
    pub(super) expires: String,
    accept: Spanned<AcceptedText>,
}

/// A waiver cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaiverError {
    /// Its gate or its accepted value cannot be understood.
    #[error("{fault}")]
    Text {
        /// Where the text begins.
        place: Location,
        /// What is wrong with it.
        fault: Box<GateError>,
    },
    /// Its values are missing or do not fit each other.
    #[error("{0}")]
    Values(String),
}

impl WaiverEntry {
    /// The gate, parsed.
    pub(super) fn gate(&self) -> Result<Gate, WaiverError> {
        self.gate.value.0.parse().map_err(|fault| text_error(&self.gate, fault))
    }

    /// The accepted value, parsed.
    pub(super) fn accept(&self) -> Result<Accepted, WaiverError> {
        self.accept.value.0.parse().map_err(|fault| text_error(&self.accept, fault))
    }
}

fn text_error<T>(text: &Spanned<T>, fault: GateError) -> WaiverError {
    WaiverError::Text { place: text.referenced, fault: Box::new(fault) }
}

/// What `accept:` holds. YAML reads a plain count as a number.
#[derive(Debug, Clone)]
struct AcceptedText(String);

impl<'de> Deserialize<'de> for AcceptedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum CountOrText {
            Count(u64),
            Text(String),
        }
        Ok(match CountOrText::deserialize(deserializer)? {
            CountOrText::Count(count) => Self(count.to_string()),
            CountOrText::Text(text) => Self(text),
        })
    }
}
