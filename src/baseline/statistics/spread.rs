//! How far a handful of runs scatters.

use crate::series::median;

/// The standard deviation estimated from the mean absolute deviation from `center`, × √(π/2) = 1.2533, which holds for
/// normal values. One slow run counts with its distance and not with the square of it; and unlike the median
/// absolute deviation it is not 0 when half of the runs fall into one of Locust's rounding buckets.
#[must_use]
pub fn spread_about(center: f64, values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let sum: f64 = values.iter().map(|value| (value - center).abs()).sum();
    1.2533 * sum / values.len() as f64
}

/// The spread to expect between the median of `runs` runs and one more run: `observed`, shrunk towards `prior` as if
/// the prior were [`PRIOR_WEIGHT`] runs more, and widened by √(1 + 1.57/N), because the median of N normal values
/// itself varies by π/2·σ²/N.
#[must_use]
pub fn shrunk(observed: f64, runs: usize, prior: f64) -> f64 {
    let n = runs as f64;
    // Two runs show a distance, not a scatter.
    let degrees = if runs < 3 { 0.0 } else { n - 1.0 };
    let variance = (PRIOR_WEIGHT * prior * prior + degrees * observed * observed) / (PRIOR_WEIGHT + degrees);
    (variance * (1.0 + 1.57 / n.max(1.0))).sqrt()
}

/// What the endpoints of a service usually scatter: the median of their spreads, 0 when fewer than `ENOUGH_ENDPOINTS`
/// tell. Where the environment is noisy, this knows it after a few runs, long before a single endpoint does.
#[must_use]
pub fn typical_spread(spreads: &[f64]) -> f64 {
    if spreads.len() < ENOUGH_ENDPOINTS { 0.0 } else { median(spreads.iter().copied()).unwrap_or(0.0) }
}

/// Fewer endpoints than this say nothing about each other.
const ENOUGH_ENDPOINTS: usize = 5;

/// How many runs the prior spread counts for.
pub const PRIOR_WEIGHT: f64 = 3.0;

/// The spread assumed before any run was seen: 5 % from run to run.
pub const PRIOR_SPREAD: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_shrunk_and_widened() {
        // Deviations 0.1, 0, 0.1 → mean 0.0667 × 1.2533 = 0.0836.
        let observed = spread_about(5.0, &[4.9, 5.0, 5.1]);
        assert!((observed - 0.083_553).abs() < 1e-6, "{observed}");
        // (3·0.0025 + 2·0.006981)/5 = 0.0042925; × (1 + 1.57/3) = 0.0065389; √ = 0.080864.
        assert!((shrunk(observed, 3, PRIOR_SPREAD) - 0.080_864).abs() < 1e-5);
        // One run: nothing but the prior.
        assert!((shrunk(spread_about(5.0, &[5.0]), 1, PRIOR_SPREAD) - 0.05 * 2.57_f64.sqrt()).abs() < 1e-12);
    }
}
