//! The good runs of a whole service and the run that is judged, for one measure.

use std::cell::RefCell;
use std::collections::HashMap;

use super::limit::{LimitSpec, min_delta};
use super::model::{ENOUGH, Environment, Fit, Margins, Model, Observation, Series};
use super::record::{EndpointRecord, GoodRun};
use super::run_table::{RunTable, RunValues, log, sampling};
use super::statistics::{Cause, FAIL_SPREADS, WARN_SPREADS};
use crate::gate::Measure;
use crate::locust::bucket_width;
use crate::results::EndpointKey;
use crate::verdict::{Severity, Unit};

/// Spreads beyond which a value counts when three runs must all be beyond.
const SPREADS_OF_THREE: f64 = 2.0;

/// What the good runs of a service say about the run that is judged, in one response-time measure.
#[derive(Debug)]
pub(super) struct ServiceLimits {
    measure: Measure,
    model: Model,
    environment: Environment,
    endpoints: HashMap<EndpointKey, KnownEndpoint>,
    total: Option<KnownEndpoint>,
    /// The margins of each demand that was made so far; there are as many as gates.
    margins: RefCell<Vec<(LimitSpec, usize, Margins)>>,
}

/// The usual values of an endpoint.
#[derive(Debug, Clone, Copy)]
struct KnownEndpoint {
    fit: Fit,
    /// Requests of a usual run.
    requests: u64,
}

/// The limits of one row in this run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunLimits {
    /// The limit that two runs must exceed, ms.
    pub(super) two: f64,
    /// The lower limit that three runs must all exceed, ms.
    pub(super) three: f64,
    /// Whether everything is slower than good runs ever were.
    pub(super) unusual: bool,
    /// The usual value, ms.
    pub(super) center: f64,
    /// How the limit for so many runs as are planned came about.
    pub(super) why: String,
}

/// How the limits of a row came about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LimitParts {
    pub(super) fit: Fit,
    /// The usual value, ms.
    pub(super) center: f64,
    /// What the environment adds, as a natural logarithm.
    pub(super) shift: f64,
    /// The variance that fewer requests than usual add.
    pub(super) fewer: f64,
    /// How far one more run scatters.
    pub(super) scatter: f64,
    /// The limit that two runs must exceed.
    pub(super) two: RunsLimit,
    /// The lower limit that three runs must all exceed.
    pub(super) three: RunsLimit,
}

/// The limit that so many runs must all exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RunsLimit {
    /// Spreads that a miss must be away.
    pub(super) spreads: f64,
    /// What is tolerated, the spreads, and what many rows need, as natural logarithms.
    pub(super) demands: [f64; 3],
    pub(super) cause: Cause,
    /// The limit by the widest of them with the environment, ms.
    pub(super) by_margin: f64,
    /// The lowest limit there may be, ms: the smallest difference that counts.
    pub(super) least: f64,
}

impl RunsLimit {
    /// The limit, ms.
    pub(super) const fn limit(&self) -> f64 {
        self.by_margin.max(self.least)
    }
}

impl ServiceLimits {
    /// Learns from the good runs, and reads the environment off the run that is judged. `None` with fewer than five
    /// endpoints that five runs measured, or fewer than five of them in this run.
    pub(super) fn learn(runs: &[&GoodRun], this: &[EndpointRecord], measure: &Measure) -> Option<Self> {
        if runs.len() < ENOUGH || measure.unit() != Unit::Ms {
            return None;
        }
        let runs: Vec<RunValues<'_>> = runs.iter().map(|run| RunValues::from(*run)).collect();
        let table = RunTable::of(&runs, measure, |_| true);
        let (keys, series): (Vec<_>, Vec<Series>) = table.endpoints.into_iter().unzip();
        let model = Model::learn(&series)?;
        let known = |fit: &Fit, requests: u64| KnownEndpoint { fit: *fit, requests };
        let endpoints: HashMap<EndpointKey, KnownEndpoint> =
            keys.into_iter().zip(model.fits()).map(|((key, requests), fit)| (key, known(fit, requests))).collect();
        let observed: Vec<Observation> = this
            .iter()
            .filter(|one| one.requests > 0)
            .filter_map(|one| {
                let fit = endpoints.get(&one.key())?.fit;
                Some(Observation { center: fit.center, spread: fit.spread, value: log(one.value(measure)?) })
            })
            .collect();
        if observed.len() < ENOUGH {
            return None;
        }
        let total = table.total.and_then(|(requests, series)| Some(known(&model.fit(&series)?, requests)));
        Some(Self {
            measure: measure.clone(),
            environment: Environment::of(&observed),
            endpoints,
            total,
            model,
            margins: RefCell::default(),
        })
    }

    /// Whether there are limits for an endpoint, or for all requests together.
    pub(super) fn knows(&self, endpoint: Option<&EndpointKey>) -> bool {
        endpoint.map_or(self.total.is_some(), |key| self.endpoints.contains_key(key))
    }

    /// The limits of a row; `None` for an endpoint that too few good runs measured. `rounded` says whether Locust
    /// rounded the values, `requests` how many are behind this run's.
    pub(super) fn limits(
        &self,
        endpoint: Option<&EndpointKey>,
        spec: &LimitSpec,
        most: usize,
        rounded: bool,
        requests: u64,
    ) -> Option<RunLimits> {
        let parts = self.parts(endpoint, spec, rounded, requests)?;
        let decides = if most > 2 { parts.three } else { parts.two };
        let mut why = if decides.least > decides.by_margin {
            format!("the smallest difference that counts, {}", Unit::Ms.show(decides.least - parts.center))
        } else {
            let scatter = 100.0 * parts.scatter.exp_m1();
            match decides.cause {
                Cause::Tolerance => format!("+{} % tolerated", spec.change_percent),
                Cause::Spread => format!("{} times the scatter of {scatter:.1} %", spreads(spec, most)),
                Cause::ManyRows => format!("a scatter of {scatter:.1} % with {} rows judged at once", spec.rows),
            }
        };
        if parts.shift > SHIFT_WORTH_TELLING {
            why.push_str(&format!(
                "; raised because this run is {:.0} % slower everywhere",
                100.0 * parts.shift.exp_m1()
            ));
        }
        Some(RunLimits {
            two: parts.two.limit(),
            three: parts.three.limit(),
            unusual: self.is_unusual(spec.change_percent),
            center: parts.center,
            why,
        })
    }

    /// How the limits of a row come about; as [`Self::limits`].
    pub(super) fn parts(
        &self,
        endpoint: Option<&EndpointKey>,
        spec: &LimitSpec,
        rounded: bool,
        requests: u64,
    ) -> Option<LimitParts> {
        let KnownEndpoint { fit, requests: usual } = match endpoint {
            Some(key) => *self.endpoints.get(key)?,
            None => self.total?,
        };
        let shift = self.environment.shift(fit.center);
        let fewer = sampling(&self.measure, requests) - sampling(&self.measure, usual);
        let center = fit.center.exp();
        let limit = |runs: usize| {
            self.with_margins(spec, runs, |margins| {
                let margin = self.model.margin(margins, fit, shift, fewer);
                let by_margin = (fit.center + margin.log).exp();
                let bucket = if rounded { bucket_width(by_margin) } else { 0.0 };
                let demands = self.model.demands(margins, fit, shift, fewer).map(|demand| demand.log);
                let least = center + min_delta::MS.max(bucket);
                RunsLimit { spreads: spreads(spec, runs), demands, cause: margin.cause, by_margin, least }
            })
        };
        Some(LimitParts {
            fit,
            center,
            shift,
            fewer: fewer.max(0.0),
            scatter: self.model.scatter(fit, shift, fewer),
            two: limit(2),
            three: limit(3),
        })
    }

    /// The factor by which the environment of this run makes all requests together slower; below 1 where it is faster.
    pub(super) fn slower_everywhere(&self) -> f64 {
        let usual = self.total.map(|total| total.fit.center);
        usual.map_or(self.environment.factor, |center| self.environment.shift(center)).exp()
    }

    /// Whether everything is slower than good runs ever were, and by more than so many percent.
    pub(super) fn is_unusual(&self, tolerated_percent: f64) -> bool {
        self.model.is_unusual(&self.environment, (tolerated_percent / 100.0).ln_1p())
    }

    /// What the good runs of the service show.
    pub(super) const fn model(&self) -> &Model {
        &self.model
    }

    /// What the run that is judged did to all endpoints.
    pub(super) const fn environment(&self) -> &Environment {
        &self.environment
    }

    fn with_margins<T>(&self, spec: &LimitSpec, runs: usize, use_them: impl FnOnce(&Margins) -> T) -> T {
        let mut known = self.margins.borrow_mut();
        let position = known.iter().position(|(other, of, _)| other == spec && *of == runs).unwrap_or_else(|| {
            let rows = if spec.severity == Severity::Fail { spec.rows } else { 0 };
            let margins = self.model.margins(tolerance(spec), spreads(spec, runs), rows, runs);
            known.push((*spec, runs, margins));
            known.len() - 1
        });
        use_them(&known[position].2)
    }
}

/// An environment that raises a limit by less is not worth a word.
const SHIFT_WORTH_TELLING: f64 = 0.05;

fn spreads(spec: &LimitSpec, runs: usize) -> f64 {
    match spec.severity {
        Severity::Fail if runs > 2 => SPREADS_OF_THREE,
        Severity::Fail => FAIL_SPREADS,
        Severity::Warn => WARN_SPREADS,
    }
}

/// ln of the tolerated factor.
fn tolerance(spec: &LimitSpec) -> f64 {
    (spec.change_percent / 100.0).ln_1p()
}
