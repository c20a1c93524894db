//! What can be asked of a run's time series.

use super::totals::Interval;
use crate::results::{Percentile, StageSpan};
use crate::verdict::Operator;

/// A value that each window of a run has.
#[derive(Debug, Clone, Copy)]
pub enum WindowValue {
    /// A percentile of the response time, ms.
    Percentile(Percentile),
    /// A value that follows from the window's counts; `None` where nothing was measured.
    Counted(fn(&Interval) -> Option<f64>),
}

/// A limit that a value has to keep in a window.
#[derive(Debug, Clone, Copy)]
pub struct WindowLimit {
    /// Which value.
    pub value: WindowValue,
    /// How the value is compared with the limit.
    pub operator: Operator,
    /// The limit, in the value's unit.
    pub limit: f64,
}

/// What one gate needs of one endpoint's time series.
#[derive(Debug, Clone, Copy)]
pub enum SeriesRequest {
    /// What was measured after the ramp-up.
    AfterRampUp,
    /// How many windows of 10 s keep a limit.
    Share {
        /// The limit.
        limit: WindowLimit,
        /// Whether windows of the ramp-up are left out.
        after_ramp_up: bool,
    },
    /// What was measured in one stage, once its users ran.
    Stage(StageSpan),
    /// How a value changes from window to window after the ramp-up.
    Drift(WindowValue),
}

/// Where the answer to a [`SeriesRequest`] is found.
#[derive(Debug, Clone, Copy)]
pub struct SeriesHandle {
    /// The endpoint's position in the plan.
    pub(super) endpoint: usize,
    /// The position among the endpoint's requests of this kind.
    pub(super) index: usize,
}
