//! A length of time as people write it: `90s`, `5m`, `1h30m`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::text::compact_duration;

/// A length of time above zero, with its unit.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Duration(f64);

impl Duration {
    /// From seconds; `None` unless finite and above zero.
    #[must_use]
    pub fn from_secs(seconds: f64) -> Option<Self> {
        (seconds.is_finite() && seconds > 0.0).then_some(Self(seconds))
    }

    /// In seconds.
    #[must_use]
    pub fn as_secs(self) -> f64 {
        self.0
    }

    /// As the standard library's duration.
    #[must_use]
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::try_from_secs_f64(self.0).unwrap_or(std::time::Duration::MAX)
    }
}

/// The text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write a number above 0 with its unit, such as 90s, 5m or 1h30m")]
pub struct NotADuration(String);

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || NotADuration(text.chars().take(40).collect());
        let text = text.trim();
        // Days are no unit of a `SignedDuration` (they are not always 24 h long); here they are.
        if let Some(days) = text.strip_suffix('d').and_then(|days| days.trim().parse::<f64>().ok()) {
            return Self::from_secs(days * 86_400.0).ok_or_else(fault);
        }
        text.parse::<SignedDuration>().ok().and_then(|span| Self::from_secs(span.as_secs_f64())).ok_or_else(fault)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&compact_duration(self.to_std()))
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A number with its unit: 90s, 5m, 1h30m, 90d.", "pattern": "[0-9]" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_people_write_them() {
        for (text, seconds, shown) in [
            ("90s", 90.0, "1m30s"),
            ("5m", 300.0, "5m"),
            ("1h30m", 5400.0, "1h30m"),
            ("2 hours", 7200.0, "2h"),
            ("0.5m", 30.0, "30s"),
            ("1.5s", 1.5, "1.5s"),
            ("90d", 7_776_000.0, "2160h"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!((duration.as_secs(), duration.to_string().as_str()), (seconds, shown), "{text}");
        }
        for text in ["", "5", "0s", "-5m", "five minutes", "5 bananas", "1e400s", "nand"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
