//! The endpoints that gates select, each with what it needs of the run's time series.

use super::endpoints::EndpointIndex;
use super::missing::Missing;
use super::observe::window_value;
use crate::gate::{Condition, Gate, Measure, PlacedGate, Scope};
use crate::results::{Endpoint, Results, Stage};
use crate::series::{SeriesHandle, SeriesPlan, SeriesRequest, WindowLimit};

/// One gate on one endpoint.
pub(super) struct GateTarget<'a> {
    /// The gate's position among all.
    pub(super) index: u32,
    /// The gate, and where it is written.
    pub(super) placed: &'a PlacedGate,
    /// What it judges.
    pub(super) what: Selected<'a>,
    /// Where the run's time series answer, when the gate asks them.
    pub(super) series: Option<SeriesHandle>,
}

/// What a gate judges.
#[derive(Clone, Copy)]
pub(super) enum Selected<'a> {
    /// All requests together.
    All,
    /// An endpoint of the results.
    One(&'a Endpoint),
    /// An endpoint that should have been called and was not.
    Missing(&'a Endpoint),
    /// No endpoint matches the selector.
    Nothing,
}

impl<'a> GateTarget<'a> {
    /// The endpoints that a gate selects. A default gate about throughput selects all requests together, and only when
    /// `throughput_tells`; beside them the endpoints that are missing.
    pub(super) fn of(
        number: u32,
        placed: &'a PlacedGate,
        index: &EndpointIndex<'a>,
        missing: &'a Missing,
        throughput_tells: bool,
    ) -> Vec<Self> {
        let target = |what| Self { index: number, placed, what, series: None };
        let Some(selector) = &placed.gate.selector else {
            let judged = !placed.is_default_throughput() || throughput_tells;
            return judged.then(|| target(Selected::All)).into_iter().collect();
        };
        if placed.is_default_throughput() {
            return missing.matching(selector).map(Selected::Missing).map(target).collect();
        }
        let matching = index.matching(selector).into_iter();
        let mut targets: Vec<Self> = if placed.gate.is_vs_baseline() {
            let there = matching.filter(|endpoint| !missing.contains(endpoint)).map(Selected::One);
            there.chain(missing.matching(selector).map(Selected::Missing)).map(target).collect()
        } else {
            matching.map(|endpoint| target(Selected::One(endpoint))).collect()
        };
        if targets.is_empty() {
            targets.push(target(Selected::Nothing));
        }
        targets
    }

    /// Adds what the gate needs of the run's time series.
    pub(super) fn plan(mut self, results: &Results, plan: &mut SeriesPlan) -> Self {
        let Gate { measure, condition, scope, .. } = &self.placed.gate;
        let want = match (measure, *scope, *condition) {
            (Measure::Drift(measure), ..) => SeriesRequest::Drift(window_value(measure)),
            (_, Scope::Windows { after_ramp_up, .. }, Condition::Fixed { operator, limit }) => {
                let limit = WindowLimit { value: window_value(measure), operator, limit: limit.value() };
                SeriesRequest::Share { limit, after_ramp_up }
            }
            (_, Scope::AfterRampUp, _) if results.after_ramp_up.is_none() => SeriesRequest::AfterRampUp,
            (_, Scope::Stage(number), _) => match Stage::spans(&results.stages).get(number as usize - 1) {
                Some(span) => SeriesRequest::Stage(*span),
                None => return self,
            },
            _ => return self,
        };
        self.series = match self.what {
            Selected::Nothing => None,
            Selected::All => Some(plan.want(None, want)),
            Selected::One(endpoint) | Selected::Missing(endpoint) => Some(plan.want(Some(&endpoint.key()), want)),
        };
        self
    }

    /// Its endpoint; `None` for all requests together, and for a selector without a match.
    pub(super) const fn endpoint(&self) -> Option<&'a Endpoint> {
        match self.what {
            Selected::One(endpoint) | Selected::Missing(endpoint) => Some(endpoint),
            Selected::All | Selected::Nothing => None,
        }
    }
}
