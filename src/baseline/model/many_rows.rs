//! The margin that many rows need, so that a whole build of unchanged code stays green.

use std::cell::OnceCell;

use crate::baseline::statistics::{clean_run_beyond, farthest};

/// Of all clean builds, the share that may turn red by chance.
const BUDGET: f64 = 0.008;
/// Spreads between which the table holds margins: 0.4 % to 230 %.
const LEAST_SPREAD: f64 = 0.004;
const MOST_SPREAD: f64 = 1.2;
const STEPS: usize = 64;

/// The margins for rows that must be missed in each of several runs, by the spread of the row. A table, because each
/// margin takes two dozen evaluations of a normal tail and there may be thousands of rows. Its entries are computed when
/// they are needed, because a run of few endpoints needs few of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ManyRows {
    /// The chance that one run of unchanged code may miss a row by.
    chance: f64,
    slow_share: f64,
    /// Empty where there is one row alone.
    margins: Vec<OnceCell<f64>>,
}

impl ManyRows {
    /// `rows` can fail the build, each of them when it is missed in `runs` runs; `slow_share` of all runs is slow. Two
    /// rows of an endpoint rise and fall together, so they count as one.
    pub(super) fn new(rows: usize, runs: usize, slow_share: f64) -> Self {
        let chance = (2.0 * BUDGET / rows as f64).powf(1.0 / runs as f64);
        let steps = if rows < 2 { 0 } else { STEPS };
        Self { chance, slow_share, margins: vec![OnceCell::new(); steps] }
    }

    /// The margin of one entry, by bisection.
    fn compute(&self, step: usize) -> f64 {
        let spread = LEAST_SPREAD * (MOST_SPREAD / LEAST_SPREAD).powf(step as f64 / (STEPS - 1) as f64);
        let (mut low, mut high) = (0.0, farthest(spread));
        for _ in 0..22 {
            let middle = 0.5 * (low + high);
            if clean_run_beyond(middle, spread, self.slow_share) > self.chance {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The margin for a spread, as a natural logarithm; 0 where there is one row alone.
    pub(super) fn margin(&self, spread: f64) -> f64 {
        let position = (spread / LEAST_SPREAD).ln() / (MOST_SPREAD / LEAST_SPREAD).ln() * (STEPS - 1) as f64;
        let position = if position.is_finite() { position.clamp(0.0, (STEPS - 1) as f64) } else { 0.0 };
        let step = (position as usize).min(STEPS - 2);
        let weight = position - step as f64;
        let entry = |step: usize| Some(*self.margins.get(step)?.get_or_init(|| self.compute(step)));
        match (entry(step), entry(step + 1)) {
            (Some(below), Some(above)) => (1.0 - weight) * below + weight * above,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_margin_the_budget_is_spent() {
        for (rows, runs, share) in [(60, 2, 0.08), (60, 3, 0.03), (400, 1, 0.05)] {
            let margin = ManyRows::new(rows, runs, share).margin(0.07);
            let builds = 0.5 * rows as f64 * clean_run_beyond(margin, 0.07, share).powi(runs as i32);
            assert!((builds / BUDGET - 1.0).abs() < 0.08, "{rows} rows, {runs} runs: {builds}");
        }
    }

    #[test]
    fn more_runs_and_fewer_slow_ones_narrow_it() {
        let margin = |rows, runs, share| ManyRows::new(rows, runs, share).margin(0.05);
        assert!(margin(60, 3, 0.08) < margin(60, 2, 0.08) && margin(60, 2, 0.08) < margin(60, 1, 0.08));
        assert!(margin(60, 2, 0.02) < margin(60, 2, 0.08));
        assert!(margin(10, 2, 0.05) < margin(600, 2, 0.05));
        assert_eq!(margin(1, 2, 0.08), 0.0);
    }

    #[test]
    fn spreads_beyond_the_table_do_no_harm() {
        let table = ManyRows::new(60, 2, 0.08);
        assert_eq!(table.margin(0.0), table.margin(LEAST_SPREAD));
        assert_eq!(table.margin(9.0), table.margin(MOST_SPREAD));
        assert_eq!(table.margin(f64::NAN), table.margin(LEAST_SPREAD));
    }
}
