//! How often a slow build ends green, and how often a build that failed by bad luck recovers, with up to five reruns.
//! `cargo test --test it attempts::simulation -- --nocapture` prints the table.

use loadforge_ci::attempts::{JobAttempt, judge_together};
use loadforge_ci::gate::summarize;
use loadforge_ci::verdict::{OnInconclusive, Outcome};

use super::support::{LIMIT, attempt, gate, row, verdict};

/// Automatic reruns of CircleCI, at most.
const RERUNS: usize = 5;
/// Builds whose first attempt failed, for each figure.
const BUILDS: usize = 2_000;
/// The quantile of the normal distribution at 88 %: how far a slow build is beyond its limit, in standard deviations of
/// an attempt, so that each attempt alone catches it in 88 %.
const POWER: f64 = 1.175;
/// How far ln(value) of two attempts at the same code scatters.
const SPREAD: f64 = 0.1;

/// Attempts at one build: `beyond` is how far its usual value is beyond the limit, in standard deviations.
struct World {
    beyond: f64,
    /// Share of attempts that are slow by 15 to 45 % for a reason of their own.
    slow: f64,
    /// Share of the variance that all attempts at one build have in common.
    common: f64,
}

/// Share of the builds whose first attempt failed that ended green within so many reruns, %.
struct Green {
    last: [f64; RERUNS],
    together: [f64; RERUNS],
}

fn normal(random: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

impl World {
    fn play(&self) -> Green {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut last, mut together) = ([0_usize; RERUNS], [0_usize; RERUNS]);
        let mut caught = 0;
        while caught < BUILDS {
            let shared = normal(&mut random) * self.common.sqrt();
            let mut measure = || {
                let own = normal(&mut random) * (1.0 - self.common).sqrt();
                let slow = if random.f64() < self.slow { (1.15 + 0.3 * random.f64()).ln() } else { 0.0 };
                LIMIT * ((self.beyond + shared + own) * SPREAD + slow).exp()
            };
            let first = measure();
            if first < LIMIT {
                continue;
            }
            caught += 1;
            let values: Vec<f64> = (0..RERUNS).map(|_| measure()).collect();
            if let Some(rerun) = values.iter().position(|value| *value < LIMIT) {
                last[rerun..].iter_mut().for_each(|green| *green += 1);
            }
            if let Some(rerun) = first_green(first, &values) {
                together[rerun..].iter_mut().for_each(|green| *green += 1);
            }
        }
        let percent = |counts: [usize; RERUNS]| counts.map(|count| count as f64 * 100.0 / BUILDS as f64);
        Green { last: percent(last), together: percent(together) }
    }
}

/// The rerun, from 0, at which the gate's own rule lets the build pass, after which CircleCI makes no more.
fn first_green(first: f64, values: &[f64]) -> Option<usize> {
    let mut attempts: Vec<JobAttempt> = vec![attempt(1, vec![row("/login", first)])];
    for (rerun, value) in values.iter().enumerate() {
        let rows = vec![row("/login", *value)];
        let mut verdict = verdict(rows.clone());
        judge_together(&mut verdict, &attempts.iter().collect::<Vec<_>>(), &[gate("/login")]);
        summarize(&mut verdict, OnInconclusive::Fail);
        if verdict.outcome == Outcome::Pass {
            return Some(rerun);
        }
        attempts.push(attempt(rerun as i64 + 2, rows));
    }
    None
}

fn shown(shares: &[f64; RERUNS]) -> String {
    shares.map(|share| format!("{share:>6.1}")).join(" ")
}

#[test]
fn reruns_do_not_turn_a_slow_build_green_and_a_clean_one_recovers() {
    // +50 % is ln 1.5 / SPREAD standard deviations.
    let clean = POWER - 1.5_f64.ln() / SPREAD;
    let worlds = [
        ("+50 %, independent attempts", World { beyond: POWER, slow: 0.0, common: 0.0 }),
        ("+50 %, one attempt in twelve slow", World { beyond: POWER, slow: 1.0 / 12.0, common: 0.0 }),
        ("+50 %, half of the noise common", World { beyond: POWER, slow: 0.0, common: 0.5 }),
        ("clean, one attempt in twelve slow", World { beyond: clean, slow: 1.0 / 12.0, common: 0.0 }),
    ];
    println!(
        "builds whose first attempt failed, % that ended green within 1 to {RERUNS} reruns ({BUILDS} builds each)"
    );
    let greens = worlds.map(|(name, world)| {
        let green = world.play();
        println!("{name:<34} last     {}", shown(&green.last));
        println!("{name:<34} together {}", shown(&green.together));
        green
    });
    let [slow, bursts, common, recovering] = &greens;
    let (once, five) = (slow.last[0], slow.last[RERUNS - 1]);
    assert!((10.0..14.0).contains(&once) && (44.0..50.0).contains(&five), "last: {once}, {five}");
    for green in [slow, bursts] {
        assert!(green.together[RERUNS - 1] <= 5.0, "{:?}", green.together);
    }
    // What attempts have in common, no number of them can average out.
    assert!(common.together[RERUNS - 1] <= 6.5, "{:?}", common.together);
    assert!(recovering.together[2] >= 95.0, "{:?}", recovering.together);
}
