//! Locust's own rounding of response times.

use crate::results::Histogram;

/// The bucket Locust would count this response time in, in whole ms: about two significant digits
/// (`locust/stats.py`, `bucket_response_time`). Halves go to the even neighbour, as Python's `round` does.
pub(super) fn locust_bucket(micros: u64) -> u64 {
    let step = match micros {
        0..100_000 => 1_000,
        100_000..1_000_000 => 10_000,
        1_000_000..10_000_000 => 100_000,
        _ => 1_000_000,
    };
    let (down, rest) = (micros / step, micros % step);
    let up = rest * 2 > step || (rest * 2 == step && down % 2 == 1);
    (down + u64::from(up)) * (step / 1000)
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
            assert_eq!(locust_bucket((ms * 1000.0) as u64), bucket, "{ms}");
        }
    }
}
