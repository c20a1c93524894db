//! What the good runs of a whole service say about one more run of it.
//!
//! A value is what its endpoint usually takes, plus what the run did to all endpoints (the *environment*), plus a rest.
//! Only the rest speaks about the code of one endpoint. Everything is on a natural logarithmic scale, where the same
//! distance is the same factor for every endpoint. [`Model::learn`] reads the good runs, [`Environment::of`] the run that
//! is judged, and [`Model::margin`] says how far from the usual an endpoint may lie when several runs must all exceed it.

mod environment;
mod many_rows;
mod polish;
mod sequence;

use many_rows::ManyRows;
use polish::{Polished, median_of, polish};

pub use environment::{Environment, Line, Observation};
pub use sequence::{Standing, standing};

use super::statistics::{Cause, Margin, SLOW_SHARE};

/// Fewer endpoints, or good runs, say nothing about an environment.
pub const ENOUGH: usize = 5;

/// The spread of an endpoint is shrunk towards that of the service as if the service were so many runs.
pub(super) const SERVICE_WEIGHT: f64 = 10.0;
/// No service is steadier than this from run to run.
const LEAST_SPREAD: f64 = 0.02;
/// The share of slow runs is learned as if so many values had been seen before, [`SLOW_SHARE`] of them slow.
pub(super) const SLOW_SHARE_WEIGHT: f64 = 100.0;
/// A value counts as slow from so many spreads, and from so large a factor, above the usual.
const SLOW_SPREADS: f64 = 2.5;
const SLOW_FACTOR: f64 = 1.12;
/// How differently endpoints answer to an environment, as a share of what it does to them.
pub const UNEVEN: f64 = 0.35;
/// The spread of the runs' own effects before any was seen, and the runs it counts for.
const RUN_SPREAD: f64 = 0.05;
const RUN_WEIGHT: f64 = 3.0;

/// One endpoint in the good runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// ln of its value in each good run, NaN where it was not measured.
    pub logs: Vec<f64>,
    /// The part of the variance of such a logarithm that comes from the number of requests alone.
    pub sampling: f64,
}

/// The usual value of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// ln of its usual value.
    pub center: f64,
    /// Standard deviation of one more run from it, with the environment removed: `own` and `expected` mixed.
    pub spread: f64,
    /// How far its own good runs lie from it.
    pub own: f64,
    /// How far those of an endpoint of this service with as many requests usually do.
    pub expected: f64,
}

/// What the good runs show.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    fits: Vec<Fit>,
    polished: Polished,
    runs: usize,
    /// The spread of the service's endpoints, without what comes from the number of requests.
    service_spread: f64,
    slow_share: f64,
    run_spread: f64,
}

/// Which rows are judged together.
#[derive(Debug, Clone, PartialEq)]
pub struct Margins {
    spreads: f64,
    tolerance: f64,
    many: ManyRows,
}

impl Model {
    /// Learns from the good runs; `None` with fewer than [`ENOUGH`] endpoints that at least [`ENOUGH`] runs measured.
    /// All series are equally long: one value for each good run, oldest first.
    #[must_use]
    pub fn learn(series: &[Series]) -> Option<Self> {
        let runs = series.first()?.logs.len();
        let table: Vec<Vec<f64>> = series.iter().map(|endpoint| endpoint.logs.clone()).collect();
        if series.len() < ENOUGH || table.iter().any(|logs| logs.len() != runs || measured(logs) < ENOUGH) {
            return None;
        }
        let polished = polish(&table);
        let own: Vec<f64> = polished.rest.iter().map(|rest| own_spread(rest, series.len())).collect();
        let beyond_sampling = own.iter().zip(series).map(|(own, endpoint)| own * own - endpoint.sampling);
        let service_variance = median_of(beyond_sampling, &mut Vec::new()).max(LEAST_SPREAD * LEAST_SPREAD);
        let prior = |sampling: f64| service_variance + sampling;
        let fits = polished.centers.iter().zip(&own).zip(series).map(|((center, own), endpoint)| Fit {
            center: *center,
            spread: shrunk(*own, measured(&endpoint.logs), prior(endpoint.sampling)),
            own: *own,
            expected: prior(endpoint.sampling).sqrt(),
        });
        let mut slow = 0;
        let mut values = 0;
        for (rest, endpoint) in polished.rest.iter().zip(series) {
            let threshold = (SLOW_SPREADS * prior(endpoint.sampling).sqrt()).max(SLOW_FACTOR.ln());
            slow += rest.iter().filter(|rest| **rest > threshold).count();
            values += measured(rest);
        }
        Some(Self {
            fits: fits.collect(),
            runs,
            service_spread: service_variance.sqrt(),
            slow_share: (slow as f64 + SLOW_SHARE * SLOW_SHARE_WEIGHT) / (values as f64 + SLOW_SHARE_WEIGHT),
            run_spread: run_spread(&polished.effects),
            polished,
        })
    }

    /// The usual value of each endpoint, in the order they were given.
    #[must_use]
    pub fn fits(&self) -> &[Fit] {
        &self.fits
    }

    /// The usual value of something measured besides the endpoints, such as all requests together; `None` when
    /// fewer than [`ENOUGH`] runs measured it.
    #[must_use]
    pub fn fit(&self, beside: &Series) -> Option<Fit> {
        let rest: Vec<f64> = beside.logs.iter().zip(&self.polished.effects).map(|(log, effect)| log - effect).collect();
        if measured(&rest) < ENOUGH {
            return None;
        }
        let center = median_of(rest.iter().copied(), &mut Vec::new());
        let away: Vec<f64> = rest.iter().map(|value| value - center).collect();
        let prior = self.service_spread.powi(2) + beside.sampling;
        let own = own_spread(&away, self.fits.len());
        Some(Fit { center, spread: shrunk(own, measured(&rest), prior), own, expected: prior.sqrt() })
    }

    /// The good runs.
    #[must_use]
    pub const fn runs(&self) -> usize {
        self.runs
    }

    /// The spread of an endpoint that is usual in this service, as a standard deviation of the logarithm.
    #[must_use]
    pub const fn service_spread(&self) -> f64 {
        self.service_spread
    }

    /// The share of values that are slow for no reason of the code.
    #[must_use]
    pub const fn slow_share(&self) -> f64 {
        self.slow_share
    }

    /// What each good run did to every endpoint, as a natural logarithm; their median is 0.
    #[must_use]
    pub fn effects(&self) -> &[f64] {
        &self.polished.effects
    }

    /// The residual of each value after removing the endpoint's usual value and the run's effect: a row for each
    /// endpoint, a column for each run, NaN where nothing was measured.
    #[must_use]
    pub fn rest(&self) -> &[Vec<f64>] {
        &self.polished.rest
    }

    /// Whether everything is slower than good runs ever were, and by more than is tolerated (`tolerance` is ln of the
    /// tolerated factor).
    #[must_use]
    pub fn is_unusual(&self, environment: &Environment, tolerance: f64) -> bool {
        environment.factor > tolerance.max(3.0 * self.run_spread)
    }

    /// How `rows` rows that can fail the build are judged together, each by `runs` runs that must all exceed its limit.
    /// `tolerance` is ln of the tolerated factor, `spreads` the spreads a miss must be away.
    #[must_use]
    pub fn margins(&self, tolerance: f64, spreads: f64, rows: usize, runs: usize) -> Margins {
        Margins { spreads, tolerance, many: ManyRows::new(rows, runs, self.slow_share) }
    }

    /// How far above its usual value an endpoint may lie, and what decided it beside the environment. `shift` is what the
    /// environment adds to it ([`Environment::shift`]), `sampling` the variance that fewer requests than usual bring into
    /// this run.
    #[must_use]
    pub fn margin(&self, margins: &Margins, fit: Fit, shift: f64, sampling: f64) -> Margin {
        let [tolerance, spread, many] = self.demands(margins, fit, shift, sampling);
        let widest = |one: Margin, other: Margin| if other.log > one.log { other } else { one };
        let own = widest(widest(tolerance, spread), many);
        widest(tolerance, Margin { log: shift + own.log, cause: own.cause })
    }

    /// The three margins of which the widest counts, without the environment: what is tolerated, the scatter, and what many
    /// rows need.
    #[must_use]
    pub fn demands(&self, margins: &Margins, fit: Fit, shift: f64, sampling: f64) -> [Margin; 3] {
        let scatter = self.scatter(fit, shift, sampling);
        [
            Margin { log: margins.tolerance, cause: Cause::Tolerance },
            Margin { log: margins.spreads * scatter, cause: Cause::Spread },
            Margin { log: margins.many.margin(scatter), cause: Cause::ManyRows },
        ]
    }

    /// How far one more run scatters about its limit's center: its own spread, what the medians of few runs and few
    /// endpoints add, and how unevenly endpoints answer to the environment.
    #[must_use]
    pub fn scatter(&self, fit: Fit, shift: f64, sampling: f64) -> f64 {
        let medians = 1.0 + MEDIAN_VARIANCE / self.runs as f64 + MEDIAN_VARIANCE / self.fits.len() as f64;
        (fit.spread * fit.spread * medians + (UNEVEN * shift).powi(2) + sampling.max(0.0)).sqrt()
    }
}

/// The variance of a median of normal values, in variances of their mean (π/2).
const MEDIAN_VARIANCE: f64 = 1.57;

fn measured(logs: &[f64]) -> usize {
    logs.iter().filter(|log| log.is_finite()).count()
}

/// The standard deviation estimated from the mean absolute residual, × √(π/2), made free of what the medians took away.
fn own_spread(rest: &[f64], endpoints: usize) -> f64 {
    let runs = measured(rest);
    let sum: f64 = rest.iter().filter(|rest| rest.is_finite()).map(|rest| rest.abs()).sum();
    let kept = (1.0 - 0.8 / runs.max(1) as f64) * (1.0 - 0.85 / endpoints.max(1) as f64);
    1.2533 * sum / runs.max(1) as f64 / kept
}

/// A spread, shrunk towards what is expected of it as if that were [`SERVICE_WEIGHT`] runs (limma's `squeezeVar`).
fn shrunk(own: f64, runs: usize, prior_variance: f64) -> f64 {
    let degrees = runs as f64 - 1.0;
    ((SERVICE_WEIGHT * prior_variance + degrees * own * own) / (SERVICE_WEIGHT + degrees)).sqrt()
}

/// How far the effects of runs scatter, widened for one more run.
fn run_spread(effects: &[f64]) -> f64 {
    let runs = effects.len() as f64;
    let own = 1.2533 * effects.iter().map(|effect| effect.abs()).sum::<f64>() / runs / (1.0 - 0.8 / runs);
    let variance = (RUN_WEIGHT * RUN_SPREAD * RUN_SPREAD + (runs - 1.0) * own * own) / (RUN_WEIGHT + runs - 1.0);
    (variance * (1.0 + MEDIAN_VARIANCE / runs)).sqrt()
}

#[cfg(test)]
mod tests;
