//! Durations.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::fmt::friendly::{FractionalUnit, Spacing, SpanPrinter};

/// From ten seconds on, fractions of a second are noise.
const WHOLE_FROM: Duration = Duration::from_secs(10);
/// Below it, tenths of a second are shown.
const TENTH: Duration = Duration::from_millis(100);

/// A duration for people, at most to a tenth of a second: `45s`, `5m 3s`, `1h 30m`, `0.3s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let step = if duration < WHOLE_FROM { TENTH } else { Duration::from_secs(1) };
    print(nearest(duration, step), Spacing::BetweenUnits)
}

/// A duration as written on a command line or in a configuration file, to a thousandth of a second: `45s`, `5m3s`,
/// `1h30m`, `1.5s`.
#[must_use]
pub fn compact_duration(duration: Duration) -> String {
    print(nearest(duration, Duration::from_millis(1)), Spacing::None)
}

/// The nearest multiple of `step`.
fn nearest(duration: Duration, step: Duration) -> Duration {
    let steps = duration.as_secs_f64() / step.as_secs_f64();
    Duration::try_from_secs_f64(steps.round() * step.as_secs_f64()).unwrap_or(duration)
}

fn print(duration: Duration, spacing: Spacing) -> String {
    let printer = SpanPrinter::new().spacing(spacing).fractional(Some(FractionalUnit::Second));
    // A float's last digits are rounding noise.
    let signed = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    let millis = signed.as_millis() as i64;
    printer.duration_to_string(&SignedDuration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_write_them() {
        let texts = [0.0, 0.34, 45.4, 300.0, 303.0, 5400.0, 43_205.0].map(|s| duration(Duration::from_secs_f64(s)));
        assert_eq!(texts, ["0s", "0.3s", "45s", "5m", "5m 3s", "1h 30m", "12h 5s"]);
        let typed = [90.0, 1.5, 7_776_000.0, 29.999_999_9].map(|s| compact_duration(Duration::from_secs_f64(s)));
        assert_eq!(typed, ["1m30s", "1.5s", "2160h", "30s"]);
    }
}
