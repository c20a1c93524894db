//! Runs of unchanged and of slower code, drawn at random: worlds that differ in how much runs scatter, how much of it
//! the endpoints share, whom slow runs hit, and how long slowness lasts.
//!
//! The first five were looked at when the constants of `baseline::model` were chosen. The others were written
//! afterwards and prove them.

/// The percentiles whose gates are judged: p50 and p95.
pub(crate) const MEASURES: usize = 2;
/// The scatter of ln(response time) within a run.
const SIGMA: f64 = 0.6;
/// z of p50 and p95.
const Z: [f64; MEASURES] = [0.0, 1.644_853_6];
/// The variance of ln(p50) and ln(p95) of n log-normal response times, times n, and their correlation:
/// σ² q₁(1−q₂)/(φ(z₁) φ(z₂)).
const SAMPLING: [f64; MEASURES] = [0.565_487, 1.607_7];
const CORRELATION: f64 = 0.229_4;

/// Whom a slow run hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hits {
    Each,
    All,
}

/// What happens to everything from run to run, beside the scatter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Drift {
    None,
    /// Mondays take a fifth longer, weekends a tenth less; further runs are of the same day.
    Weekday,
    /// The environment became slower by this factor, so many runs before the one that is judged.
    Step {
        factor: f64,
        runs_ago: usize,
    },
    /// The environment wanders (AR(1)), with this standard deviation; further runs are as slow as the first.
    Wanders {
        sd: f64,
        memory: f64,
    },
}

/// One environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct World {
    pub(crate) name: &'static str,
    /// Whether it was not looked at when constants were chosen.
    pub(crate) proving: bool,
    /// Run-to-run variation of an endpoint's p95.
    pub(crate) cv: f64,
    /// The share of its variance that all endpoints have in common.
    pub(crate) common: f64,
    pub(crate) endpoints: usize,
    pub(crate) good_runs: usize,
    /// The share of slow runs, and by what factors they are slow.
    pub(crate) slow_share: f64,
    pub(crate) slow: (f64, f64),
    pub(crate) hits: Hits,
    /// Further runs of a build are as slow as its first.
    pub(crate) persists: bool,
    /// How differently endpoints answer to what hits all: the standard deviation of their answers around 1.
    pub(crate) uneven: f64,
    /// Requests of an endpoint, evenly spread on a logarithmic scale between the two.
    pub(crate) requests: (f64, f64),
    /// Student's t with 4 degrees of freedom in place of normal scatter, of equal variance.
    pub(crate) heavy_tails: bool,
    /// How much endpoints differ in their scatter: the standard deviation of its logarithm.
    pub(crate) spreads_differ: f64,
    pub(crate) drift: Drift,
    /// How much shorter further runs are.
    pub(crate) further: f64,
}

const USUAL: World = World {
    name: "half of the scatter common, slow runs hit all",
    proving: false,
    cv: 0.07,
    common: 0.5,
    endpoints: 20,
    good_runs: 5,
    slow_share: 0.08,
    slow: (1.15, 1.45),
    hits: Hits::All,
    persists: false,
    uneven: 0.0,
    requests: (2_000.0, 2_000.0),
    heavy_tails: false,
    spreads_differ: 0.0,
    drift: Drift::None,
    further: 1.0,
};

/// All worlds, those that constants were chosen on first.
pub(crate) fn all() -> Vec<World> {
    let chosen = [
        World { name: "independent", common: 0.0, hits: Hits::Each, ..USUAL },
        USUAL,
        World { name: "the same, slowness persists", persists: true, ..USUAL },
        World { name: "the same, endpoints answer differently", persists: true, uneven: 0.3, ..USUAL },
        World {
            name: "independent, slowness persists (the price)",
            common: 0.0,
            hits: Hits::Each,
            persists: true,
            ..USUAL
        },
    ];
    let proving = [
        World {
            name: "9 endpoints, 5 %, 12 good runs",
            cv: 0.05,
            endpoints: 9,
            good_runs: 12,
            common: 0.6,
            persists: true,
            slow_share: 0.15,
            ..USUAL
        },
        World {
            name: "60 endpoints, heavy tails",
            endpoints: 60,
            heavy_tails: true,
            persists: true,
            uneven: 0.2,
            ..USUAL
        },
        World {
            name: "300 to 6,000 requests, slow by 10 to 100 %",
            requests: (300.0, 6_000.0),
            slow: (1.1, 2.0),
            persists: true,
            uneven: 0.2,
            ..USUAL
        },
        World { name: "spreads differ by half, 8 good runs", spreads_differ: 0.5, good_runs: 8, common: 0.6, ..USUAL },
        World { name: "slow Mondays, fast weekends", drift: Drift::Weekday, good_runs: 10, uneven: 0.15, ..USUAL },
        World {
            name: "+25 % in the environment three runs ago",
            drift: Drift::Step { factor: 1.25, runs_ago: 3 },
            good_runs: 10,
            ..USUAL
        },
        World {
            name: "a wandering environment, 12 %",
            drift: Drift::Wanders { sd: 0.12, memory: 0.9 },
            good_runs: 8,
            uneven: 0.2,
            ..USUAL
        },
        World {
            name: "8 endpoints, further runs 40 % as long",
            endpoints: 8,
            further: 0.4,
            persists: true,
            common: 0.7,
            ..USUAL
        },
        World {
            name: "independent, heavy tails, 5 %",
            cv: 0.05,
            common: 0.0,
            hits: Hits::Each,
            heavy_tails: true,
            slow_share: 0.05,
            good_runs: 8,
            ..USUAL
        },
        World {
            name: "independent, 12 endpoints, 9 %, 20 good runs",
            cv: 0.09,
            common: 0.0,
            hits: Hits::Each,
            endpoints: 12,
            good_runs: 20,
            ..USUAL
        },
    ]
    .map(|world| World { proving: true, ..world });
    [chosen.as_slice(), proving.as_slice()].concat()
}

/// A build: the good runs before it, and three runs of it.
pub(crate) struct Drawn {
    /// Milliseconds by run, endpoint and measure; good runs first.
    pub(crate) ms: Vec<Vec<[f64; MEASURES]>>,
    /// Requests of each endpoint in a run of full length.
    pub(crate) requests: Vec<f64>,
    /// Whether the first run of the build is slow.
    pub(crate) slow: bool,
}

pub(crate) struct Source {
    random: fastrand::Rng,
}

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// A standard normal value (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.random.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.random.f64()).cos()
    }

    fn scatter(&mut self, heavy: bool) -> f64 {
        let z = self.normal();
        if !heavy {
            return z;
        }
        // t with 4 degrees of freedom has variance 2.
        let chi: f64 = (0..4).map(|_| self.normal().powi(2)).sum();
        z / (chi / 4.0).sqrt() / 2.0_f64.sqrt()
    }

    fn slow(&mut self, world: &World) -> f64 {
        let (from, to) = world.slow;
        if self.random.f64() < world.slow_share { (from + (to - from) * self.random.f64()).ln() } else { 0.0 }
    }

    /// What each run does to everything, beside slow runs.
    fn effects(&mut self, world: &World, runs: usize) -> Vec<f64> {
        let good = world.good_runs;
        let sigma = world.cv.powi(2).ln_1p().sqrt() * world.common.sqrt();
        let mut drift = vec![0.0; runs];
        match world.drift {
            Drift::None => {}
            Drift::Weekday => {
                let day = self.random.usize(0..7);
                for (run, effect) in drift.iter_mut().enumerate() {
                    *effect = match (run.min(good) + day) % 7 {
                        0 => 1.2_f64.ln(),
                        5 | 6 => 0.9_f64.ln(),
                        _ => 0.0,
                    };
                }
            }
            Drift::Step { factor, runs_ago } => drift[good - runs_ago..].fill(factor.ln()),
            Drift::Wanders { sd, memory } => {
                let mut now = self.normal();
                for (run, effect) in drift.iter_mut().enumerate() {
                    if run > 0 && run <= good {
                        now = memory * now + (1.0 - memory * memory).sqrt() * self.normal();
                    }
                    *effect = sd * now;
                }
            }
        }
        drift.into_iter().map(|drift| drift + sigma * self.scatter(world.heavy_tails)).collect()
    }

    pub(crate) fn build(&mut self, world: &World) -> Drawn {
        let runs = world.good_runs + 3;
        let effects = self.effects(world, runs);
        let mut all_slow: Vec<f64> = (0..runs).map(|_| self.slow(world)).collect();
        let persist = |slow: &mut Vec<f64>| {
            if world.persists {
                let first = slow[world.good_runs];
                slow[world.good_runs..].fill(first);
            }
        };
        persist(&mut all_slow);
        let variance = world.cv.powi(2).ln_1p();
        let (low, high) = world.requests;
        let mut drawn = Drawn {
            ms: vec![Vec::with_capacity(world.endpoints); runs],
            requests: Vec::with_capacity(world.endpoints),
            slow: world.hits == Hits::All && all_slow[world.good_runs] > 0.0,
        };
        for _ in 0..world.endpoints {
            let level = 20.0 * 150_f64.powf(self.random.f64());
            let requests = low * (high / low).powf(self.random.f64());
            let answer = (1.0 + world.uneven * self.normal()).clamp(0.0, 2.5);
            let spread = (variance * (1.0 - world.common) - SAMPLING[1] / 2_000.0).max(0.000_4).sqrt()
                * (world.spreads_differ * self.normal()).exp();
            let mut own_slow: Vec<f64> = (0..runs).map(|_| self.slow(world)).collect();
            persist(&mut own_slow);
            for (run, values) in drawn.ms.iter_mut().enumerate() {
                let slow = if world.hits == Hits::All { answer * all_slow[run] } else { own_slow[run] };
                let log = answer * effects[run] + slow + spread * self.scatter(world.heavy_tails);
                let shorter = if run > world.good_runs { world.further } else { 1.0 };
                let (a, b) = (self.normal(), self.normal());
                let noise = [a, CORRELATION * a + (1.0 - CORRELATION * CORRELATION).sqrt() * b];
                values.push(std::array::from_fn(|measure| {
                    let sampling = (SAMPLING[measure] / (requests * shorter)).sqrt() * noise[measure];
                    level * (log + SIGMA * (Z[measure] - Z[1]) + sampling).exp()
                }));
            }
            drawn.requests.push(requests);
        }
        drawn
    }
}
