//! `stop:` in `loadforge.yml`: when to end a run before its time.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::{self, ConfigError};
use super::expand::DOLLAR;
use crate::error::Explain;
use crate::gate::{GateError, PlacedStopRule};
use crate::verdict::Origin;

/// The stop rules as they are written: one, or a list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopSection(pub Vec<String>);

impl StopSection {
    /// The rules, each with the line that holds it.
    pub(super) fn rules(&self, file: &str, text: &str) -> Result<Vec<PlacedStopRule>, ConfigError> {
        let rules = self.0.iter().map(|written| {
            let line = text.lines().position(|line| line.contains(written.as_str()));
            let line = line.and_then(|line| u32::try_from(line + 1).ok()).unwrap_or(1);
            let rule = written.replace(DOLLAR, "$").parse().map_err(|fault: GateError| {
                let hint = fault.hint().unwrap_or_default();
                error::at_key(file, text, written, fault.message().to_owned(), &hint)
            })?;
            Ok(PlacedStopRule { rule, origin: Origin::File { path: file.into(), line } })
        });
        rules.collect()
    }
}

impl JsonSchema for StopSection {
    fn schema_name() -> Cow<'static, str> {
        "Stop".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "When to end a run before its time, such as `error_rate > 50% for 30s`.",
            "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

impl<'de> Deserialize<'de> for StopSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = StopSection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a stop rule such as error_rate > 50% for 30s, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<StopSection, E> {
                Ok(StopSection(vec![text.to_owned()]))
            }

            fn visit_unit<E: Error>(self) -> Result<StopSection, E> {
                Ok(StopSection::default())
            }

            fn visit_none<E: Error>(self) -> Result<StopSection, E> {
                Ok(StopSection::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<StopSection, A::Error> {
                let mut rules = Vec::new();
                while let Some(rule) = list.next_element::<String>()? {
                    rules.push(rule);
                }
                Ok(StopSection(rules))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}
