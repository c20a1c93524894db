//! What a run has measured while it goes on.

use std::time::Duration;

use super::{Endpoint, Histogram, Percentile, Results};

/// A run's figures so far. LoadForge shows those of all requests together; our own engine every endpoint with its
/// response times.
#[derive(Debug, Clone)]
pub struct LiveFigures {
    /// How long load has been sent.
    pub after: Duration,
    /// How long load is to be sent; zero when that is not known.
    pub of: Duration,
    /// Users running, where that is known.
    pub users: Option<u32>,
    /// What was measured until now.
    pub measured: Results,
}

impl Endpoint {
    /// What was measured since an earlier look at the same endpoint, `seconds` ago. Counts are exact; times and rates are
    /// those of the interval where the response times are known, else those of the whole run so far.
    #[must_use]
    pub fn since(&self, earlier: Option<&Self>, seconds: f64) -> Self {
        let Some(earlier) = earlier else { return self.clone() };
        let requests = self.requests.saturating_sub(earlier.requests);
        let mut interval = Self { requests, failures: self.failures.saturating_sub(earlier.failures), ..self.clone() };
        let Some(all) = &self.histogram else { return interval };
        let times = earlier.histogram.as_ref().map_or_else(|| all.clone(), |before| all.since(before));
        let count = times.count();
        let sum_us: f64 = times.buckets().map(|(us, count)| us as f64 * count as f64).sum();
        let ms = |(us, _): (u64, u64)| us as f64 / 1000.0;
        interval.median_ms = times.percentile(Percentile::P50);
        interval.avg_ms = (count > 0).then(|| sum_us / count as f64 / 1000.0);
        interval.min_ms = times.buckets().next().map(ms);
        interval.max_ms = times.buckets().last().map(ms);
        interval.requests_per_s = (seconds > 0.0).then(|| requests as f64 / seconds);
        interval.failures_per_s = (seconds > 0.0).then(|| interval.failures as f64 / seconds);
        interval.percentiles.clear();
        interval.histogram = Some(times);
        interval
    }
}

impl Histogram {
    /// The requests that an earlier state of the same histogram did not have.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before: std::collections::BTreeMap<u64, u64> = earlier.buckets().collect();
        let new = |(us, count): (u64, u64)| (us, count.saturating_sub(before.get(&us).copied().unwrap_or(0)));
        self.buckets().map(new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(requests: u64, failures: u64, times: &[(u64, u64)]) -> Endpoint {
        let histogram = Some(times.iter().copied().collect());
        Endpoint { requests, failures, histogram, avg_ms: Some(9.0), ..Endpoint::default() }
    }

    #[test]
    fn an_interval_holds_what_was_measured_in_it() {
        let earlier = endpoint(3, 1, &[(10_000, 2), (20_000, 1)]);
        let now = endpoint(7, 2, &[(10_000, 2), (20_000, 3), (30_000, 2)]);
        let interval = now.since(Some(&earlier), 2.0);
        assert_eq!((interval.requests, interval.failures, interval.requests_per_s), (4, 1, Some(2.0)));
        assert_eq!((interval.avg_ms, interval.min_ms, interval.max_ms), (Some(25.0), Some(20.0), Some(30.0)));
        assert_eq!(interval.percentile(Percentile::P50), Some(30.0));
        assert_eq!(now.since(None, 2.0), now);
    }

    #[test]
    fn without_response_times_only_counts_are_those_of_the_interval() {
        let plain = |requests| Endpoint { histogram: None, ..endpoint(requests, 0, &[]) };
        let interval = plain(5).since(Some(&plain(3)), 1.0);
        assert_eq!((interval.requests, interval.avg_ms), (2, Some(9.0)));
    }
}
