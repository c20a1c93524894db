//! One step on the way to a limit, and how its numbers are written.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::text::signed_percent;

/// One step on the way to a limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ExplainStep {
    /// What it is about.
    pub name: &'static str,
    /// The step in words.
    pub text: String,
    /// Its numbers by name: values in the row's unit, `_percent` in percent.
    pub numbers: BTreeMap<&'static str, f64>,
}

impl ExplainStep {
    pub(super) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into(), numbers: BTreeMap::new() }
    }

    pub(super) fn with(mut self, name: &'static str, number: f64) -> Self {
        self.numbers.insert(name, number);
        self
    }
}

/// A natural logarithm of a factor as a change: `+20 %`.
pub(super) fn change(log: f64) -> String {
    signed_percent(100.0 * log.exp_m1())
}

/// A spread as people read it: `3.4 %`.
pub(super) fn percent(spread: f64) -> String {
    format!("{:.1} %", 100.0 * spread.exp_m1())
}
