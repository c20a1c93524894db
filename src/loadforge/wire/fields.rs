//! A JSON object read leniently.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::clean;

/// A JSON object whose fields may be missing, null, or of another type than documented.
#[derive(Debug, Clone, Default)]
pub(in crate::loadforge) struct Fields(Map<String, Value>);

impl Fields {
    /// The object, or one without fields when the value is something else.
    pub(in crate::loadforge) fn of(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(map),
            _ => Self::default(),
        }
    }

    /// The objects of a list, which comes as a bare array or under `data`; `None` when it is neither.
    pub(in crate::loadforge) fn list(value: Value) -> Option<Vec<Self>> {
        let rows = match value {
            Value::Array(rows) => rows,
            Value::Object(mut map) => match map.remove("data") {
                Some(Value::Array(rows)) => rows,
                _ => return None,
            },
            _ => return None,
        };
        Some(rows.into_iter().filter(Value::is_object).map(Self::of).collect())
    }

    /// The first of these fields that is present and not null.
    fn first(&self, names: &[&str]) -> Option<&Value> {
        names.iter().filter_map(|name| self.0.get(*name)).find(|value| !value.is_null())
    }

    /// A number, also from a text that begins with one (`"26"`, `"26ms"`, `"0(0.00%)"`).
    pub(in crate::loadforge) fn number(&self, names: &[&str]) -> Option<f64> {
        match self.first(names)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => leading_number(text),
            _ => None,
        }
    }

    /// A count: a number that is not negative, without its fraction.
    pub(in crate::loadforge) fn count(&self, names: &[&str]) -> Option<u64> {
        self.number(names).filter(|number| *number >= 0.0).map(|number| number as u64)
    }

    /// An id: a whole positive number or a text of digits alone, read exactly.
    pub(in crate::loadforge) fn id(&self, names: &[&str]) -> Option<u64> {
        names.iter().filter_map(|name| self.0.get(*name)).find_map(|value| match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// A text on one harmless line, also from a number; not an empty one.
    pub(in crate::loadforge) fn text(&self, names: &[&str]) -> Option<String> {
        match self.first(names)? {
            Value::String(text) => Some(clean::line(text).into_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
        .filter(|text| !text.trim().is_empty())
    }

    /// A text, taken out without a copy; not an empty one.
    pub(in crate::loadforge) fn take_text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// A truth value, also from 0 and 1 and from a text.
    pub(in crate::loadforge) fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => Some(number.as_f64() != Some(0.0)),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => Some(true),
                "false" | "0" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A time in ISO 8601.
    pub(in crate::loadforge) fn time(&self, name: &str) -> Option<Timestamp> {
        self.0.get(name)?.as_str()?.trim().parse().ok()
    }

    /// An object inside this one.
    pub(in crate::loadforge) fn inner(&self, name: &str) -> Self {
        self.0.get(name).cloned().map(Self::of).unwrap_or_default()
    }

    /// Removes a field and returns it unchanged.
    pub(in crate::loadforge) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// All fields.
    pub(in crate::loadforge) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }
}

/// The number a text begins with; commas between digits are taken as thousands separators. `None` without one.
#[must_use]
pub fn leading_number(text: &str) -> Option<f64> {
    let text: String = text.trim().chars().filter(|c| *c != ',').collect();
    let end = text
        .char_indices()
        .find(|(index, c)| !(c.is_ascii_digit() || *c == '.' || (*index == 0 && matches!(c, '-' | '+'))))
        .map_or(text.len(), |(index, _)| index);
    text[..end].parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_in_every_form_seen() {
        let fields = Fields::of(json!({
            "plain": 7.5, "text": "7.12", "unit": " 88.12ms", "old": "12(0.94%)", "thousands": "1,279",
            "null": null, "words": "N/A", "object": {}, "negative": "-3", "huge": "1e999"
        }));
        let number = |name: &str| fields.number(&[name]);
        assert_eq!(number("plain"), Some(7.5));
        assert_eq!(number("text"), Some(7.12));
        assert_eq!(number("unit"), Some(88.12));
        assert_eq!(number("old"), Some(12.0));
        assert_eq!(number("thousands"), Some(1279.0));
        assert_eq!(number("huge"), Some(1.0));
        for name in ["null", "words", "object", "missing"] {
            assert_eq!(number(name), None, "{name}");
        }
        assert_eq!((number("negative"), fields.count(&["negative"])), (Some(-3.0), None));
        assert_eq!(fields.number(&["null", "text"]), Some(7.12), "a null field does not hide the next name");
    }

    #[test]
    fn ids_are_exact() {
        let fields = Fields::of(json!({"a": "17", "b": 9_007_199_254_740_993_u64, "c": 1.5, "d": -1, "e": "x"}));
        assert_eq!(fields.id(&["a"]), Some(17));
        assert_eq!(fields.id(&["c", "d", "e", "b"]), Some(9_007_199_254_740_993));
        assert_eq!(fields.id(&["c"]), None);
    }

    #[test]
    fn a_list_is_bare_or_under_data() {
        assert_eq!(Fields::list(json!([{"id": 1}, 5, null])).unwrap().len(), 1);
        assert_eq!(Fields::list(json!({"data": [{"id": 1}]})).unwrap().len(), 1);
        assert!(Fields::list(json!({"message": "no"})).is_none());
        assert!(Fields::list(json!("x")).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,40}") {
            let _ = leading_number(&text);
        }
    }
}
