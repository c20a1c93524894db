//! The time in which a release waits for its signal.

use std::time::Duration;

use crate::error::CommandError;
use crate::text::compact_duration;

/// Time that launching, collecting and judging take beside the load.
const BESIDE: Duration = Duration::from_secs(5 * 60);

/// Checks that a test can signal within the window; a remark where it may come late.
///
/// # Errors
/// When the load alone takes as long: without a signal the release passes unchecked.
pub fn check_window(duration: Duration, window: Duration) -> Result<Option<String>, CommandError> {
    let (test, shown) = (compact_duration(duration), compact_duration(window));
    if duration >= window {
        let message = format!("the test runs for {test} and the release waits {shown} for its signal (--window)");
        let hint = format!(
            "shorten --duration, or raise `evaluation_time` of the release and --window to {} or more: without a signal the \
             release passes unchecked",
            compact_duration(duration + BESIDE)
        );
        return Err(CommandError::usage(message).with_hint(hint));
    }
    let late = duration + BESIDE > window;
    Ok(late.then(|| {
        format!(
            "the test runs for {test}, and launching and judging it take time too: its signal may miss the window of {shown}"
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_ends_before_the_test_is_refused() {
        let check = |minutes: u64, window: u64| {
            check_window(Duration::from_secs(minutes * 60), Duration::from_secs(window * 60))
        };
        let fault = check(60, 30).unwrap_err().to_string();
        assert!(
            fault.starts_with("the test runs for 1h and the release waits 30m for its signal (--window)"),
            "{fault}"
        );
        assert!(fault.contains("--window to 1h5m"), "{fault}");
        assert!(check(30, 30).is_err());
        assert!(check(27, 30).unwrap().is_some_and(|remark| remark.contains("may miss the window of 30m")));
        assert_eq!(check(5, 30).unwrap(), None);
    }
}
