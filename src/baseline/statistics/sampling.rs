//! How much a value varies only because few requests are behind it. It widens the prior spread, so that the limit of
//! a rarely called endpoint is honest from the first run on.

use super::normal::{density, upper_quantile};

/// The scatter of ln(response time) within a run that is assumed: a log-normal distribution with σ = 0.6, usual for web
/// services.
const SIGMA: f64 = 0.6;

/// The variance of the logarithm of a percentile of `requests` response times: σ² q (1−q) / (n φ(z_q)²), the asymptotic
/// variance of a sample quantile. For p95 and 100 requests that is (12.7 %)². `fraction` is above 0 and below 1.
#[must_use]
pub fn percentile_variance(fraction: f64, requests: u64) -> f64 {
    if requests == 0 || fraction <= 0.0 || fraction >= 1.0 {
        return 0.0;
    }
    let height = density(upper_quantile(1.0 - fraction));
    SIGMA * SIGMA * fraction * (1.0 - fraction) / (requests as f64 * height * height)
}

/// The variance of the logarithm of a mean of `requests` response times: (e^σ² − 1) / n.
#[must_use]
pub fn mean_variance(requests: u64) -> f64 {
    if requests == 0 { 0.0 } else { (SIGMA * SIGMA).exp_m1() / requests as f64 }
}

/// The variance of the logarithm of a throughput behind which are `requests` requests that arrive independently: 1 / n.
#[must_use]
pub fn throughput_variance(requests: u64) -> f64 {
    if requests == 0 { 0.0 } else { 1.0 / requests as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_requests_scatter_more() {
        let percent = |fraction, requests| 100.0 * percentile_variance(fraction, requests).sqrt();
        assert!((percent(0.95, 100) - 12.7).abs() < 0.1, "{}", percent(0.95, 100));
        assert!((percent(0.99, 1_000) - 7.1).abs() < 0.1, "{}", percent(0.99, 1_000));
        assert_eq!(percent(1.0, 100), 0.0);
        assert!((mean_variance(100).sqrt() - 0.0658).abs() < 1e-3);
        assert_eq!(throughput_variance(0), 0.0);
    }
}
