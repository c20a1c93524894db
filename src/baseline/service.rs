//! The good runs of a whole service and the run that is judged, for one measure.

use std::cell::RefCell;
use std::collections::HashMap;

use super::limit::{LimitSpec, min_delta};
use super::model::{ENOUGH, Environment, Fit, Margins, Model, Observation, Series};
use super::record::{EndpointRecord, GoodRun};
use super::statistics::{Cause, FAIL_SPREADS, WARN_SPREADS, mean_variance, percentile_variance};
use crate::gate::{Measure, Scatter};
use crate::locust::bucket_width;
use crate::results::EndpointKey;
use crate::series::median;
use crate::verdict::{Severity, Unit};

/// Locust shows less than half a millisecond as 0.
const FLOOR_MS: f64 = 0.5;
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

impl ServiceLimits {
    /// Learns from the good runs, and reads the environment off the run that is judged. `None` with fewer than five
    /// endpoints that five runs measured, or fewer than five of them in this run.
    pub(super) fn learn(runs: &[&GoodRun], this: &[EndpointRecord], measure: &Measure) -> Option<Self> {
        if runs.len() < ENOUGH || measure.unit() != Unit::Ms {
            return None;
        }
        let table = RunTable::of(runs, measure);
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
        let KnownEndpoint { fit, requests: usual } = match endpoint {
            Some(key) => *self.endpoints.get(key)?,
            None => self.total?,
        };
        let shift = self.environment.shift(fit.center);
        let fewer = sampling(&self.measure, requests) - sampling(&self.measure, usual);
        let center = fit.center.exp();
        let limit = |runs: usize| {
            let margin = self.with_margins(spec, runs, |margins| self.model.margin(margins, fit, shift, fewer));
            let by_margin = (fit.center + margin.log).exp();
            let bucket = if rounded { bucket_width(by_margin) } else { 0.0 };
            (by_margin, center + min_delta::MS.max(bucket), margin.cause)
        };
        let (two, three) = (limit(2), limit(3));
        let (by_margin, least, cause) = if most > 2 { three } else { two };
        let scatter = 100.0 * self.model.scatter(fit, shift, fewer).exp_m1();
        let mut why = if least > by_margin {
            format!("the smallest difference that counts, {}", Unit::Ms.show(least - center))
        } else {
            match cause {
                Cause::Tolerance => format!("+{} % tolerated", spec.change_percent),
                Cause::Spread => format!("{} times the scatter of {scatter:.1} %", spreads(spec, most)),
                Cause::ManyRows => format!("a scatter of {scatter:.1} % with {} rows judged at once", spec.rows),
            }
        };
        if shift > SHIFT_WORTH_TELLING {
            why.push_str(&format!("; raised because this run is {:.0} % slower everywhere", 100.0 * shift.exp_m1()));
        }
        Some(RunLimits {
            two: two.0.max(two.1),
            three: three.0.max(three.1),
            unusual: self.is_unusual(spec.change_percent),
            center,
            why,
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

fn log(ms: f64) -> f64 {
    ms.max(FLOOR_MS).ln()
}

/// The variance of a value's logarithm that comes from the number of requests alone.
fn sampling(measure: &Measure, requests: u64) -> f64 {
    match measure.scatter() {
        Scatter::Percentile(percentile) => percentile_variance(percentile.fraction(), requests),
        Scatter::Mean => mean_variance(requests),
        _ => 0.0,
    }
}

/// A measure in the good runs, by endpoint and run.
struct RunTable {
    /// Endpoints that enough runs measured, with the requests of a usual run.
    endpoints: Vec<((EndpointKey, u64), Series)>,
    total: Option<(u64, Series)>,
}

impl RunTable {
    fn of(runs: &[&GoodRun], measure: &Measure) -> Self {
        let mut order: HashMap<(&str, &str), usize> = HashMap::new();
        let mut columns: Vec<Vec<Option<&EndpointRecord>>> = Vec::new();
        for (index, run) in runs.iter().enumerate() {
            for one in run.endpoints.iter().filter(|one| one.requests > 0) {
                let row = *order.entry((&one.method, &one.name)).or_insert_with(|| {
                    columns.push(vec![None; runs.len()]);
                    columns.len() - 1
                });
                columns[row][index] = Some(one);
            }
        }
        let endpoints = columns.iter().filter_map(|records| {
            let key = records.iter().flatten().next()?.key();
            let (requests, series) = series(records, measure)?;
            Some(((key, requests), series))
        });
        let total: Vec<_> = runs.iter().map(|run| Some(&run.total)).collect();
        Self { endpoints: endpoints.collect(), total: series(&total, measure) }
    }
}

/// The series of an endpoint with the requests of a usual run; `None` when too few runs measured it.
fn series(records: &[Option<&EndpointRecord>], measure: &Measure) -> Option<(u64, Series)> {
    let value = |record: &EndpointRecord| record.value(measure).map_or(f64::NAN, log);
    let logs: Vec<f64> = records.iter().map(|record| record.map_or(f64::NAN, value)).collect();
    if logs.iter().filter(|log| log.is_finite()).count() < ENOUGH {
        return None;
    }
    let usual = median(records.iter().flatten().map(|record| record.requests as f64))? as u64;
    Some((usual, Series { logs, sampling: sampling(measure, usual) }))
}
