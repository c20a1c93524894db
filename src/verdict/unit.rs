//! Units, and the one way a measured value is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::grouped;

/// The unit of an observed value and its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Unit {
    /// Response time.
    #[serde(rename = "ms")]
    Ms,
    /// A share or a change, 0 to 100 and beyond.
    #[serde(rename = "%")]
    Percent,
    /// Throughput, requests/s.
    #[serde(rename = "/s")]
    PerSecond,
    /// A plain number of requests.
    #[serde(rename = "count")]
    Count,
}

impl Unit {
    /// The value with its unit, decimals as far as they carry meaning, thousands separated: `1,070 ms`, `0.42 %`.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        let number = grouped(value);
        match self {
            Self::Ms => format!("{number} ms"),
            Self::Percent => format!("{number} %"),
            Self::PerSecond => format!("{number}/s"),
            Self::Count => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn numbers_are_written_with_the_digits_that_matter() {
        let shown = [1070.0, 34.0703, 0.004_213, 0.0, 1_234_567.8, 99.99, -12.5, 5.0].map(|value| Unit::Ms.show(value));
        assert_eq!(shown, ["1,070 ms", "34.1 ms", "0.00421 ms", "0 ms", "1,234,568 ms", "100 ms", "-12.5 ms", "5 ms"]);
        assert_eq!(Unit::Percent.show(0.42), "0.42 %");
        assert_eq!(Unit::PerSecond.show(34.07), "34.1/s");
        assert_eq!(Unit::Count.show(1279.0), "1,279");
    }
}
