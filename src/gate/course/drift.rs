//! How much a value changes over the run.

/// The most points a series keeps; slopes are taken between all pairs of them.
const MOST_POINTS: usize = 120;

/// The fewest points a drift is taken of: a minute of 10 s windows.
pub(super) const FEWEST_POINTS: usize = 6;

/// A series of values over time, bounded: of a longer one every 2nd, 4th, 8th … point is kept.
#[derive(Debug, Clone)]
pub(super) struct Series {
    points: Vec<(f64, f64)>,
    every: usize,
    seen: usize,
}

impl Default for Series {
    fn default() -> Self {
        Self { points: Vec::new(), every: 1, seen: 0 }
    }
}

impl Series {
    pub(super) fn push(&mut self, t_s: f64, value: f64) {
        if self.seen.is_multiple_of(self.every) {
            if self.points.len() == MOST_POINTS {
                let mut index = 0;
                self.points.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.every *= 2;
            }
            if self.seen.is_multiple_of(self.every) {
                self.points.push((t_s, value));
            }
        }
        self.seen += 1;
    }

    pub(super) const fn len(&self) -> usize {
        self.points.len()
    }

    /// The change from begin to end, % of the median: the Theil–Sen slope (the median of the slopes between all
    /// pairs; Sen 1968, doi 10.1080/01621459.1968.10480934) times the length. One slow window does not move it.
    ///
    /// `None` with fewer than two moments, or where the median is 0 and not all values are.
    pub(super) fn change_percent(&self) -> Option<f64> {
        let mut slopes: Vec<f64> = self
            .points
            .iter()
            .enumerate()
            .flat_map(|(index, first)| self.points[index + 1..].iter().map(move |second| (first, second)))
            .filter(|(first, second)| second.0 != first.0)
            .map(|(first, second)| (second.1 - first.1) / (second.0 - first.0))
            .collect();
        let slope = median(&mut slopes)?;
        let mut values: Vec<f64> = self.points.iter().map(|point| point.1).collect();
        let middle = median(&mut values)?;
        let length = self.points.last()?.0 - self.points.first()?.0;
        if middle == 0.0 {
            return values.iter().all(|value| *value == 0.0).then_some(0.0);
        }
        Some(slope * length / middle * 100.0)
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    let half = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    if values.is_empty() {
        return None;
    }
    let (below, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let before = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    Some(before.map_or(*middle, |before| (before + *middle) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        for (index, value) in values.into_iter().enumerate() {
            series.push(index as f64 * 10.0, value);
        }
        series
    }

    #[test]
    fn a_steady_rise_is_measured_against_the_middle() {
        // From 100 to 150, the middle at 125: 40 %.
        let change = series((0..11).map(|step| 100.0 + f64::from(step) * 5.0)).change_percent().unwrap();
        assert!((change - 40.0).abs() < 1e-9, "{change}");
        assert_eq!(series([7.0; 9]).change_percent(), Some(0.0));
    }

    #[test]
    fn one_slow_window_is_no_drift() {
        let mut values = [100.0; 12];
        values[11] = 2000.0;
        assert_eq!(series(values).change_percent(), Some(0.0));
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        assert_eq!(series([0.0; 8]).change_percent(), Some(0.0));
        assert_eq!(series([0.0, 0.0, 0.0, 0.0, 0.0, 5.0]).change_percent(), None);
        assert_eq!(series([3.0]).change_percent(), None);
    }

    #[test]
    fn a_long_run_stays_bounded() {
        let series = series((0..10_000).map(|step| 100.0 + f64::from(step) / 100.0));
        assert!(series.len() <= MOST_POINTS && series.len() > MOST_POINTS / 3, "{}", series.len());
        let change = series.change_percent().unwrap();
        assert!((change - 66.67).abs() < 2.0, "{change}");
    }
}
