//! `error_rate`: failed requests, % of all.

use super::{PlainMeasure, Scatter};
use crate::series::WindowValue;
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "error_rate",
    synonyms: &["errorrate", "fail_ratio", "error_ratio"],
    unit: Unit::Percent,
    more_is_better: false,
    observe: |measured| share(measured.failures(), measured.requests()),
    without_requests: None,
    window: Some(WindowValue::Counted(|window| share(window.failures, window.requests))),
    drifts: true,
    scatter: Scatter::Failures,
};

fn share(failures: u64, requests: u64) -> Option<f64> {
    (requests > 0).then(|| failures as f64 * 100.0 / requests as f64)
}
