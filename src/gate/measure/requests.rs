//! `requests`: the number of requests, failed ones included.

use super::{PlainMeasure, Scatter};
use crate::series::WindowValue;
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "requests",
    synonyms: &["hits", "count"],
    unit: Unit::Count,
    more_is_better: true,
    observe: |measured| Some(measured.requests() as f64),
    without_requests: Some(0.0),
    window: Some(WindowValue::Counted(|window| Some(window.requests as f64))),
    drifts: false,
    scatter: Scatter::Arrivals,
};
