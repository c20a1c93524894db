//! Units, and the one way a measured number is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// A number with thousands separated and at most as many decimals as make three significant digits (never fewer
/// than its whole part): 1070 → `1,070`, 34.0703 → `34.1`, 0.004213 → `0.00421`.
fn grouped(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs();
    let decimals =
        if size == 0.0 || size >= 100.0 { 0 } else { (2 - size.log10().floor() as i32).clamp(0, 6) as usize };
    let mut text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
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
