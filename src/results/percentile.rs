//! A percentile as people write it: `p95`, `p99.9`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A percentile in thousandths of a percent, so that `p99.99` compares and sorts exactly. Range: above 0, at most 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentile(u32);

impl Percentile {
    /// The median.
    pub const P50: Self = Self(50_000);
    /// 90 %.
    pub const P90: Self = Self(90_000);
    /// 95 %.
    pub const P95: Self = Self(95_000);
    /// 99 %.
    pub const P99: Self = Self(99_000);
    /// The maximum.
    pub const P100: Self = Self(100_000);

    /// The percentiles of Locust's CSV files, in column order (`locust/stats.py`, `PERCENTILES_TO_REPORT`).
    pub const LOCUST: [Self; 11] = [
        Self(50_000),
        Self(66_000),
        Self(75_000),
        Self(80_000),
        Self(90_000),
        Self(95_000),
        Self(98_000),
        Self(99_000),
        Self(99_900),
        Self(99_990),
        Self(100_000),
    ];

    /// A percentile from a number of percent; `None` outside (0, 100] or with more than three decimals.
    #[must_use]
    pub fn from_percent(percent: f64) -> Option<Self> {
        let thousandths = percent * 1000.0;
        let whole = thousandths.round();
        ((thousandths - whole).abs() < 1e-6 && (1.0..=100_000.0).contains(&whole)).then_some(Self(whole as u32))
    }

    /// In percent, for example 99.9.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// As a fraction, for example 0.999.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }

    /// Minimum number of requests for which a 95 % upper confidence bound on this percentile exists:
    /// n ≥ ln 0.05 / ln q (Wilks 1941), so p90 29, p95 59, p99 299, p99.9 2,995. The maximum needs 1.
    #[must_use]
    pub fn requests_needed(self) -> u64 {
        if self == Self::P100 {
            return 1;
        }
        // The epsilon keeps an exact quotient from being pushed up by rounding.
        (0.05_f64.ln() / self.fraction().ln() - 1e-9).ceil() as u64
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.percent())
    }
}

/// The text is not a percentile such as `p95` or `p99.9`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a percentile: write p and a number above 0, at most 100, such as p95 or p99.9")]
pub struct NotAPercentile(String);

impl FromStr for Percentile {
    type Err = NotAPercentile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('p')
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
            .and_then(|digits| digits.parse().ok())
            .and_then(Self::from_percent)
            .ok_or_else(|| NotAPercentile(text.into()))
    }
}

/// Says that a percentile was not delivered, and which ones around it were. `place` ends in its verb: "the results hold".
#[must_use]
pub fn not_delivered(place: &str, wanted: Percentile, known: impl Iterator<Item = Percentile>) -> String {
    let (below, above): (Vec<_>, Vec<_>) = known.partition(|percentile| *percentile < wanted);
    match (below.iter().max(), above.iter().min()) {
        (Some(below), Some(above)) => format!("{place} no {wanted}; the nearest are {below} and {above}"),
        (Some(nearest), None) | (None, Some(nearest)) => format!("{place} no {wanted}; the nearest is {nearest}"),
        (None, None) => format!("{place} no percentiles"),
    }
}

impl Serialize for Percentile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percentile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A history of good runs has millions of them, so the text is not copied.
        deserializer.deserialize_str(PercentileVisitor)
    }
}

struct PercentileVisitor;

impl Visitor<'_> for PercentileVisitor {
    type Value = Percentile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Percentile, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for Percentile {
    fn schema_name() -> Cow<'static, str> {
        "Percentile".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^p[0-9]+(\.[0-9]+)?$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_sizes_are_those_of_wilks() {
        let needed = |text: &str| text.parse::<Percentile>().unwrap().requests_needed();
        assert_eq!(
            [needed("p90"), needed("p95"), needed("p99"), needed("p99.9"), needed("p100")],
            [29, 59, 299, 2995, 1]
        );
    }

    #[test]
    fn only_a_percentile_parses() {
        assert_eq!("p99.99".parse::<Percentile>().unwrap().to_string(), "p99.99");
        for text in ["95", "p", "p0", "p101", "p-5", "p1e1", "p95.00001", "pNaN", "pinf"] {
            assert!(text.parse::<Percentile>().is_err(), "{text}");
        }
    }
}
