//! When a server wants to be asked again.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

/// Reads `Retry-After`: seconds, or an HTTP date in any of its three forms (RFC 9110, sections 10.2.3 and 5.6.7).
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit into a number are as good as for ever.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX)).min(u64::from(u32::MAX))));
    }
    let at = http_date(value)?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn http_date(value: &str) -> Option<Timestamp> {
    if let Ok(at) = rfc2822::DateTimeParser::new().parse_timestamp(value) {
        return Some(at);
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"].into_iter().find_map(|form| {
        let at = strtime::parse(form, value).ok()?.to_datetime().ok()?;
        at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        let seconds = |value| retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), Some(7));
        assert_eq!(seconds("Sun Nov  6 08:49:37 1994"), Some(7));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(u64::from(u32::MAX)));
        for value in ["", "soon", "-1", "1.5", "Sun"] {
            assert_eq!(seconds(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(value in ".{0,60}") {
            let _ = retry_after(&value, Timestamp::UNIX_EPOCH);
        }
    }
}
