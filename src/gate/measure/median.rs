//! `median`: the median response time.

use super::{PlainMeasure, Scatter};
use crate::results::Percentile;
use crate::series::WindowValue;
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "median",
    synonyms: &["med"],
    unit: Unit::Ms,
    more_is_better: false,
    observe: |measured| measured.median_ms(),
    without_requests: None,
    window: Some(WindowValue::Percentile(Percentile::P50)),
    drifts: true,
    scatter: Scatter::Percentile(Percentile::P50),
};
