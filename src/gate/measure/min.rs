//! `min`: the shortest response time.

use super::{PlainMeasure, Scatter};
use crate::verdict::Unit;

pub(super) const MEASURE: PlainMeasure = PlainMeasure {
    name: "min",
    synonyms: &[],
    unit: Unit::Ms,
    more_is_better: false,
    observe: |measured| measured.min_ms(),
    without_requests: None,
    window: None,
    drifts: false,
    scatter: Scatter::Unknown,
};
