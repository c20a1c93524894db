//! Exact response times, kept as counts a bucket.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Percentile;

/// Response times as counts a bucket of whole µs. The launcher keeps three significant digits, so a value read
/// back is at most 0.5 % off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    /// Adds `count` requests that took `micros` µs.
    pub fn add(&mut self, micros: u64, count: u64) {
        if count > 0 {
            let slot = self.0.entry(micros).or_default();
            *slot = slot.saturating_add(count);
        }
    }

    /// Adds all requests of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (&micros, &count) in &other.0 {
            self.add(micros, count);
        }
    }

    /// Number of requests counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// True when nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The buckets in rising order: (µs, count).
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(&micros, &count)| (micros, count))
    }

    /// The percentile in ms, by Locust's rank rule: the value at ascending rank ⌊n·q⌋ + 1, capped at n
    /// (`locust/stats.py`, `calculate_response_time_percentile`). `None` when empty.
    #[must_use]
    pub fn percentile(&self, percentile: Percentile) -> Option<f64> {
        let n = self.count();
        let rank = ((n as f64 * percentile.fraction()) as u64 + 1).min(n);
        let mut seen = 0_u64;
        self.0
            .iter()
            .find(|(_, count)| {
                seen = seen.saturating_add(**count);
                seen >= rank
            })
            .map(|(micros, _)| *micros as f64 / 1000.0)
    }
}

impl FromIterator<(u64, u64)> for Histogram {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(buckets: I) -> Self {
        let mut histogram = Self::default();
        for (micros, count) in buckets {
            histogram.add(micros, count);
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_follow_locusts_rank_rule() {
        let histogram: Histogram = (1..=100).map(|ms| (ms * 1000, 1)).collect();
        assert_eq!(histogram.percentile(Percentile::P50), Some(51.0));
        assert_eq!(histogram.percentile(Percentile::P95), Some(96.0));
        assert_eq!(histogram.percentile(Percentile::P100), Some(100.0));
        assert_eq!(Histogram::default().percentile(Percentile::P95), None);
    }
}
