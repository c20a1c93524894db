//! Moments: as Locust writes them, and as the page shows them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

/// A moment for a `<time>` element: the browser shows it in the reader's own time zone.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PageTime {
    iso: String,
    text: String,
}

impl PageTime {
    /// With the time of day.
    pub(super) fn of(at: Timestamp) -> Self {
        Self { iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), text: at.strftime("%Y-%m-%d %H:%M UTC").to_string() }
    }

    /// The text without JavaScript.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// A moment as Locust writes it: ISO 8601 with or without a zone (then UTC), or Unix seconds.
pub(super) fn unix_seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_second());
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second());
    }
    text.parse::<f64>().ok().filter(|seconds| seconds.is_finite()).map(|seconds| seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form_locust_writes() {
        for text in ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000000", "2026-11-22 10:00:00", "1795341600.0"] {
            assert_eq!(unix_seconds(text), Some(1_795_341_600), "{text}");
        }
        assert_eq!(unix_seconds("yesterday"), None);
    }

    #[test]
    fn a_moment_names_its_zone() {
        let moment = PageTime::of(Timestamp::from_second(1_795_341_600).unwrap());
        assert_eq!((moment.text(), moment.iso.as_str()), ("2026-11-22 10:00 UTC", "2026-11-22T10:00:00Z"));
    }
}
