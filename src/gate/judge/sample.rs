//! How many requests a judgment needs.
//!
//! A goal is called met only when there are enough requests to say so with 95 % confidence: for a percentile
//! n ≥ ln 0.05 / ln q (Wilks 1941), for an error rate below x, when nothing failed, n ≥ ln 0.05 / ln(1 − x).
//! With fewer, a miss still counts when chance does not explain it: when at least two requests are beyond the limit and
//! a system that just meets the goal would have at least as many with a probability below 5 % (upper tail of the
//! binomial distribution). Everything else is too little to judge.

use crate::results::{Endpoint, Percentile};
use crate::verdict::Operator;

/// The accepted probability of a wrong answer.
const ALPHA: f64 = 0.05;

/// Minimum number of requests that shows an error rate below `percent`. A goal of 0 % speaks of the
/// requests that were sent and of no others, so one is enough.
pub(super) fn needed_for_rate(percent: f64) -> u64 {
    let share = percent / 100.0;
    if share <= 0.0 || share >= 1.0 {
        return 1;
    }
    // The epsilon keeps an exact quotient from being pushed up by rounding.
    ((ALPHA.ln() / (-share).ln_1p() - 1e-9).ceil() as u64).max(1)
}

/// Whether `beyond` of `requests` are clearly more than a true share of `share` explains.
pub(super) fn clearly_more(beyond: u64, requests: u64, share: f64) -> bool {
    beyond >= 2 && upper_tail(requests, beyond, share) < ALPHA
}

/// P(X ≥ k) for X binomial with `n` tries of probability `p`.
fn upper_tail(n: u64, k: u64, p: f64) -> f64 {
    if k == 0 || p >= 1.0 {
        return 1.0;
    }
    if k > n || p <= 0.0 {
        return 0.0;
    }
    let ways: f64 = (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum();
    let mut term = (ways + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp();
    let odds = p / (1.0 - p);
    let mut sum = 0.0;
    for i in k..=n {
        sum += term;
        let next = term * (n - i) as f64 / (i + 1) as f64 * odds;
        if next < term && next < sum * 1e-12 {
            break;
        }
        term = next;
    }
    sum.min(1.0)
}

/// Lower bound of the number of requests whose time breaks the condition, from the percentiles.
pub(super) fn slower_than(endpoint: &Endpoint, operator: Operator, limit_ms: f64) -> u64 {
    let n = endpoint.requests;
    let breaks = |value: f64| !operator.holds(value, limit_ms);
    if let Some(histogram) = endpoint.histogram.as_ref().filter(|histogram| !histogram.is_empty()) {
        let slower: u64 = histogram
            .buckets()
            .filter(|(micros, _)| breaks(*micros as f64 / 1000.0))
            .fold(0, |sum, (_, count)| sum.saturating_add(count));
        return slower.min(n);
    }
    if endpoint.min_ms.is_some_and(breaks) {
        return n;
    }
    // A percentile q is the value at ascending rank ⌊n·q⌋ + 1 (Locust's rule): it and all above it are at least as slow.
    let lowest =
        endpoint.percentiles.iter().filter(|(_, value)| breaks(**value)).map(|(percentile, _)| *percentile).min();
    lowest.map_or(0, |percentile: Percentile| n.saturating_sub((n as f64 * percentile.fraction()) as u64).max(1).min(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_rates_need_what_the_rule_of_three_says() {
        assert_eq!([1.0, 0.5, 0.1, 5.0].map(needed_for_rate), [299, 598, 2995, 59]);
        assert_eq!([0.0, 100.0, 120.0].map(needed_for_rate), [1, 1, 1]);
    }

    #[test]
    fn tails_are_those_of_the_binomial_distribution() {
        // R: pbinom(k - 1, n, p, lower.tail = FALSE)
        for (n, k, p, tail) in [
            (10, 2, 0.05, 0.086_138_36),
            (10, 1, 0.5, 0.999_023_4),
            (100, 5, 0.01, 0.003_432_4),
            (3, 3, 0.05, 0.000_125),
            (2000, 5, 0.001, 0.052_597_43),
        ] {
            let got = upper_tail(n, k, p);
            assert!((got / tail - 1.0).abs() < 1e-3, "n={n} k={k} p={p}: {got} for {tail}");
        }
        assert_eq!(upper_tail(5, 6, 0.5), 0.0);
        assert_eq!(upper_tail(5, 0, 0.5), 1.0);
        assert_eq!(upper_tail(300_000, 300_000, 1e-5), 0.0);
    }

    #[test]
    fn few_requests_fail_only_when_chance_does_not_explain_it() {
        assert!(clearly_more(3, 10, 0.05));
        assert!(!clearly_more(2, 10, 0.05));
        assert!(!clearly_more(1, 1, 0.01));
        assert!(clearly_more(2, 2, 0.01));
    }

    #[test]
    fn percentiles_tell_how_many_were_slower() {
        let mut endpoint = Endpoint { requests: 10, min_ms: Some(5.0), ..Endpoint::default() };
        endpoint.percentiles = [(Percentile::P50, 90.0), (Percentile::P90, 200.0)].into();
        let slower = |limit| slower_than(&endpoint, Operator::Less, limit);
        assert_eq!([slower(4.0), slower(80.0), slower(100.0), slower(300.0)], [10, 5, 1, 0]);
    }
}
