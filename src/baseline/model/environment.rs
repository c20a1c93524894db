//! The effect of a run's environment on all endpoints: a slower machine is a factor, a slower network a delay.

use super::polish::median_of;

/// The endpoints a line is fitted to at most: its cost grows with their square, its certainty hardly.
const MOST: usize = 200;
/// The line is taken when it brings three quarters of the endpoints nearer by at least a fifth.
const NEAREST_SHARE: f64 = 0.75;
const NEARER: f64 = 0.8;
/// No environment makes an endpoint this much faster, as a factor.
const LEAST: f64 = 0.3;

/// One endpoint in the run that is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// ln of its usual value.
    pub center: f64,
    /// Its spread, as a standard deviation of the logarithm.
    pub spread: f64,
    /// ln of its value in this run.
    pub value: f64,
}

/// What a run did to every endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Environment {
    /// ln of the factor by which half of the endpoints are slower.
    pub factor: f64,
    /// A factor and a delay, where they explain the run better than a factor alone.
    pub line: Option<Line>,
}

/// `value = slope × usual value + delay`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The factor of the machine.
    pub slope: f64,
    /// The delay of the network, in the unit of the values; not negative.
    pub delay: f64,
}

impl Environment {
    /// Reads the environment off a run.
    #[must_use]
    pub fn of(run: &[Observation]) -> Self {
        let mut buffer = Vec::with_capacity(run.len());
        let factor = median_of(run.iter().map(|observation| observation.value - observation.center), &mut buffer);
        let alone = Self { factor, line: None };
        let Some(line) = Line::through(run) else { return alone };
        let with_line = Self { factor, line: Some(line) };
        if with_line.distance(run) < NEARER * alone.distance(run) { with_line } else { alone }
    }

    /// What the environment adds to an endpoint, as a natural logarithm. `center` is ln of its usual value.
    #[must_use]
    pub fn shift(&self, center: f64) -> f64 {
        self.line.map_or(self.factor, |line| line.shift(center).max(self.factor))
    }

    /// How far three quarters of the endpoints are at most from what the environment explains, in their spreads.
    fn distance(&self, run: &[Observation]) -> f64 {
        let explained =
            |observation: &Observation| self.line.map_or(self.factor, |line| line.shift(observation.center));
        let mut far: Vec<f64> = run
            .iter()
            .map(|observation| {
                (observation.value - observation.center - explained(observation)).abs() / observation.spread.max(1e-6)
            })
            .collect();
        if far.is_empty() {
            return 0.0;
        }
        let rank = ((far.len() - 1) as f64 * NEAREST_SHARE).round() as usize;
        *far.select_nth_unstable_by(rank, f64::total_cmp).1
    }
}

impl Line {
    /// The line through the run: with u = 1/usual and v = value/usual it is v = slope + delay·u. The delay is the
    /// median of the slopes between all pairs (Theil and Sen), each weighted by its distance in u; `None` where it is
    /// not positive.
    fn through(run: &[Observation]) -> Option<Self> {
        let points = thinned(run);
        let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
        for (index, (u, v)) in points.iter().enumerate() {
            for (other_u, other_v) in &points[..index] {
                let distance = u - other_u;
                if distance.abs() > 1e-9 {
                    slopes.push(((v - other_v) / distance, distance.abs()));
                }
            }
        }
        let delay = weighted_median(&mut slopes).filter(|delay| *delay > 0.0)?;
        let slope = median_of(points.iter().map(|(u, v)| v - delay * u), &mut Vec::new());
        Some(Self { slope, delay })
    }

    fn shift(self, center: f64) -> f64 {
        (self.slope + self.delay * (-center).exp()).max(LEAST).ln()
    }
}

/// At most [`MOST`] of the endpoints, evenly spread from the fastest to the slowest, as (1/usual, value/usual).
fn thinned(run: &[Observation]) -> Vec<(f64, f64)> {
    let mut ordered: Vec<&Observation> = run.iter().collect();
    if ordered.len() > MOST {
        ordered.sort_by(|a, b| a.center.total_cmp(&b.center));
        ordered = (0..MOST).map(|index| ordered[index * (run.len() - 1) / (MOST - 1)]).collect();
    }
    ordered
        .into_iter()
        .map(|observation| ((-observation.center).exp(), (observation.value - observation.center).exp()))
        .collect()
}

fn weighted_median(values: &mut [(f64, f64)]) -> Option<f64> {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let half = 0.5 * values.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut sum = 0.0;
    values.iter().find_map(|(value, weight)| {
        sum += weight;
        (sum >= half).then_some(*value)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Endpoints with these usual values, in a run that makes of each what `become` says.
    fn run(usual: &[f64], become_: impl Fn(f64) -> f64) -> Vec<Observation> {
        let observation = |ms: &f64| Observation { center: ms.ln(), spread: 0.05, value: become_(*ms).ln() };
        usual.iter().map(observation).collect()
    }

    const USUAL: [f64; 7] = [20.0, 35.0, 60.0, 110.0, 200.0, 450.0, 900.0];

    #[test]
    fn a_slower_machine_is_a_factor() {
        let environment = Environment::of(&run(&USUAL, |ms| 1.3 * ms));
        assert_eq!(environment.line, None);
        assert!((environment.factor - 1.3_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn a_slower_network_is_a_delay() {
        let environment = Environment::of(&run(&USUAL, |ms| ms + 15.0));
        let line = environment.line.unwrap();
        assert!((line.delay - 15.0).abs() < 1e-6 && (line.slope - 1.0).abs() < 1e-6, "{line:?}");
        assert!((environment.shift(20_f64.ln()) - (35.0_f64 / 20.0).ln()).abs() < 1e-6);
        // The slow endpoints are explained by at least what half of them show.
        assert!(environment.shift(900_f64.ln()) >= environment.factor);
    }

    #[test]
    fn one_slow_endpoint_is_no_environment() {
        let mut slow = run(&USUAL, |ms| ms);
        slow[0].value += 2_f64.ln();
        let environment = Environment::of(&slow);
        assert!(environment.factor.abs() < 1e-9 && environment.shift(slow[0].center).abs() < 0.01, "{environment:?}");
    }

    #[test]
    fn thousands_of_endpoints_are_thinned() {
        let usual: Vec<f64> = (0..5_000).map(|index| 10.0 + f64::from(index)).collect();
        assert_eq!(thinned(&run(&usual, |ms| ms)).len(), MOST);
        let line = Environment::of(&run(&usual, |ms| ms + 40.0)).line.unwrap();
        assert!((line.delay - 40.0).abs() < 1e-3, "{line:?}");
    }

    proptest! {
        #[test]
        fn whatever_it_reads_is_a_number(
            run in prop::collection::vec((-1.0_f64..12.0, 0.0_f64..2.0, -1.0_f64..14.0), 0..40),
        ) {
            let run: Vec<Observation> =
                run.into_iter().map(|(center, spread, value)| Observation { center, spread, value }).collect();
            let environment = Environment::of(&run);
            prop_assert!(environment.factor.is_finite());
            prop_assert!(run.iter().all(|observation| environment.shift(observation.center).is_finite()));
        }
    }
}
