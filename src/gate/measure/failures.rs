//! `failures`: the number of failed requests.

use super::{PlainMeasure, Scatter};
use crate::series::WindowValue;
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "failures",
    synonyms: &["fails"],
    unit: Unit::Count,
    more_is_better: false,
    observe: |measured| Some(measured.failures() as f64),
    without_requests: None,
    window: Some(WindowValue::Counted(|window| (window.requests > 0).then_some(window.failures as f64))),
    drifts: false,
    scatter: Scatter::Failures,
};
