//! The normal distribution, as far as limits need it.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The density of the standard normal distribution.
#[must_use]
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The chance that a standard normal value is above `x`: half the complementary error function of x / √2.
#[must_use]
pub fn upper_tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// The antiderivative of [`upper_tail`] that vanishes at infinity.
#[must_use]
pub fn upper_tail_integral(x: f64) -> f64 {
    x * upper_tail(x) - density(x)
}

/// The value above which a standard normal value lies with this chance, by bisection within ±8.
#[must_use]
pub fn upper_quantile(chance: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if upper_tail(middle) > chance {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_agree_with_the_tables() {
        for (x, tail) in
            [(0.0, 0.5), (1.0, 0.158_655_254), (1.959_963_985, 0.025), (3.0, 0.001_349_898), (-2.0, 0.977_249_868)]
        {
            assert!((upper_tail(x) - tail).abs() < 1e-9, "{x}");
        }
        assert!((upper_quantile(0.05) - 1.644_854).abs() < 1e-5);
        // The slope of the integral is the tail.
        let slope = (upper_tail_integral(1.001) - upper_tail_integral(0.999)) / 0.002;
        assert!((slope - upper_tail(1.0)).abs() < 1e-5);
    }
}
