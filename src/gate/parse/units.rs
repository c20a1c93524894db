//! The likely meaning of an unknown unit, in units that gates know.

use crate::verdict::Unit;

/// The value with a unit of a gate, where another unit is spelled out or converted: `500us` is `0.5ms`, `1200/min` is
/// `20/s`. Several readings are joined by "or".
pub(super) fn converted(of: Unit, number: f64, unit: &str) -> Option<String> {
    let times = |factor: f64, unit: &str| format!("{}{unit}", shown(number * factor));
    Some(match (of, unit.to_lowercase().as_str()) {
        (Unit::Ms, "us" | "µs" | "μs" | "usec" | "microseconds") => times(1e-3, "ms"),
        (Unit::Ms, "ns" | "nanoseconds") => times(1e-6, "ms"),
        (Unit::Ms, "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" | "ms") => times(1.0, "ms"),
        (Unit::Ms, "sec" | "secs" | "second" | "seconds" | "s") => times(1.0, "s"),
        (Unit::Ms, "min" | "mins" | "minute" | "minutes") => times(60.0, "s"),
        (Unit::Ms, "h" | "hour" | "hours") => times(3600.0, "s"),
        (Unit::Ms, "m") => format!("{} if minutes are meant, or {}", times(60.0, "s"), times(1.0, "ms")),
        (Unit::PerSecond, "/min" | "/m" | "/minute" | "rpm") => times(1.0 / 60.0, "/s"),
        (Unit::PerSecond, "/h" | "/hour" | "rph") => times(1.0 / 3600.0, "/s"),
        (Unit::PerSecond, "/sec" | "/second" | "rps" | "qps" | "tps" | "hps") => times(1.0, "/s"),
        (Unit::PerSecond | Unit::Count, "k") => times(1000.0, if of == Unit::Count { "" } else { "/s" }),
        (Unit::Count, "m" | "mio" | "million") => times(1e6, ""),
        (Unit::Percent, "percent" | "pct" | "prozent") => times(1.0, "%"),
        (Unit::Percent, "‰" | "permille") => times(0.1, "%"),
        // A share between 0 and 1, as other tools take it, or a very small percentage.
        (Unit::Percent, "") if number > 0.0 && number < 1.0 => {
            format!("{} if a share of {} is meant, or {}", times(100.0, "%"), shown(number), times(1.0, "%"))
        }
        _ => return None,
    })
}

/// A number with at most three significant digits more than none: 20, 0.833, 0.5.
fn shown(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let digits = (2 - number.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_never_off_by_a_factor() {
        for (of, number, unit, expected) in [
            (Unit::Ms, 500.0, "us", "0.5ms"),
            (Unit::Ms, 500.0, "µs", "0.5ms"),
            (Unit::Ms, 2.0, "min", "120s"),
            (Unit::Ms, 1.0, "m", "60s if minutes are meant, or 1ms"),
            (Unit::Ms, 5.0, "sec", "5s"),
            (Unit::PerSecond, 1200.0, "/min", "20/s"),
            (Unit::PerSecond, 50.0, "/min", "0.833/s"),
            (Unit::PerSecond, 20.0, "/h", "0.00556/s"),
            (Unit::Count, 10.0, "k", "10000"),
            (Unit::Percent, 0.01, "", "1% if a share of 0.01 is meant, or 0.01%"),
            (Unit::Percent, 1.0, "percent", "1%"),
        ] {
            assert_eq!(converted(of, number, unit).as_deref(), Some(expected), "{number}{unit}");
        }
        assert_eq!(converted(Unit::Percent, 5.0, "ms"), None);
        assert_eq!(converted(Unit::Percent, 1.0, ""), None);
    }
}
