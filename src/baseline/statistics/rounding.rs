//! Locust's rounding of response times.

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

/// A response time as Locust's percentiles show it, ms.
#[must_use]
pub fn rounded(ms: f64) -> f64 {
    let width = bucket_width(ms);
    (ms / width).round_ties_even() * width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_round_as_locust_rounds_them() {
        let cases = [(104.9, 100.0), (105.0, 100.0), (115.0, 120.0), (995.0, 1000.0), (1049.0, 1000.0)];
        for (ms, shown) in cases.into_iter().chain([(1051.0, 1100.0), (10_500.0, 10_000.0), (0.4, 0.0)]) {
            assert_eq!(rounded(ms), shown, "{ms}");
        }
    }
}
