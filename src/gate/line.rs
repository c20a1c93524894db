//! A gate as written in a YAML file.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A gate as written in the file: a text, or `warn: …` / `fail: …`, which YAML reads as a mapping of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateLine(pub String);

impl JsonSchema for GateLine {
    fn schema_name() -> Cow<'static, str> {
        "Gate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What must hold, such as `p95 < 500ms`; `warn:` in front never turns the build red.",
            "oneOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "warn": { "type": "string" }, "fail": { "type": "string" } },
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl<'de> Deserialize<'de> for GateLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GateVisitor;
        impl<'de> Visitor<'de> for GateVisitor {
            type Value = GateLine;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a gate such as p95 < 500ms")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<GateLine, E> {
                Ok(GateLine(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GateLine, A::Error> {
                let entry = map.next_entry::<Cow<'de, str>, Cow<'de, str>>()?;
                let (severity, gate) = entry.ok_or_else(|| A::Error::custom("an empty mapping is not a gate"))?;
                if map.next_key::<Cow<'de, str>>()?.is_some() {
                    return Err(A::Error::custom("one gate a list item; put quotes around a gate that holds `: `"));
                }
                Ok(GateLine(format!("{severity}: {gate}")))
            }
        }
        deserializer.deserialize_any(GateVisitor)
    }
}
