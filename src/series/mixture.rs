//! Percentiles of a longer time, estimated from the percentile tables of its windows.

use std::collections::BTreeMap;

use crate::locust::rounded_ms;
use crate::results::Percentile;

/// The steps a stretch between two known percentiles is cut into.
const STEPS: u32 = 4;

/// Response times of many windows, each known by its percentile table and its number of requests.
///
/// A window's distribution is taken as the straight line between its known percentiles, and windows are added with
/// their requests as weights. Values are kept in Locust's own rounding (about 90 values a decade), so that the memory
/// stays small however long the run was.
#[derive(Debug, Clone, Default)]
pub(super) struct Mixture {
    weights: BTreeMap<u64, f64>,
    requests: f64,
}

impl Mixture {
    pub(super) fn clear(&mut self) {
        self.weights.clear();
        self.requests = 0.0;
    }

    /// Requests that have been added.
    pub(super) const fn requests(&self) -> f64 {
        self.requests
    }

    /// Adds a window. `table` rises in percentile.
    pub(super) fn add(&mut self, table: &[(Percentile, f64)], requests: u64) {
        let Some((_, slowest)) = table.last() else { return };
        let requests = requests as f64;
        let mut below = 0.0;
        let mut before = None;
        for (share, value) in lower_half(table).chain(table.iter().map(|(q, value)| (q.fraction(), *value))) {
            let stretch = (share - below) * requests;
            match before {
                None => self.put(value, stretch),
                Some(before) => {
                    for step in 1..=STEPS {
                        let part = f64::from(step) / f64::from(STEPS);
                        self.put(before + (value - before) * part, stretch / f64::from(STEPS));
                    }
                }
            }
            below = share;
            before = Some(value);
        }
        self.put(*slowest, (1.0 - below) * requests);
        self.requests += requests;
    }

    fn put(&mut self, ms: f64, weight: f64) {
        if weight > 0.0 {
            *self.weights.entry(rounded_ms(ms) as u64).or_default() += weight;
        }
    }

    /// The value that this share of the requests does not exceed, ms.
    pub(super) fn percentile(&self, percentile: Percentile) -> Option<f64> {
        // Sums of weights may fall short of the share by rounding.
        let wanted = percentile.fraction() * self.requests * (1.0 - 1e-9);
        let mut seen = 0.0;
        self.weights
            .iter()
            .find(|(_, weight)| {
                seen += **weight;
                seen >= wanted
            })
            .or_else(|| self.weights.last_key_value())
            .map(|(ms, _)| *ms as f64)
    }
}

/// The half below the median, about which Locust reports nothing: the upper half mirrored on a logarithmic scale, which is
/// what the usual skewed response times look like.
fn lower_half(table: &[(Percentile, f64)]) -> impl Iterator<Item = (f64, f64)> + '_ {
    let median = table.iter().find(|(percentile, _)| *percentile == Percentile::P50).map(|(_, value)| *value);
    let upper = table.iter().rev().filter(|(q, _)| *q > Percentile::P50 && *q <= Percentile::P99);
    median.into_iter().flat_map(move |median| {
        upper.clone().map(move |(q, value)| (1.0 - q.fraction(), median * median / value.max(median).max(1e-9)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_of(sorted: &[f64]) -> Vec<(Percentile, f64)> {
        Percentile::LOCUST
            .iter()
            .map(|percentile| {
                let rank = ((sorted.len() as f64 * percentile.fraction()) as usize).min(sorted.len() - 1);
                (*percentile, rounded_ms(sorted[rank]))
            })
            .collect()
    }

    #[test]
    fn equal_windows_give_their_own_percentiles() {
        let table = table_of(&(1..=500).map(f64::from).collect::<Vec<_>>());
        let mut mixture = Mixture::default();
        for _ in 0..30 {
            mixture.add(&table, 100);
        }
        for (percentile, value) in &table {
            assert_eq!(mixture.percentile(*percentile), Some(*value), "{percentile}");
        }
        assert_eq!(mixture.requests(), 3000.0);
    }

    /// Windows of rising and of scattered speed: the estimate has to come near what all requests together say.
    #[test]
    fn different_windows_come_near_the_truth() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut mixture = Mixture::default();
        let mut all = Vec::new();
        for window in 0..30 {
            let level = 200.0 * (1.0 + f64::from(window) / 30.0) * if window % 9 == 0 { 1.7 } else { 1.0 };
            // Sums of uniform numbers are near normal; their exponential is the usual skewed response time.
            let requests = 80 + random.usize(..80);
            let mut times: Vec<f64> = (0..requests)
                .map(|_| level * (0.5 * ((0..12).map(|_| random.f64()).sum::<f64>() - 6.0)).exp())
                .collect();
            times.sort_by(f64::total_cmp);
            mixture.add(&table_of(&times), times.len() as u64);
            all.extend(times);
        }
        all.sort_by(f64::total_cmp);
        for percentile in [Percentile::P50, Percentile::P90, Percentile::P95, Percentile::P99] {
            let truth = all[(all.len() as f64 * percentile.fraction()) as usize];
            let estimate = mixture.percentile(percentile).unwrap();
            assert!((estimate / truth - 1.0).abs() < 0.1, "{percentile}: {estimate} for {truth}");
        }
    }
}
