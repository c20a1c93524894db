//! `avg`: the mean response time.

use super::{PlainMeasure, Scatter};
use crate::series::WindowValue;
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "avg",
    synonyms: &["mean", "average"],
    unit: Unit::Ms,
    more_is_better: false,
    observe: |measured| measured.avg_ms(),
    without_requests: None,
    window: Some(WindowValue::Counted(|window| window.average_ms)),
    drifts: true,
    scatter: Scatter::Mean,
};
