//! Locust's own rounding of response times.

use crate::results::Histogram;

/// How wide the bucket is that Locust rounds a response time into, ms: two significant digits from 10 ms on
/// (`locust/stats.py`, `bucket_response_time`). A value is compared only beyond one such bucket, because 1,049 ms
/// reads as 1,000 and 1,051 ms as 1,100.
#[must_use]
pub fn bucket_width(ms: f64) -> f64 {
    match ms {
        ms if ms < 100.0 => 1.0,
        ms if ms < 1_000.0 => 10.0,
        ms if ms < 10_000.0 => 100.0,
        _ => 1_000.0,
    }
}

/// A response time as Locust counts and shows it, ms: about 90 values per factor of ten. Halves go to the even
/// neighbor, as Python's `round` does.
#[must_use]
pub fn rounded_ms(ms: f64) -> f64 {
    let width = bucket_width(ms);
    (ms / width).round_ties_even() * width
}

/// The bucket Locust would count this response time in, in whole ms.
pub(super) fn locust_bucket(micros: u64) -> u64 {
    rounded_ms(micros as f64 / 1000.0) as u64
}

/// The histogram as Locust would have kept it. The keys stay µs, so that percentiles read as ms.
pub(super) fn locust_histogram(exact: &Histogram) -> Histogram {
    exact.buckets().map(|(micros, count)| (locust_bucket(micros) * 1000, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_as_locust_rounds_them() {
        // The pairs were read off Locust 2.47's own function.
        for (ms, bucket) in [
            (0.4, 0),
            (0.5, 0),
            (1.5, 2),
            (2.5, 2),
            (99.4, 99),
            (104.9, 100),
            (105.0, 100),
            (105.1, 110),
            (115.0, 120),
            (995.0, 1000),
            (1049.0, 1000),
            (1051.0, 1100),
            (10_500.0, 10_000),
            (10_501.0, 11_000),
            (58_760.0, 59_000),
        ] {
            assert_eq!(rounded_ms(ms), bucket as f64, "{ms}");
            assert_eq!(locust_bucket((ms * 1000.0) as u64), bucket, "{ms}");
        }
        assert_eq!(rounded_ms(f64::MAX) as u64, u64::MAX);
    }
}
