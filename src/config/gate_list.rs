//! Reading a list of gates.

use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use crate::gate::GateLine;

/// Gates are a list; what else people write there is explained.
struct GateList;

impl<'de> Visitor<'de> for GateList {
    type Value = Vec<Spanned<GateLine>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of gates")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut gates = Vec::new();
        while let Some(gate) = list.next_element()? {
            gates.push(gate);
        }
        Ok(gates)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let gate = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("p95 < 500ms");
        Err(E::custom(format!("gates are a list, one gate a line after a dash: `- {gate}`")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let entry = map.next_entry::<String, String>().ok().flatten();
        let gate = entry.map_or_else(|| "p95 < 500ms".to_owned(), |(measure, limit)| format!("{measure} {limit}"));
        Err(de::Error::custom(format!("gates are a list, one gate a line after a dash: `- {gate}`")))
    }
}

/// A list of gates, each with its place.
pub(super) fn gate_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Spanned<GateLine>>, D::Error> {
    deserializer.deserialize_any(GateList)
}

/// The same for a list that may be missing.
pub(super) fn some_gate_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Spanned<GateLine>>>, D::Error> {
    struct Gates(Vec<Spanned<GateLine>>);

    impl<'de> Deserialize<'de> for Gates {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            gate_list(deserializer).map(Self)
        }
    }

    Ok(Option::<Gates>::deserialize(deserializer)?.map(|gates| gates.0))
}
