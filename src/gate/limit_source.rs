//! What a `vs baseline` gate asks the history of good runs, and what it needs to know.

use crate::results::EndpointKey;
use crate::verdict::{Operator, Severity, Shown};

use super::{Measure, Scope};

/// The history of good runs, seen from a gate. `baseline` implements it; gates know nothing of how limits are learned.
pub trait LimitSource {
    /// Learns the limit for one value.
    fn compare(&self, query: &BaselineQuery<'_>) -> BaselineAnswer;

    /// Which share of their time users spent waiting for the service, 0 to 1; `None` where it is not known. Below a half,
    /// throughput says how long users think and not how fast the service is.
    fn busy(&self) -> Option<f64> {
        None
    }

    /// Why the load generator of the run is in doubt, in a sentence without a full stop, where it sent less than the users
    /// of good runs did.
    fn generator_doubt(&self) -> Option<&str> {
        None
    }

    /// The endpoints a run of this test is expected to call. One that it does not call is no accident.
    fn expected(&self) -> Expected {
        Expected::default()
    }
}

/// What every good run called, and often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The endpoints, in no order.
    pub endpoints: Vec<EndpointKey>,
    /// Good runs that were looked through.
    pub runs: u32,
}

/// One value that wants a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselineQuery<'a> {
    /// The endpoint; `None` for all requests together.
    pub endpoint: Option<&'a EndpointKey>,
    /// What was measured; never a drift.
    pub measure: &'a Measure,
    /// Which part of the run `observed` is from; never windows. A history that keeps whole runs only
    /// answers [`BaselineAnswer::NoBaseline`] for anything but [`Scope::WholeRun`].
    pub scope: Scope,
    /// The value, in the measure's unit ([`Measure::unit`]).
    pub observed: f64,
    /// Requests behind the value.
    pub requests: u64,
    /// Failed requests among them; for an error class those of the class.
    pub failures: u64,
    /// How the value is compared with the limit; never [`Operator::Equal`].
    pub operator: Operator,
    /// The tolerated change against the baseline, %: +10 is 10 % more, -15 is 15 % less.
    pub change_percent: f64,
    /// What a miss means; a warning may be given earlier than a failure.
    pub severity: Severity,
}

/// The history's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum BaselineAnswer {
    /// Too little history to compare with. Inconclusive, but allowed.
    NoBaseline {
        /// Why, one sentence without a full stop, for example "no good run of this test is recorded yet".
        reason: String,
        /// Good runs there are.
        runs: u32,
    },
    /// There is history, but of runs that are not comparable. Inconclusive, but allowed, naming the fields.
    Refused {
        /// The fields of the fingerprint that differ, at least one.
        differences: Vec<FieldDifference>,
        /// Good runs that were left out for it.
        runs: u32,
    },
    /// The good runs do not know this endpoint. Inconclusive, but allowed.
    NewEndpoint {
        /// Good runs that were looked through.
        runs: u32,
    },
    /// So few requests that whatever share of them failed may be chance. Inconclusive, but allowed.
    TooFewRequests {
        /// Why, one sentence without a full stop.
        reason: String,
        /// Good runs there are.
        runs: u32,
    },
    /// The limit. The value misses it when `observed operator limit` does not hold: tolerance, spread, the minimum
    /// delta and Locust's rounding are all part of it.
    Limit {
        /// The limit, in the measure's unit.
        limit: f64,
        /// The baseline's median, in the measure's unit.
        median: f64,
        /// Good runs behind it.
        runs: u32,
        /// Their values, oldest first.
        recent: Vec<f64>,
        /// Whether a miss is a warning only, because too few runs are behind the limit.
        warn_only: bool,
        /// How the limit came about, one sentence without a full stop.
        reason: String,
        /// What this run shows, where the limit knows what the run did to all endpoints. A value within the limit that is
        /// [explained](Shown::explained) by the environment is no pass.
        shown: Option<Shown>,
        /// Whether requests failed where no good run had a failure, by more than chance: a value within the limit is a
        /// warning then.
        new_failures: bool,
    },
}

/// A field of the fingerprint in which this run and the history differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// The field's name, for example `users`.
    pub field: String,
    /// Its value in this run.
    pub this_run: String,
    /// Its value in the history.
    pub history: String,
}

/// No history: nothing was recorded, or none was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoHistory;

impl LimitSource for NoHistory {
    fn compare(&self, _: &BaselineQuery<'_>) -> BaselineAnswer {
        BaselineAnswer::NoBaseline { reason: "no history of good runs was given".into(), runs: 0 }
    }
}
