//! The normal distribution, as far as limits need it.

use std::f64::consts::PI;

/// The density of the standard normal distribution.
#[must_use]
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The chance that a standard normal value is above `x`, off by less than 7.5e-8
/// (Abramowitz & Stegun, Handbook of Mathematical Functions, 26.2.17).
#[must_use]
pub fn upper_tail(x: f64) -> f64 {
    const B: [f64; 5] = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let polynomial = B.iter().rev().fold(0.0, |sum, b| (sum + b) * t);
    let tail = density(x) * polynomial;
    if x >= 0.0 { tail } else { 1.0 - tail }
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
            [(0.0, 0.5), (1.0, 0.158_655_254), (1.959_964, 0.025), (3.0, 0.001_349_898), (-2.0, 0.977_249_868)]
        {
            assert!((upper_tail(x) - tail).abs() < 1e-7, "{x}");
        }
        assert!((upper_quantile(0.05) - 1.644_854).abs() < 1e-5);
        // The slope of the integral is the tail.
        let slope = (upper_tail_integral(1.001) - upper_tail_integral(0.999)) / 0.002;
        assert!((slope - upper_tail(1.0)).abs() < 1e-5);
    }
}
