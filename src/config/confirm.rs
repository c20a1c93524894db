//! `confirm:` in `loadforge.yml`: further runs before a comparison with the history fails the build.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::Duration;

/// Further runs before a comparison with the history fails the build.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfirmSection {
    /// How many further runs there may be, 0 to 2. Default: 2 with `--confirm` and on the local engine, else 0.
    #[schemars(range(min = 0, max = 2))]
    pub runs: Option<u32>,
    /// How long a further run is, as a share of the first: 10% to 100%. Default: 100%. LoadForge rounds up to minutes.
    pub duration: Option<DurationShare>,
    /// How long to wait before each further run, such as 30m: a slow spell of the environment passes. Default: 0.
    pub wait: Option<Wait>,
}

/// A share of a run's duration, above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct DurationShare(f64);

impl DurationShare {
    /// The least share that is taken: a tenth.
    const LEAST: f64 = 0.1;

    /// As a fraction.
    #[must_use]
    pub const fn fraction(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for DurationShare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let percent = text.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
        let share = percent.map(|percent| percent / 100.0).filter(|share| (Self::LEAST..=1.0).contains(share));
        share.map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is not a share of the duration: write 10% to 100%, such as 40%"))
        })
    }
}

impl JsonSchema for DurationShare {
    fn schema_name() -> Cow<'static, str> {
        "DurationShare".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$" })
    }
}

/// A time to wait; 0 waits for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wait(Option<Duration>);

impl Wait {
    /// As the standard library's duration.
    #[must_use]
    pub fn to_std(self) -> std::time::Duration {
        self.0.map_or(std::time::Duration::ZERO, Duration::to_std)
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if matches!(text.trim(), "0" | "0s" | "0m" | "0h") {
            return Ok(Self(None));
        }
        text.parse().map(|duration| Self(Some(duration))).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Wait {
    fn schema_name() -> Cow<'static, str> {
        "Wait".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        json_schema!({ "anyOf": [{ "const": 0 }, duration] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ConfirmSection, String> {
        serde_saphyr::from_str(text).map_err(|fault| fault.to_string())
    }

    #[test]
    fn runs_duration_and_wait_are_read() {
        let confirm = read("{ runs: 2, duration: 40%, wait: 0 }").unwrap();
        assert_eq!((confirm.runs, confirm.duration.unwrap().fraction()), (Some(2), 0.4));
        assert_eq!(confirm.wait.unwrap().to_std(), std::time::Duration::ZERO);
        assert_eq!(read("{ wait: 0s }").unwrap().wait.unwrap().to_std(), std::time::Duration::ZERO);
        assert_eq!(read("{ wait: 30m }").unwrap().wait.unwrap().to_std().as_secs(), 1_800);
        assert!(read("{}").unwrap().runs.is_none());
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["{ duration: 40 }", "{ duration: 5% }", "{ duration: 140% }", "{ duration: half }"] {
            let fault = read(text).unwrap_err();
            assert!(fault.contains("is not a share of the duration"), "{text}: {fault}");
        }
        assert!(read("{ wait: soon }").unwrap_err().contains("is not a duration"));
    }
}
