//! Whether a share of failed requests is higher than that of the good runs: a one-sided exact test.

/// Failed requests of one run, or of several together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failed {
    /// Requests, failed ones included.
    pub requests: u64,
    /// Failed requests among them; never more than `requests`.
    pub failures: u64,
}

impl Failed {
    /// All runs together.
    #[must_use]
    pub fn pooled(runs: &[Self]) -> Self {
        runs.iter().fold(Self::default(), |sum, run| Self {
            requests: sum.requests.saturating_add(run.requests),
            failures: sum.failures.saturating_add(run.failures.min(run.requests)),
        })
    }

    /// Failed requests as a fraction; 0 without requests.
    #[must_use]
    pub fn fraction(self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.failures as f64 / self.requests as f64 }
    }
}

/// How much more the failures of these runs scatter than coin flips would (1 = not more): Pearson's χ² over its
/// degrees of freedom, shrunk like a spread towards [`PRIOR_DISPERSION`]. Failures come in bursts, so an exact test
/// alone is too eager.
#[must_use]
pub fn dispersion(runs: &[Failed]) -> f64 {
    let share = Failed::pooled(runs).fraction();
    let degrees = runs.len().saturating_sub(1) as f64;
    let chi_squared: f64 = if share > 0.0 && share < 1.0 {
        runs.iter()
            .filter(|run| run.requests > 0)
            .map(|run| {
                let expected = run.requests as f64 * share;
                (run.failures as f64 - expected).powi(2) / (expected * (1.0 - share))
            })
            .sum()
    } else {
        // Nothing failed ever (or everything): no burst was seen, and each run without one makes bursts less likely.
        degrees
    };
    let weight = super::PRIOR_WEIGHT;
    ((weight * PRIOR_DISPERSION + chi_squared) / (weight + degrees)).max(1.0)
}

/// The dispersion assumed before any run was seen.
pub const PRIOR_DISPERSION: f64 = 3.0;

/// The most failures among `requests` requests that these good runs explain with at least the chance `alpha`: Fisher's
/// exact test, one-sided, on counts divided by their [`dispersion`].
#[must_use]
pub fn most_failures(good: &[Failed], requests: u64, alpha: f64) -> u64 {
    let factor = dispersion(good);
    let pooled = Failed::pooled(good);
    let scaled = |count: u64| count as f64 / factor;
    // Rounded in favor of the run that is judged.
    let (baseline, failed, drawn) =
        (scaled(pooled.requests).floor() as u64, scaled(pooled.failures).ceil() as u64, scaled(requests).ceil() as u64);
    // The chance falls as failures rise: the last count that is still explained, by bisection.
    let (mut explained, mut unexplained) = (0, drawn + 1);
    while unexplained - explained > 1 {
        let middle = explained + (unexplained - explained) / 2;
        if is_at_least(middle, drawn, failed + middle, baseline + drawn, alpha) {
            explained = middle;
        } else {
            unexplained = middle;
        }
    }
    // Back to whole requests: the largest count whose scaled value is below the first unexplained one.
    (((explained + 1) as f64 * factor).ceil() as u64).saturating_sub(1).min(requests)
}

/// Whether the chance to see at least `seen` marked ones, when `drawn` are drawn from `all`, `marked` of which are marked,
/// is `alpha` or more (the upper tail of the hypergeometric distribution). Counts at or below the mean count as certain.
/// Terms are added until it is decided: beyond the mean each is smaller than the one before, by a ratio that falls as well.
fn is_at_least(seen: u64, drawn: u64, marked: u64, all: u64, alpha: f64) -> bool {
    let (n, k, total) = (drawn as f64, marked as f64, all as f64);
    if seen as f64 <= n * k / total {
        return alpha <= 1.0;
    }
    let most = drawn.min(marked);
    if seen > most {
        return alpha <= 0.0;
    }
    let x = seen as f64;
    let mut term = (ln_choose(k, x) + ln_choose(total - k, n - x) - ln_choose(total, n)).exp();
    let mut sum = term;
    for j in seen..most {
        if sum >= alpha {
            return true;
        }
        let j = j as f64;
        let ratio = (k - j) * (n - j) / ((j + 1.0) * (total - k - n + j + 1.0).max(1.0));
        term *= ratio;
        // What is left is at most a geometric series.
        if ratio < 1.0 && sum + term / (1.0 - ratio) < alpha {
            return false;
        }
        sum += term;
        if term <= sum * 1e-12 {
            break;
        }
    }
    sum >= alpha
}

/// ln of the number of ways to choose `k` of `n`.
fn ln_choose(n: f64, k: f64) -> f64 {
    if k < 0.0 || k > n {
        return f64::NEG_INFINITY;
    }
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// ln(x!).
fn ln_factorial(x: f64) -> f64 {
    libm::lgamma(x + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(runs: usize, requests: u64, failures: u64) -> Vec<Failed> {
        vec![Failed { requests, failures }; runs]
    }

    #[test]
    fn the_tail_agrees_with_exact_counting() {
        // 3 of 4 drawn are marked, 5 of 10 marked: C(5,3)·C(5,1)/C(10,4) + C(5,4)/C(10,4) = 55/210.
        let is_chance = |seen, drawn, marked, all, chance: f64| {
            is_at_least(seen, drawn, marked, all, chance - 1e-10)
                && !is_at_least(seen, drawn, marked, all, chance + 1e-10)
        };
        assert!(is_chance(3, 4, 5, 10, 55.0 / 210.0));
        // All failures fall into the drawn half: 1/C(8,4)·C(4,4)·C(4,0) = 1/70.
        assert!(is_chance(4, 4, 4, 8, 1.0 / 70.0));
        assert!(!is_at_least(5, 4, 5, 10, 1e-300));
        assert!((ln_factorial(10.0).exp() - 3_628_800.0).abs() < 1e-2);
    }

    #[test]
    fn a_clean_history_still_allows_a_few_failures() {
        let most = most_failures(&good(5, 2_000, 0), 2_000, 0.001_35);
        assert!((3..=12).contains(&most), "{most}");
        // A longer clean history allows fewer.
        assert!(most_failures(&good(20, 2_000, 0), 2_000, 0.001_35) < most);
    }

    #[test]
    fn the_bound_grows_with_the_baselines_share_and_with_its_scatter() {
        let even = most_failures(&good(10, 2_000, 20), 2_000, 0.001_35);
        assert!((30..60).contains(&even), "{even}");
        let uneven: Vec<Failed> =
            [2, 38, 5, 35, 1, 39, 10, 30, 0, 40].map(|failures| Failed { requests: 2_000, failures }).to_vec();
        assert!(dispersion(&uneven) > 10.0);
        assert!(most_failures(&uneven, 2_000, 0.001_35) > even);
    }

    #[test]
    fn nothing_breaks_at_the_edges() {
        assert_eq!(most_failures(&good(5, 100, 0), 0, 0.01), 0);
        assert_eq!(most_failures(&[], 100, 0.01), 100);
        assert_eq!(most_failures(&good(3, 50, 50), 50, 0.01), 50);
        let huge = good(20, 1 << 40, 1 << 20);
        let most = most_failures(&huge, 1 << 40, 0.001_35);
        assert!((1 << 20..1 << 21).contains(&most), "{most}");
    }
}
