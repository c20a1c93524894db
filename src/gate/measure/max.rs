//! `max`: the longest response time.

use super::{PlainMeasure, Scatter};
use crate::results::Percentile;
use crate::series::WindowValue;
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "max",
    synonyms: &[],
    unit: Unit::Ms,
    more_is_better: false,
    observe: |measured| measured.max_ms(),
    without_requests: None,
    window: Some(WindowValue::Percentile(Percentile::P100)),
    drifts: true,
    scatter: Scatter::Unknown,
};
