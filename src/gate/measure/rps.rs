//! `rps`: the throughput, requests/s.

use super::{PlainMeasure, Scatter};
use crate::series::WindowValue;
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "rps",
    synonyms: &["throughput", "tps", "qps", "rate"],
    unit: Unit::PerSecond,
    more_is_better: true,
    observe: |measured| measured.requests_per_s(),
    without_requests: Some(0.0),
    window: Some(WindowValue::Counted(|window| {
        let seconds = window.seconds();
        (seconds > 0.0).then(|| window.requests as f64 / seconds)
    })),
    drifts: true,
    scatter: Scatter::Arrivals,
};
