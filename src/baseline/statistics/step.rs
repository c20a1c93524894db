//! When a series of values moved to another level and stayed there.

use super::normal::upper_tail;

/// Values on either side of a step at least: of few values neither level is known.
pub const LEAST_BEFORE: usize = 5;
/// Values after a step at least, unless something else says that the last value is not by chance.
pub const LEAST_AFTER: usize = 2;

/// A step with a smaller t is not looked at, however few series there are.
const LEAST_T: f64 = 4.5;
/// Of all builds, the share in which chance may show a step anywhere (Bonferroni over splits and series). A fifth of
/// what is promised, because values have heavier tails than normal ones.
const BUDGET: f64 = 0.002;
/// The same for a few slow runs in a row that look like a step.
const SLOW_BUDGET: f64 = 0.002;
/// No level is known better than this, as the standard deviation of one value.
const LEAST_SPREAD: f64 = 0.01;

/// What a step is measured against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSearch {
    /// Series that are looked through together.
    pub series: usize,
    /// The share of values that are slow for no reason of the code.
    pub slow_share: f64,
    /// Values after the step at least.
    pub least_after: usize,
}

/// A step upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The index of the first value after it.
    pub at: usize,
    /// The mean before it, since the step before that one.
    pub before: f64,
    /// The mean after it.
    pub after: f64,
    /// The difference of the means in its standard errors.
    pub t: f64,
    /// Values after it.
    pub values_after: usize,
}

impl StepSearch {
    /// The last step of a series, when it goes up. Values that are not numbers are left out.
    ///
    /// `runs` is what each run did to all series, which this one may answer more or less strongly to than the others;
    /// empty where it is not known. The split is the one with the largest |t| (analysis of covariance: two levels, and one
    /// slope on `runs`); it counts when chance explains so large a |t| in fewer than 0.2 % of builds. What follows it is
    /// looked through again, so a step that was taken back is none.
    #[must_use]
    pub fn last_rise(&self, values: &[f64], runs: &[f64]) -> Option<Step> {
        let run = |index: usize| runs.get(index).copied().unwrap_or_default();
        let known: Vec<Point> = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
            .map(|(index, value)| Point { index, run: run(index), value: *value })
            .collect();
        let mut begin = 0;
        let mut last: Option<Split> = None;
        while let Some(split) = self.split(&known[begin..]).filter(|split| self.counts(split)) {
            begin += split.at;
            last = Some(split);
        }
        let Split { before, after, t, values_after, slope, .. } = last?;
        let newest = known.last()?;
        // A newest value at the old level may be the first one after the end of it.
        let holds = newest.value - slope * newest.run > f64::midpoint(before, after);
        (after > before && holds).then(|| Step { at: known[begin].index, before, after, t, values_after })
    }

    fn counts(&self, split: &Split) -> bool {
        let series = self.series.max(1) as f64;
        let by_slow_runs = series * self.slow_share.powi(i32::try_from(split.values_after).unwrap_or(i32::MAX));
        let rises = split.after > split.before;
        // One value alone is established by something else, or it would not be asked for.
        let slow_enough = !rises || self.least_after < LEAST_AFTER || by_slow_runs < SLOW_BUDGET;
        split.t.abs() > LEAST_T && split.chance * series < BUDGET && slow_enough
    }

    /// The best split into two levels.
    fn split(&self, points: &[Point]) -> Option<Split> {
        let n = points.len();
        let last = n.checked_sub(self.least_after.max(1)).filter(|last| *last >= LEAST_BEFORE)?;
        // About the first value, so that squares lose no digits.
        let origin = points[0].value;
        let sums = |part: &[Point]| part.iter().fold(Sums::default(), |sums, point| sums.with(point, origin));
        let all = sums(points);
        let mut left = sums(&points[..LEAST_BEFORE - 1]);
        let mut best: Option<Split> = None;
        for at in LEAST_BEFORE..=last {
            left = left.with(&points[at - 1], origin);
            let split = Split::between(left, all.minus(left));
            if best.as_ref().is_none_or(|best| split.t.abs() > best.t.abs()) {
                best = Some(split);
            }
        }
        let splits = (last + 1 - LEAST_BEFORE) as f64;
        best.map(|best| Split {
            chance: splits * tail_of_t(best.t.abs(), best.degrees),
            before: best.before + origin,
            after: best.after + origin,
            ..best
        })
    }
}

/// One value of a series.
struct Point {
    index: usize,
    /// What its run did to all series.
    run: f64,
    value: f64,
}

/// Sums over points.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    run: f64,
    value: f64,
    run_run: f64,
    run_value: f64,
    value_value: f64,
}

impl Sums {
    fn with(self, point: &Point, origin: f64) -> Self {
        let (run, value) = (point.run, point.value - origin);
        Self {
            count: self.count + 1.0,
            run: self.run + run,
            value: self.value + value,
            run_run: self.run_run + run * run,
            run_value: self.run_value + run * value,
            value_value: self.value_value + value * value,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            count: self.count - other.count,
            run: self.run - other.run,
            value: self.value - other.value,
            run_run: self.run_run - other.run_run,
            run_value: self.run_value - other.run_value,
            value_value: self.value_value - other.value_value,
        }
    }
}

/// A split of values into two levels.
struct Split {
    at: usize,
    before: f64,
    after: f64,
    t: f64,
    degrees: f64,
    /// By how much the series answers more strongly to what runs do than the others.
    slope: f64,
    /// At most the chance that some split of unchanged values has so large a |t| in this direction.
    chance: f64,
    values_after: usize,
}

impl Split {
    /// Two levels with one slope within both.
    fn between(left: Sums, right: Sums) -> Self {
        let within = |of: fn(&Sums) -> f64, one: fn(&Sums) -> f64, other: fn(&Sums) -> f64| {
            let part = |sums: &Sums| of(sums) - one(sums) * other(sums) / sums.count;
            part(&left) + part(&right)
        };
        let (run, value) =
            ((|sums: &Sums| sums.run) as fn(&Sums) -> f64, (|sums: &Sums| sums.value) as fn(&Sums) -> f64);
        let runs = within(|sums| sums.run_run, run, run);
        let both = within(|sums| sums.run_value, run, value);
        let squares = within(|sums| sums.value_value, value, value);
        let knows_runs = runs > LEAST_SPREAD * LEAST_SPREAD;
        let slope = if knows_runs { both / runs } else { 0.0 };
        let (left_run, right_run) = (left.run / left.count, right.run / right.count);
        let (before, after) =
            (left.value / left.count - slope * left_run, right.value / right.count - slope * right_run);
        let count = left.count + right.count;
        let degrees = (count - 2.0 - f64::from(u8::from(knows_runs))).max(1.0);
        let variance = ((squares - slope * both) / degrees).max(LEAST_SPREAD * LEAST_SPREAD);
        let lever = if knows_runs { (right_run - left_run).powi(2) / runs } else { 0.0 };
        let t = (after - before) / (variance * (1.0 / left.count + 1.0 / right.count + lever)).sqrt();
        let (at, values_after) = (left.count as usize, right.count as usize);
        Self { at, before, after, t, degrees, slope, chance: 0.0, values_after }
    }
}

/// The chance that a value of Student's t distribution is above `t`, by Wallace's normal approximation (Bounds on
/// normal approximations to Student's and the chi-square distributions, 1959), good to a few percent of itself.
fn tail_of_t(t: f64, degrees: f64) -> f64 {
    let shrink = (8.0 * degrees + 1.0) / (8.0 * degrees + 3.0);
    upper_tail(shrink * (degrees * (t * t / degrees).ln_1p()).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: StepSearch = StepSearch { series: 1, slow_share: 0.02, least_after: LEAST_AFTER };

    /// So many values about a level, up and down by 3 % in turn.
    fn level(count: usize, level: f64) -> Vec<f64> {
        (0..count).map(|index| level + if index % 2 == 0 { 0.03 } else { -0.03 }).collect()
    }

    #[test]
    fn a_step_up_is_found_where_it_is() {
        let step = ALONE.last_rise(&[level(20, 1.0), level(4, 1.2)].concat(), &[]).unwrap();
        assert_eq!((step.at, step.values_after), (20, 4));
        assert!((step.before - 1.0).abs() < 1e-9 && (step.after - 1.2).abs() < 1e-9, "{step:?}");
    }

    #[test]
    fn values_that_were_not_measured_are_left_out() {
        let mut values = [level(20, 1.0), level(6, 1.2)].concat();
        values[3] = f64::NAN;
        values[20] = f64::NAN;
        assert_eq!(ALONE.last_rise(&values, &[]).unwrap().at, 21);
        assert_eq!(ALONE.last_rise(&[f64::NAN; 30], &[]), None);
    }

    #[test]
    fn steady_values_a_step_down_and_one_that_was_taken_back_are_none() {
        assert_eq!(ALONE.last_rise(&level(40, 1.0), &[]), None);
        assert_eq!(ALONE.last_rise(&[level(20, 1.2), level(20, 1.0)].concat(), &[]), None);
        assert_eq!(ALONE.last_rise(&[level(15, 1.0), level(12, 1.2), level(12, 1.0)].concat(), &[]), None);
        // The newest value is at the old level: it may be over.
        assert_eq!(ALONE.last_rise(&[level(20, 1.0), level(12, 1.2), vec![1.0]].concat(), &[]), None);
    }

    #[test]
    fn after_an_improvement_the_rise_is_still_found() {
        let step = ALONE.last_rise(&[level(12, 1.6), level(16, 1.0), level(6, 1.2)].concat(), &[]).unwrap();
        assert_eq!(step.at, 28);
        assert!((step.before - 1.0).abs() < 0.01, "{step:?}");
    }

    #[test]
    fn one_slow_value_is_no_step_unless_something_else_says_so() {
        let values = [level(20, 1.0), vec![1.4]].concat();
        assert_eq!(ALONE.last_rise(&values, &[]), None);
        assert_eq!(StepSearch { least_after: 1, ..ALONE }.last_rise(&values, &[]).unwrap().at, 20);
    }

    #[test]
    fn a_series_that_answers_more_strongly_to_its_runs_did_not_step() {
        // The environment becomes slower from the 20th run on; this series feels it by a third more than the others.
        let runs: Vec<f64> = level(20, 0.0).into_iter().chain(level(10, 0.3)).map(|run| 3.0 * run - run).collect();
        let noise = |index: usize| 0.01 * ((index * 7) % 5) as f64;
        let values: Vec<f64> = runs.iter().enumerate().map(|(index, run)| 1.0 + run / 3.0 + noise(index)).collect();
        assert!(ALONE.last_rise(&values, &[]).is_some());
        assert_eq!(ALONE.last_rise(&values, &runs), None);
        let stepped: Vec<f64> =
            values.iter().enumerate().map(|(index, value)| value + if index < 24 { 0.0 } else { 0.3 }).collect();
        assert_eq!(ALONE.last_rise(&stepped, &runs).unwrap().at, 24);
    }

    #[test]
    fn many_series_and_many_slow_runs_need_more() {
        let values = [level(20, 1.0), level(3, 1.1)].concat();
        assert!(ALONE.last_rise(&values, &[]).is_some());
        assert_eq!(StepSearch { series: 10_000, ..ALONE }.last_rise(&values, &[]), None);
        assert_eq!(StepSearch { series: 20, slow_share: 0.08, ..ALONE }.last_rise(&values, &[]), None);
    }

    #[test]
    fn the_tail_of_t_agrees_with_the_tables() {
        for (t, degrees, tail) in [(2.228, 10.0, 0.025), (4.587, 10.0, 0.000_5), (3.551, 38.0, 0.000_52)] {
            assert!((tail_of_t(t, degrees) / tail - 1.0).abs() < 0.04, "{t}: {}", tail_of_t(t, degrees));
        }
    }
}
