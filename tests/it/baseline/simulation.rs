//! Runs of unchanged and of slower code, drawn at random, and how often the learned limits turn red.
//!
//! The model. Each run multiplies an endpoint's response time by a log-normal factor with the given coefficient of
//! variation; 8 % of the runs are slow by 15 to 45 %, each endpoint on its own or all of them at once. Locust rounds the
//! p95. Throughput has scatter of the same size and falls with slow responses as for users who think for as long as they
//! wait. Failures are drawn around an endpoint's own error rate, which itself varies from run to run by half and doubles
//! in a slow run. The second run of `--confirm` is drawn again; a slow environment that persists keeps the first run's
//! slow factor and redraws the scatter alone.

use loadforge_ci::baseline::limit::{LimitSpec, Variability, error_rate_limit, min_delta, value_limit};
use loadforge_ci::baseline::statistics::{Failed, PRIOR_SPREAD, spread_about, typical_spread};
use loadforge_ci::locust::rounded_ms;
use loadforge_ci::series::median;
use loadforge_ci::verdict::{Operator, Severity, Unit};

/// Requests of an endpoint in a run.
const REQUESTS: u64 = 2_000;
/// The tolerated change of the default gates, %.
const TOLERANCE: f64 = 20.0;
/// The naive rule: at most 10 % above the last run.
const NAIVE: f64 = 1.10;
/// True slow-downs whose detection is counted.
pub(crate) const SLOWER: [f64; 3] = [1.3, 1.5, 2.0];

/// Whom a slow run hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slow {
    EachEndpoint,
    AllAtOnce,
}

/// How often one p95 gate turned red, as shares of all trials.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct GateRates {
    pub(crate) one_shot: f64,
    pub(crate) confirmed: f64,
    /// Confirmed in an environment whose slowness persists.
    pub(crate) persisting: f64,
    /// Confirmed, for each of [`SLOWER`].
    pub(crate) found: [f64; 3],
    pub(crate) naive_one_shot: f64,
    pub(crate) naive_confirmed: f64,
}

/// How often a clean build of many endpoints turned red, as shares of all trials.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct BuildRates {
    pub(crate) one_shot: f64,
    pub(crate) confirmed: f64,
    pub(crate) persisting: f64,
    pub(crate) naive_one_shot: f64,
    pub(crate) naive_confirmed: f64,
}

/// One endpoint in one run.
#[derive(Debug, Clone, Copy)]
struct Run {
    slow: f64,
    p95: f64,
    rps: f64,
    failed: Failed,
}

struct Endpoint {
    level_ms: f64,
    error_rate: f64,
}

/// One endpoint's good runs and the runs judged against them.
struct Drawn {
    good: Vec<Run>,
    first: Run,
    second: Run,
    persisting: Run,
}

/// The spreads to expect, learned from all endpoints together.
struct Priors {
    p95: f64,
    rps: f64,
}

impl Priors {
    fn of(drawn: &[Drawn]) -> Self {
        let typical = |value: fn(&Run) -> f64| {
            let spreads = drawn.iter().map(|one| {
                let logs: Vec<f64> = one.good.iter().map(|run| value(run).ln()).collect();
                spread_about(median(logs.iter().copied()).unwrap_or_default(), &logs)
            });
            typical_spread(&spreads.collect::<Vec<_>>()).max(PRIOR_SPREAD)
        };
        Self { p95: typical(|run| rounded_ms(run.p95)), rps: typical(|run| run.rps) }
    }
}

/// A seeded source of runs.
pub(crate) struct World {
    random: fastrand::Rng,
    sigma: f64,
}

impl World {
    pub(crate) fn new(seed: u64, cv: f64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), sigma: (cv * cv).ln_1p().sqrt() }
    }

    /// A standard normal value (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.random.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.random.f64()).cos()
    }

    fn slow(&mut self) -> f64 {
        if self.random.f64() < 0.08 { 1.15 + 0.30 * self.random.f64() } else { 1.0 }
    }

    fn endpoint(&mut self) -> Endpoint {
        Endpoint { level_ms: 20.0 * 150_f64.powf(self.random.f64()), error_rate: 0.005 * self.random.f64() }
    }

    fn run(&mut self, endpoint: &Endpoint, slow: f64) -> Run {
        let scatter = (self.sigma * self.normal()).exp();
        let arrivals = (self.sigma * self.normal()).exp();
        let burst = (0.5 * self.normal() - 0.125).exp() * if slow > 1.0 { 2.0 } else { 1.0 };
        let failures = self.poisson(REQUESTS as f64 * endpoint.error_rate * burst).min(REQUESTS);
        Run {
            slow,
            p95: endpoint.level_ms * slow * scatter,
            rps: 10.0 * arrivals * 2.0 / (1.0 + slow),
            failed: Failed { requests: REQUESTS, failures },
        }
    }

    /// Knuth's method, good for the small means that occur here.
    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut count, mut product, end) = (0, self.random.f64(), (-mean).exp());
        while product > end && count < REQUESTS {
            count += 1;
            product *= self.random.f64();
        }
        count
    }

    /// One p95 gate on one endpoint; `rows` are judged beside it.
    pub(crate) fn gate(&mut self, runs: usize, rows: usize, trials: u32) -> GateRates {
        let mut rates = GateRates::default();
        let one = 1.0 / f64::from(trials);
        for _ in 0..trials {
            let endpoint = self.endpoint();
            let good = self.good_runs(&endpoint, runs);
            let (slow, slow_again) = (self.slow(), self.slow());
            let (first, second) = (self.run(&endpoint, slow), self.run(&endpoint, slow_again));
            let persisting = self.run(&endpoint, slow);
            let limit = p95_limit(&good, rows, PRIOR_SPREAD);
            let red = |run: &Run, factor: f64| limit.is_some_and(|limit| rounded_ms(run.p95 * factor) > limit);
            let count = |slot: &mut f64, happened: bool| *slot += if happened { one } else { 0.0 };
            count(&mut rates.one_shot, red(&first, 1.0));
            count(&mut rates.confirmed, red(&first, 1.0) && red(&second, 1.0));
            count(&mut rates.persisting, red(&first, 1.0) && red(&persisting, 1.0));
            for (slot, factor) in rates.found.iter_mut().zip(SLOWER) {
                count(slot, red(&first, factor) && red(&second, factor));
            }
            let naive = |run: &Run| good.last().is_some_and(|last| rounded_ms(run.p95) > NAIVE * rounded_ms(last.p95));
            count(&mut rates.naive_one_shot, naive(&first));
            count(&mut rates.naive_confirmed, naive(&first) && naive(&second));
        }
        rates
    }

    /// A build with p95, throughput and error rate gates on each of `endpoints` endpoints.
    pub(crate) fn build(&mut self, endpoints: usize, runs: usize, slow: Slow, trials: u32) -> BuildRates {
        let mut rates = BuildRates::default();
        let one = 1.0 / f64::from(trials);
        for _ in 0..trials {
            let at_once: Vec<f64> = (0..runs + 2).map(|_| self.slow()).collect();
            let mut red = BuildRates::default();
            let drawn: Vec<Drawn> = (0..endpoints)
                .map(|_| {
                    let endpoint = self.endpoint();
                    let mut draw = |index: usize| {
                        let factor = if slow == Slow::AllAtOnce { at_once[index] } else { self.slow() };
                        self.run(&endpoint, factor)
                    };
                    let good: Vec<Run> = (0..runs).map(&mut draw).collect();
                    let (first, second) = (draw(runs), draw(runs + 1));
                    let persisting = self.run(&endpoint, first.slow);
                    Drawn { good, first, second, persisting }
                })
                .collect();
            let priors = Priors::of(&drawn);
            for Drawn { good, first, second, persisting } in &drawn {
                // Gates are p95, throughput and error rate; a row counts as confirmed only when it fails twice itself.
                let (once, twice, still) = misses(good, first, second, persisting, 3 * endpoints, &priors);
                red.one_shot = red.one_shot.max(once);
                red.confirmed = red.confirmed.max(twice);
                red.persisting = red.persisting.max(still);
                let naive = |run: &Run| {
                    good.last().is_some_and(|last| {
                        rounded_ms(run.p95) > NAIVE * rounded_ms(last.p95) || run.rps < last.rps / NAIVE
                    })
                };
                red.naive_one_shot = red.naive_one_shot.max(f64::from(naive(first)));
                red.naive_confirmed = red.naive_confirmed.max(f64::from(naive(first) && naive(second)));
            }
            rates.one_shot += one * red.one_shot;
            rates.confirmed += one * red.confirmed;
            rates.persisting += one * red.persisting;
            rates.naive_one_shot += one * red.naive_one_shot;
            rates.naive_confirmed += one * red.naive_confirmed;
        }
        rates
    }

    fn good_runs(&mut self, endpoint: &Endpoint, runs: usize) -> Vec<Run> {
        (0..runs)
            .map(|_| {
                let slow = self.slow();
                self.run(endpoint, slow)
            })
            .collect()
    }
}

/// Whether any of an endpoint's three rows is missed: once, in the first and the second run, in the first and the
/// persisting one (1 or 0 each).
fn misses(good: &[Run], first: &Run, second: &Run, persisting: &Run, rows: usize, priors: &Priors) -> (f64, f64, f64) {
    let rules: [&dyn Fn(&Run) -> bool; 3] = [
        &|run| {
            // Nothing within the tolerance can miss; the shortcut saves learning the limit.
            let fastest = good.iter().map(|run| rounded_ms(run.p95)).fold(f64::INFINITY, f64::min);
            rounded_ms(run.p95) > fastest
                && p95_limit(good, rows, priors.p95).is_some_and(|limit| rounded_ms(run.p95) > limit)
        },
        &|run| {
            let values: Vec<f64> = good.iter().map(|run| run.rps).collect();
            let demand = demand(Operator::GreaterOrEqual, -TOLERANCE, rows);
            let nature = Variability { prior_spread: priors.rps, ..Variability::new(Unit::PerSecond, false) };
            value_limit(&values, &nature, &demand).is_some_and(|learned| run.rps < learned.limit)
        },
        &|run| {
            let values: Vec<Failed> = good.iter().map(|run| run.failed).collect();
            let rate = 100.0 * run.failed.fraction();
            // As above: less than the smallest relevant change can never miss.
            rate > 100.0 * Failed::pooled(&values).fraction() + min_delta::PERCENTAGE_POINTS
                && error_rate_limit(&values, REQUESTS, &demand(Operator::LessOrEqual, TOLERANCE, rows))
                    .is_some_and(|learned| rate > learned.limit)
        },
    ];
    let (mut once, mut twice, mut still) = (false, false, false);
    for missed in rules {
        if missed(first) {
            once = true;
            twice = twice || missed(second);
            still = still || missed(persisting);
        }
    }
    (f64::from(once), f64::from(twice), f64::from(still))
}

fn p95_limit(good: &[Run], rows: usize, prior_spread: f64) -> Option<f64> {
    let values: Vec<f64> = good.iter().map(|run| rounded_ms(run.p95)).collect();
    let demand = demand(Operator::LessOrEqual, TOLERANCE, rows);
    value_limit(&values, &Variability { prior_spread, ..Variability::new(Unit::Ms, true) }, &demand)
        .map(|learned| learned.limit)
}

fn demand(operator: Operator, change_percent: f64, rows: usize) -> LimitSpec {
    LimitSpec { operator, change_percent, severity: Severity::Fail, rows }
}
