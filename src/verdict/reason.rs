//! Why a row ended as it did.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a row ended as it did, in the parts that make the sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ReasonFields", into = "ReasonFields")]
pub struct Reason {
    /// Why it ended this way, without what the other parts say: `1,070 ms misses <= 880 ms`.
    pub outcome: String,
    /// How its limit was learned from the history: `limit from 8 good runs: +10 % tolerated`.
    pub limit: Option<String>,
    /// Why waivers of its gate do not cover it, one clause per waiver.
    pub waivers: Vec<String>,
}

impl Reason {
    /// Puts words in front of why the row ended this way.
    pub fn prefix(&mut self, words: &str) {
        self.outcome.insert_str(0, words);
    }
}

impl From<String> for Reason {
    fn from(outcome: String) -> Self {
        Self { outcome, ..Self::default() }
    }
}

impl From<&str> for Reason {
    fn from(outcome: &str) -> Self {
        outcome.to_owned().into()
    }
}

/// The whole sentence, without a full stop.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.outcome)?;
        self.limit.iter().chain(&self.waivers).try_for_each(|part| write!(f, "; {part}"))
    }
}

/// A reason as `verdict.json` holds it: the whole sentence, and its parts where there is more than one.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ReasonFields {
    /// Why it ended this way, one sentence.
    reason: String,
    /// The part of `reason` before `limit_reason` and `waiver_reasons`, where there is one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome_reason: Option<String>,
    /// The part of `reason` that says how the limit was learned from the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit_reason: Option<String>,
    /// The parts of `reason` that say why waivers of the gate do not cover the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waiver_reasons: Vec<String>,
}

impl From<ReasonFields> for Reason {
    fn from(fields: ReasonFields) -> Self {
        let ReasonFields { reason, outcome_reason, limit_reason, waiver_reasons } = fields;
        // Older versions write the sentence alone.
        match outcome_reason {
            Some(outcome) => Self { outcome, limit: limit_reason, waivers: waiver_reasons },
            None => reason.into(),
        }
    }
}

impl From<Reason> for ReasonFields {
    fn from(reason: Reason) -> Self {
        let sentence = reason.to_string();
        let Reason { outcome, limit, waivers } = reason;
        let outcome_reason = (outcome != sentence).then_some(outcome);
        Self { reason: sentence, outcome_reason, limit_reason: limit, waiver_reasons: waivers }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole() -> Reason {
        Reason {
            outcome: "1,070 ms misses <= 880 ms".into(),
            limit: Some("limit from 8 good runs: +10 % tolerated".into()),
            waivers: vec!["its waiver expired on 2026-11-22 (ann)".into()],
        }
    }

    #[test]
    fn the_sentence_holds_every_part() {
        insta::assert_snapshot!(
            whole(),
            @"1,070 ms misses <= 880 ms; limit from 8 good runs: +10 % tolerated; its waiver expired on 2026-11-22 (ann)"
        );
        assert_eq!(Reason::from("800 ms meets < 1 s").to_string(), "800 ms meets < 1 s");
    }

    #[test]
    fn files_hold_the_sentence_and_its_parts_and_older_ones_the_sentence_alone() {
        let file = serde_json::to_value(whole()).unwrap();
        assert_eq!(file["reason"], whole().to_string());
        assert_eq!(file["limit_reason"], "limit from 8 good runs: +10 % tolerated");
        assert_eq!(serde_json::from_value::<Reason>(file).unwrap(), whole());
        let plain = Reason::from("800 ms meets < 1 s");
        assert_eq!(serde_json::to_value(&plain).unwrap(), json!({ "reason": "800 ms meets < 1 s" }));
        assert_eq!(serde_json::from_value::<Reason>(json!({ "reason": "800 ms meets < 1 s" })).unwrap(), plain);
    }

    #[test]
    fn the_schema_of_a_row_names_the_parts() {
        let schema = serde_json::to_value(schemars::schema_for!(crate::verdict::Row)).unwrap();
        for part in ["reason", "outcome_reason", "limit_reason", "waiver_reasons", "gate_index"] {
            assert!(schema["properties"][part]["description"].is_string(), "{part}: {schema:#}");
        }
        let required = schema["required"].as_array().unwrap();
        assert!(required.contains(&json!("reason")) && !required.contains(&json!("limit_reason")), "{schema:#}");
    }
}
