//! How often builds of a world turn red, by the rule before and by the rule that knows the environment.

use loadforge_ci::baseline::limit::{LimitSpec, Variability, value_limit};
use loadforge_ci::baseline::model::{Environment, Model, Observation, Series, Standing, standing};
use loadforge_ci::baseline::statistics::{PRIOR_SPREAD, percentile_variance, spread_about, typical_spread};
use loadforge_ci::locust::{bucket_width, rounded_ms};
use loadforge_ci::series::median;
use loadforge_ci::verdict::{Operator, Severity, Shown, Unit};

use super::worlds::{Drawn, MEASURES, Source, World};

const TOLERANCE: f64 = 20.0;
const FRACTIONS: [f64; MEASURES] = [0.5, 0.95];
/// True slow-downs of one endpoint.
pub(crate) const SLOWER: [f64; 5] = [1.1, 1.2, 1.3, 1.5, 2.0];
/// A network that is slower by so much, ms.
const DELAY: f64 = 15.0;
const MOST: usize = 3;

/// A share of trials.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rate {
    pub(crate) hits: u32,
    pub(crate) of: u32,
}

impl Rate {
    pub(crate) fn count(&mut self, hit: bool) {
        self.of += 1;
        self.hits += u32::from(hit);
    }

    /// Percent of the trials.
    pub(crate) fn percent(self) -> f64 {
        100.0 * f64::from(self.hits) / f64::from(self.of.max(1))
    }
}

/// What one rule makes of a world.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rates {
    pub(crate) clean_red: Rate,
    pub(crate) clean_open: Rate,
    /// Of the builds whose first run was slow as a whole.
    pub(crate) slow_red: Rate,
    pub(crate) slow_open: Rate,
    /// With a network that is slower by 15 ms in every run of the build.
    pub(crate) delay_red: Rate,
    pub(crate) found: [Rate; SLOWER.len()],
    runs: u32,
}

impl Rates {
    /// Runs of a clean build, on average.
    pub(crate) fn runs(&self) -> f64 {
        f64::from(self.runs) / f64::from(self.clean_red.of.max(1))
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct BeforeAfter {
    pub(crate) before: Rates,
    pub(crate) after: Rates,
}

/// How a build ends: its reddest row, the runs it took, and whether the slowed endpoint (the first) is red.
struct Ended {
    red: bool,
    open: bool,
    first: bool,
    runs: u32,
}

/// Builds of this world, judged by both rules.
pub(crate) fn rates(world: &World, trials: u32) -> BeforeAfter {
    let mut source =
        Source::new(2_026 ^ world.name.bytes().fold(0, |sum, byte| 31 * sum % 1_000_003 + u64::from(byte)));
    let (mut before, mut after) = (Rates::default(), Rates::default());
    for _ in 0..trials {
        let drawn = source.build(world);
        let learned = Learned::of(world, &drawn);
        for (rates, rule) in
            [(&mut before, Learned::before as fn(&Learned, &Runs<'_>) -> Ended), (&mut after, Learned::after)]
        {
            let clean = rule(&learned, &Runs { drawn: &drawn, factor: 1.0, delay: 0.0 });
            rates.clean_red.count(clean.red);
            rates.clean_open.count(clean.open);
            rates.runs += clean.runs;
            if drawn.slow {
                rates.slow_red.count(clean.red);
                rates.slow_open.count(clean.open);
            }
            rates.delay_red.count(rule(&learned, &Runs { drawn: &drawn, factor: 1.0, delay: DELAY }).red);
            for (found, factor) in rates.found.iter_mut().zip(SLOWER) {
                found.count(rule(&learned, &Runs { drawn: &drawn, factor, delay: 0.0 }).first);
            }
        }
    }
    BeforeAfter { before, after }
}

/// The runs of a build, one endpoint slowed by a factor or everything by a delay.
struct Runs<'a> {
    drawn: &'a Drawn,
    factor: f64,
    delay: f64,
}

impl Runs<'_> {
    fn value(&self, run: usize, endpoint: usize, measure: usize) -> f64 {
        let factor = if endpoint == 0 { self.factor } else { 1.0 };
        rounded_ms(self.drawn.ms[run][endpoint][measure] * factor + self.delay)
    }
}

struct Learned {
    world: World,
    /// By measure and endpoint.
    absolute: [Vec<f64>; MEASURES],
    models: [Option<Model>; MEASURES],
    requests: Vec<f64>,
}

impl Learned {
    fn of(world: &World, drawn: &Drawn) -> Self {
        let good = |endpoint: usize, measure: usize| -> Vec<f64> {
            drawn.ms[..world.good_runs].iter().map(|run| rounded_ms(run[endpoint][measure])).collect()
        };
        let measures: [usize; MEASURES] = std::array::from_fn(|measure| measure);
        Self {
            world: *world,
            absolute: measures.map(|measure| absolute(world, &|endpoint| good(endpoint, measure))),
            models: measures.map(|measure| {
                let series = (0..world.endpoints).map(|endpoint| Series {
                    logs: good(endpoint, measure).iter().map(|ms| ms.max(0.5).ln()).collect(),
                    sampling: percentile_variance(FRACTIONS[measure], drawn.requests[endpoint] as u64),
                });
                Model::learn(&series.collect::<Vec<_>>())
            }),
            requests: drawn.requests.clone(),
        }
    }

    /// p95 (the gate of then; rates of errors and of requests are not drawn), and a second run.
    fn before(&self, runs: &Runs<'_>) -> Ended {
        let red = |run: usize, endpoint: usize| {
            runs.value(self.world.good_runs + run, endpoint, 1) > self.absolute[1][endpoint]
        };
        let twice: Vec<bool> = (0..self.world.endpoints).map(|one| red(0, one) && red(1, one)).collect();
        let asked = (0..self.world.endpoints).any(|one| red(0, one));
        Ended { red: twice.contains(&true), open: false, first: twice[0], runs: 1 + u32::from(asked) }
    }

    /// p50 and p95, up to three runs.
    fn after(&self, runs: &Runs<'_>) -> Ended {
        let mut shown: Vec<Vec<Shown>> = vec![Vec::new(); MEASURES * self.world.endpoints];
        let mut used = 0;
        loop {
            for measure in 0..MEASURES {
                for (endpoint, one) in self.shown(runs, used, measure).into_iter().enumerate() {
                    shown[measure * self.world.endpoints + endpoint].push(one);
                }
            }
            used += 1;
            let standing: Vec<Standing> = shown.iter().map(|row| standing(row, MOST)).collect();
            if used < MOST && standing.contains(&Standing::Undecided) {
                continue;
            }
            let red = standing.contains(&Standing::Slower);
            return Ended {
                red,
                open: !red && standing.contains(&Standing::Open),
                first: (0..MEASURES).any(|measure| standing[measure * self.world.endpoints] == Standing::Slower),
                runs: used as u32,
            };
        }
    }

    fn shown(&self, runs: &Runs<'_>, run: usize, measure: usize) -> Vec<Shown> {
        let Some(model) = &self.models[measure] else { return vec![Shown::default(); self.world.endpoints] };
        let at = self.world.good_runs + run;
        let values: Vec<f64> = (0..self.world.endpoints).map(|endpoint| runs.value(at, endpoint, measure)).collect();
        let observed: Vec<Observation> = model
            .fits()
            .iter()
            .zip(&values)
            .map(|(fit, ms)| Observation { center: fit.center, spread: fit.spread, value: ms.max(0.5).ln() })
            .collect();
        let environment = Environment::of(&observed);
        let tolerance = (TOLERANCE / 100.0).ln_1p();
        let rows = 3 * self.world.endpoints;
        let (two, three) = (model.margins(tolerance, 3.0, rows, 2), model.margins(tolerance, 2.0, rows, 3));
        let unusual = model.is_unusual(&environment, tolerance);
        model
            .fits()
            .iter()
            .zip(&values)
            .enumerate()
            .map(|(endpoint, (fit, ms))| {
                let shift = environment.shift(fit.center);
                let shorter = if run == 0 { 1.0 } else { self.world.further };
                let sampling = |requests: f64| percentile_variance(FRACTIONS[measure], requests as u64);
                let extra = sampling(self.requests[endpoint] * shorter) - sampling(self.requests[endpoint]);
                let limit = |margins| {
                    let center = fit.center.exp();
                    let by_margin = (fit.center + model.margin(margins, *fit, shift, extra).log).exp();
                    by_margin.max(center + bucket_width(by_margin).max(5.0))
                };
                let beyond_two = *ms > limit(&two);
                let tolerated = fit.center.exp() * (1.0 + TOLERANCE / 100.0);
                Shown {
                    beyond_two,
                    beyond_three: *ms > limit(&three),
                    explained: !beyond_two && (*ms > self.absolute[measure][endpoint] || unusual && *ms > tolerated),
                    unusual,
                }
            })
            .collect()
    }
}

/// The limits that know no environment.
fn absolute(world: &World, good: &dyn Fn(usize) -> Vec<f64>) -> Vec<f64> {
    let spreads: Vec<f64> = (0..world.endpoints)
        .map(|endpoint| {
            let logs: Vec<f64> = good(endpoint).iter().map(|ms| ms.max(0.5).ln()).collect();
            spread_about(median(logs.iter().copied()).unwrap_or_default(), &logs)
        })
        .collect();
    let prior_spread = typical_spread(&spreads).max(PRIOR_SPREAD);
    let spec = LimitSpec {
        operator: Operator::LessOrEqual,
        change_percent: TOLERANCE,
        severity: Severity::Fail,
        rows: 3 * world.endpoints,
    };
    (0..world.endpoints)
        .map(|endpoint| {
            value_limit(&good(endpoint), &Variability { prior_spread, ..Variability::new(Unit::Ms, true) }, &spec)
                .map_or(f64::INFINITY, |learned| learned.limit)
        })
        .collect()
}
