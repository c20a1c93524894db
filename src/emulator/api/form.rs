//! Reads the fields of a request, reporting all errors at once, and the id in its path.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::extract::Path;
use serde_json::{Map, Value};

use super::error::ErrorResponse;

/// The fields of a request's body and what is wrong with them.
pub(super) struct Form {
    fields: Map<String, Value>,
    errors: BTreeMap<String, Vec<String>>,
}

impl Form {
    /// Reads a JSON object; a missing body is an empty object.
    pub(super) fn read(body: &[u8]) -> Result<Self, ErrorResponse> {
        let fields = if body.trim_ascii().is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(body)
                .map_err(|error| ErrorResponse::Malformed(format!("The body must be a JSON object: {error}")))?
        };
        Ok(Self { fields, errors: BTreeMap::new() })
    }

    /// Whether the field is present and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// Notes what is wrong with a field.
    pub(super) fn reject(&mut self, name: &str, message: impl Into<String>) {
        self.errors.entry(name.into()).or_default().push(message.into());
    }

    /// The raw value of an optional field.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub(super) fn require(&mut self, name: &str) {
        let empty = self.value(name).is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty()));
        if empty {
            self.reject(name, format!("The {} field is required.", words(name)));
        }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            _ => {
                self.reject(name, format!("The {} field must be a string.", words(name)));
                None
            }
        }
    }

    /// A whole number in a range; a text of digits will do, as PHP has it.
    pub(super) fn whole(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        match number {
            Some(number) if range.contains(&number) => Some(number),
            Some(_) => {
                let (least, most) = range.into_inner();
                self.reject(name, format!("The {} field must be between {least} and {most}.", words(name)));
                None
            }
            None => {
                self.reject(name, format!("The {} field must be an integer.", words(name)));
                None
            }
        }
    }

    /// A number of at least 0; a text will do.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.value(name)?;
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        match number.filter(|number| number.is_finite() && *number >= 0.0) {
            Some(number) => Some(number),
            None => {
                self.reject(name, format!("The {} field must be a number of at least 0.", words(name)));
                None
            }
        }
    }

    /// Says no when anything was wrong.
    pub(super) fn check(&mut self) -> Result<(), ErrorResponse> {
        if self.errors.is_empty() { Ok(()) } else { Err(ErrorResponse::Invalid(std::mem::take(&mut self.errors))) }
    }
}

/// The id in a request's path. A path that holds no number names nothing.
pub(super) fn path_id(what: &'static str, Path(id): Path<String>) -> Result<u64, ErrorResponse> {
    id.parse().map_err(|_| ErrorResponse::Missing(what, 0))
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}
