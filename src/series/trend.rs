//! The median, and Theil–Sen: the slope of a noisy series, with its confidence interval and without assumptions on the
//! noise.

/// A straight line through a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Change of y per unit of x: the median of the slopes of all pairs (Theil 1950; Sen 1968,
    /// doi 10.1080/01621459.1968.10480934).
    pub slope: f64,
    /// The lower end of its confidence interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// y at x = 0: the median of y − slope · x.
    pub intercept: f64,
}

impl Trend {
    /// The line's value at `x`.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

/// The normal quantile of a two-sided 95 % interval.
pub const Z_95: f64 = 1.960;
/// The normal quantile of a two-sided 99 % interval.
pub const Z_99: f64 = 2.576;
/// The normal quantile of a two-sided 99.9 % interval, for a look at many series at once.
pub const Z_99_9: f64 = 3.291;

/// The trend of (x, y) points; `None` when there are too few for an interval of this confidence.
///
/// The interval comes from the variance of Kendall's S, n(n−1)(2n+5)/18: its ends are the slopes of rank (N − C)/2
/// and (N + C)/2 + 1 of N slopes, with C = z · √variance (Sen 1968; Hollander & Wolfe, Nonparametric Statistical
/// Methods, 9.4). Ties in y only make it wider.
#[must_use]
pub fn theil_sen(points: &[(f64, f64)], z: f64) -> Option<Trend> {
    let mut slopes = slopes(points);
    slopes.sort_unstable_by(f64::total_cmp);
    let (n, all) = (points.len() as f64, slopes.len() as f64);
    let reach = z * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let (low_rank, high_rank) = (((all - reach) / 2.0).floor(), ((all + reach) / 2.0).ceil() + 1.0);
    if low_rank < 1.0 || high_rank > all {
        return None;
    }
    let (low, high) = (slopes[low_rank as usize - 1], slopes[high_rank as usize - 1]);
    let slope = median(slopes)?;
    let intercept = median(points.iter().map(|(x, y)| y - slope * x))?;
    Some(Trend { slope, low, high, intercept })
}

/// The change from the first to the last point, % of the median: the Theil–Sen slope times the length. One outlier
/// does not move it.
///
/// `None` with fewer than two moments, or where the median is 0 and not all values are.
#[must_use]
pub fn change_percent(points: &[(f64, f64)]) -> Option<f64> {
    let slope = median(slopes(points))?;
    let middle = median(points.iter().map(|point| point.1))?;
    let length = points.last()?.0 - points.first()?.0;
    if middle == 0.0 {
        return points.iter().all(|point| point.1 == 0.0).then_some(0.0);
    }
    Some(slope * length / middle * 100.0)
}

/// The slopes between all pairs of points; two points of the same x have none.
fn slopes(points: &[(f64, f64)]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (index, first) in points.iter().enumerate() {
        for second in &points[index + 1..] {
            let slope = (second.1 - first.1) / (second.0 - first.0);
            if slope.is_finite() {
                slopes.push(slope);
            }
        }
    }
    slopes
}

/// The median; of an even number of values the mean of the two in the middle. `None` when there are none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    median_in(values, &mut Vec::new())
}

/// The same with a buffer, which spares an allocation for each of thousands.
pub fn median_in(values: impl IntoIterator<Item = f64>, buffer: &mut Vec<f64>) -> Option<f64> {
    buffer.clear();
    buffer.extend(values);
    if buffer.is_empty() {
        return None;
    }
    let (half, even) = (buffer.len() / 2, buffer.len().is_multiple_of(2));
    let (below, middle, _) = buffer.select_nth_unstable_by(half, f64::total_cmp);
    let before = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    Some(before.map_or(*middle, |before| f64::midpoint(before, *middle)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_line_is_found_whatever_a_single_outlier_does() {
        let mut points: Vec<(f64, f64)> = (0..20).map(|x| (f64::from(x), 5.0 + 2.0 * f64::from(x))).collect();
        points[7].1 = 10_000.0;
        let trend = theil_sen(&points, Z_99).unwrap();
        assert!((trend.slope - 2.0).abs() < 1e-9 && (trend.at(0.0) - 5.0).abs() < 1e-9, "{trend:?}");
        assert!(trend.low > 0.0 && trend.low <= trend.slope && trend.slope <= trend.high, "{trend:?}");
    }

    #[test]
    fn sens_own_confidence_interval_is_reproduced() {
        // The worked example of Sen 1968: slope 4 with the 93 % interval 26/7 to 35/8.
        let points = [(1.0, 9.0), (2.0, 15.0), (3.0, 19.0), (4.0, 20.0), (10.0, 45.0), (12.0, 55.0), (18.0, 78.0)];
        let trend = theil_sen(&points, 1.812).unwrap();
        assert!((trend.slope - 4.0).abs() < 1e-9, "{trend:?}");
        assert!((trend.low - 26.0 / 7.0).abs() < 1e-9 && (trend.high - 35.0 / 8.0).abs() < 1e-9, "{trend:?}");
    }

    #[test]
    fn noise_has_no_trend_as_often_as_promised() {
        let mut rng = fastrand::Rng::with_seed(5);
        let found = (0..2_000)
            .filter(|_| {
                let points: Vec<_> = (0..12).map(|x| (f64::from(x), rng.f64())).collect();
                theil_sen(&points, Z_99).is_some_and(|trend| trend.low > 0.0)
            })
            .count();
        // Half of the 1 % is on this side.
        assert!(found <= 20, "{found} of 2000");
    }

    #[test]
    fn too_few_points_have_no_interval() {
        for n in 0..5 {
            let points: Vec<_> = (0..n).map(|x| (f64::from(x), f64::from(x))).collect();
            assert_eq!(theil_sen(&points, Z_99), None);
        }
        assert_eq!(theil_sen(&[(1.0, 1.0); 30], Z_99), None, "one x alone has no slope");
    }

    fn change(values: impl IntoIterator<Item = f64>) -> Option<f64> {
        let points: Vec<_> =
            values.into_iter().enumerate().map(|(index, value)| (index as f64 * 10.0, value)).collect();
        change_percent(&points)
    }

    #[test]
    fn a_steady_rise_is_measured_against_the_middle() {
        // From 100 to 150, the middle at 125: 40 %.
        let rise = change((0..11).map(|step| 100.0 + f64::from(step) * 5.0)).unwrap();
        assert!((rise - 40.0).abs() < 1e-9, "{rise}");
        assert_eq!(change([7.0; 9]), Some(0.0));
    }

    #[test]
    fn one_slow_window_is_no_drift() {
        let mut values = [100.0; 12];
        values[11] = 2000.0;
        assert_eq!(change(values), Some(0.0));
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        assert_eq!(change([0.0; 8]), Some(0.0));
        assert_eq!(change([0.0, 0.0, 0.0, 0.0, 0.0, 5.0]), None);
        assert_eq!(change([3.0]), None);
    }
}
