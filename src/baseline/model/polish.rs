//! Median polish: a value is what its endpoint usually takes, plus what its run did to every endpoint, plus a rest.

use crate::series::median_in;

/// The parts of a table of natural logarithms, endpoints × runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Polished {
    /// The usual level of each endpoint.
    pub(super) centers: Vec<f64>,
    /// What each run added to every endpoint; their median is 0.
    pub(super) effects: Vec<f64>,
    /// The residual of each value, in the layout of the table: NaN where nothing was measured.
    pub(super) rest: Vec<Vec<f64>>,
}

/// How often rows and columns take turns. After three rounds medians move by less than a tenth of a percent.
const ROUNDS: usize = 3;

/// Splits a table by medians (Tukey, Exploratory Data Analysis, 1977, chapter 11). One slow endpoint or one slow run
/// does not change what is usual for the others. `table` holds a row for each endpoint, all equally long, NaN where the
/// run did not measure it.
pub(super) fn polish(table: &[Vec<f64>]) -> Polished {
    let runs = table.first().map_or(0, Vec::len);
    let mut buffer = Vec::with_capacity(table.len().max(runs));
    let mut effects = vec![0.0; runs];
    let mut centers = centers_of(table, &effects, &mut buffer);
    for _ in 0..ROUNDS {
        for (run, effect) in effects.iter_mut().enumerate() {
            *effect = median_of(table.iter().zip(&centers).map(|(row, center)| row[run] - center), &mut buffer);
        }
        let middle = median_of(effects.iter().copied(), &mut buffer);
        for effect in &mut effects {
            *effect -= middle;
        }
        centers = centers_of(table, &effects, &mut buffer);
    }
    let rest = table
        .iter()
        .zip(&centers)
        .map(|(row, center)| row.iter().zip(&effects).map(|(value, effect)| value - center - effect).collect())
        .collect();
    Polished { centers, effects, rest }
}

fn centers_of(table: &[Vec<f64>], effects: &[f64], buffer: &mut Vec<f64>) -> Vec<f64> {
    let center = |row: &Vec<f64>| median_of(row.iter().zip(effects).map(|(value, effect)| value - effect), buffer);
    table.iter().map(center).collect()
}

/// The median of the values that are numbers, 0 without any. The buffer spares an allocation for each of thousands.
pub(super) fn median_of(values: impl Iterator<Item = f64>, buffer: &mut Vec<f64>) -> f64 {
    median_in(values.filter(|value| value.is_finite()), buffer).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slow_run_and_a_slow_value_are_told_apart() {
        // Levels 1 to 5; the third run adds 0.3 to all, and one value of it 0.5 more.
        let mut table: Vec<Vec<f64>> = (1..=5)
            .map(|level| (0..5).map(|run| f64::from(level) + if run == 2 { 0.3 } else { 0.0 }).collect())
            .collect();
        table[1][2] += 0.5;
        table[4][0] = f64::NAN;
        let Polished { centers, effects, rest } = polish(&table);
        assert!(
            centers.iter().zip(1..=5).all(|(center, level)| (center - f64::from(level)).abs() < 1e-9),
            "{centers:?}"
        );
        assert!(effects.iter().zip([0.0, 0.0, 0.3, 0.0, 0.0]).all(|(effect, added)| (effect - added).abs() < 1e-9));
        assert!((rest[1][2] - 0.5).abs() < 1e-9 && rest[4][0].is_nan());
        assert!(rest.iter().flatten().filter(|rest| rest.abs() > 1e-9).count() == 1);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(polish(&[]), Polished { centers: vec![], effects: vec![], rest: vec![] });
        assert_eq!(median_of([f64::NAN].into_iter(), &mut Vec::new()), 0.0);
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_table(table in prop::collection::vec(prop::collection::vec(-3.0_f64..9.0, 6), 1..9)) {
            let Polished { centers, effects, rest } = polish(&table);
            for (j, row) in table.iter().enumerate() {
                for (t, value) in row.iter().enumerate() {
                    prop_assert!((centers[j] + effects[t] + rest[j][t] - value).abs() < 1e-9);
                }
            }
        }

        #[test]
        fn a_factor_on_everything_moves_the_centers_alone(
            table in prop::collection::vec(prop::collection::vec(-3.0_f64..9.0, 6), 1..9), shift in -2.0_f64..2.0,
        ) {
            let moved: Vec<Vec<f64>> = table.iter().map(|row| row.iter().map(|value| value + shift).collect()).collect();
            let (one, other) = (polish(&table), polish(&moved));
            prop_assert!(one.effects.iter().zip(&other.effects).all(|(a, b)| (a - b).abs() < 1e-9));
            prop_assert!(one.centers.iter().zip(&other.centers).all(|(a, b)| (a + shift - b).abs() < 1e-9));
        }
    }
}
