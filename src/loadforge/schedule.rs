//! When to look at a run: often near its start and near its expected end, rarely in between.

use std::time::Duration;

use crate::results::RunState;

/// What a plain client would do; ours asks less often over a run of a minute or more.
const PLAIN: Duration = Duration::from_secs(5);

/// The pause near a change of a run of two minutes or more.
const LONG_FAST: Duration = Duration::from_millis(2500);

/// The looks right after the start that are close together.
const EAGER_LOOKS: u32 = 4;

/// Decides the pauses between looks. All times are since following began.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// How long load is sent.
    expected: Duration,
    /// The pause where a change is near.
    fast: Duration,
    /// The longest pause.
    longest: Duration,
    looks: u32,
    /// Looks that showed it running.
    running: u32,
    /// The last moment at which no load was being sent yet.
    not_running: Option<Duration>,
    /// The earliest moment at which the run may end.
    earliest_end: Option<Duration>,
}

impl Schedule {
    /// A schedule for a run that sends load for `expected` (zero when that is not known); `fresh` when it was started just now.
    pub(super) fn new(expected: Duration, fresh: bool) -> Self {
        // A record may have been changed by hand; nothing runs for longer than this.
        let expected = expected.min(Duration::from_secs(30 * 24 * 60 * 60));
        Self {
            expected,
            // 2.5 s for any run LoadForge takes or whose length is not known, less for the short ones of our own server.
            fast: if expected.is_zero() {
                LONG_FAST
            } else {
                (expected / 48).clamp(Duration::from_millis(250), LONG_FAST)
            },
            longest: Duration::from_secs(30),
            looks: 0,
            running: 0,
            not_running: fresh.then_some(Duration::ZERO),
            earliest_end: None,
        }
    }

    /// The same without pauses longer than this.
    pub(super) fn at_most(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self.fast = self.fast.min(longest);
        self
    }

    /// Notes what a look showed. `age` is the time since the run was created, where the service reports it.
    pub(super) fn looked(&mut self, at: Duration, state: RunState, age: Option<Duration>) {
        self.looks += 1;
        if state != RunState::Running {
            self.not_running = Some(at);
            return;
        }
        self.running += 1;
        if self.earliest_end.is_none() {
            // It began after the last look that showed it not running, else after it was created; when neither is
            // known its end may come any time.
            self.earliest_end = Some(match self.not_running {
                Some(before) => before + self.expected,
                None => (at + self.expected).saturating_sub(age.unwrap_or(self.expected)),
            });
        }
    }

    /// The pause before the next look.
    pub(super) fn pause(&self, at: Duration) -> Duration {
        let pause = match self.earliest_end {
            None if self.looks < EAGER_LOOKS => self.fast,
            None => (self.fast * 4).min(Duration::from_secs(10)),
            Some(end) => {
                let near = end.saturating_sub(self.fast * 2);
                if at < near {
                    // Growing, since a run that dies does so early.
                    let growing = self.fast * 2_u32.saturating_pow(self.running.clamp(1, 16) - 1);
                    growing.min(self.expected / 6).min(self.longest).min(near - at).max(self.fast)
                } else if self.fast < LONG_FAST || PLAIN * (self.looks + 1) <= at {
                    self.fast
                } else {
                    PLAIN
                }
            }
        };
        pause.min(self.longest)
    }

    /// The pause before trying again when the service does not answer, growing with every try.
    pub(super) fn outage_pause(&self, tries: u32) -> Duration {
        (self.fast * 2_u32.saturating_pow(tries.min(8))).min(self.longest)
    }
}

/// The pause between signs of life: 5 s in the first minute, then 60 s. CircleCI ends a step that is silent for ten
/// minutes.
pub(super) fn heartbeat(after: Duration) -> Duration {
    if after < Duration::from_secs(60) { Duration::from_secs(5) } else { Duration::from_secs(60) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Follows a made-up run and returns the number of looks and how late its end was seen.
    fn follow(provisioning: f64, load: f64, teardown: f64) -> (u32, f64) {
        let seconds = Duration::from_secs_f64;
        let end = provisioning + load + teardown;
        let mut schedule = Schedule::new(seconds(load), true);
        let mut at = 0.0;
        loop {
            let state = match at {
                at if at >= end => return (schedule.looks + 1, at - end),
                at if at >= provisioning => RunState::Running,
                _ => RunState::Provisioning,
            };
            schedule.looked(seconds(at), state, Some(seconds(at)));
            at += schedule.pause(seconds(at)).as_secs_f64();
        }
    }

    proptest! {
        #[test]
        fn the_end_is_seen_within_three_seconds_with_fewer_looks_than_every_five(
            provisioning in 30.0..180.0, load in 120.0..3600.0, teardown in 0.0..60.0,
        ) {
            let (looks, late) = follow(provisioning, load, teardown);
            let plain = ((provisioning + load + teardown) / 5.0).ceil() as u32;
            prop_assert!(late <= 3.0, "{late} s late");
            prop_assert!(looks < plain, "{looks} looks, {plain} when plain");
        }

        #[test]
        fn a_short_run_is_seen_to_end_at_once(provisioning in 0.0..2.0, load in 1.0..30.0, teardown in 0.0..2.0) {
            let (_, late) = follow(provisioning, load, teardown);
            prop_assert!(late <= 1.0, "{late} s late");
        }

        #[test]
        fn a_slow_teardown_never_costs_more_than_plain_looking(teardown in 60.0..1200.0) {
            let (looks, late) = follow(90.0, 300.0, teardown);
            prop_assert!(late <= 5.0 && f64::from(looks) <= (390.0 + teardown) / 5.0 + 1.0, "{looks} looks, {late} s");
        }
    }

    #[test]
    fn a_run_that_dies_early_is_seen_to_do_so() {
        let mut schedule = Schedule::new(Duration::from_secs(300), true);
        let (mut at, died) = (Duration::ZERO, Duration::from_secs(6));
        while at < died {
            schedule.looked(at, RunState::Running, None);
            at += schedule.pause(at);
        }
        assert!(at <= Duration::from_secs(10), "{at:?}");
    }

    #[test]
    fn a_long_run_is_looked_at_rarely() {
        let (looks, _) = follow(60.0, 3600.0, 20.0);
        assert!(looks < 160, "{looks}");
    }

    #[test]
    fn a_run_taken_up_in_the_middle_ends_when_its_age_says() {
        let pause_after_looks = |age| {
            let mut schedule = Schedule::new(Duration::from_secs(600), false);
            for _ in 0..6 {
                schedule.looked(Duration::ZERO, RunState::Running, Some(Duration::from_secs(age)));
            }
            schedule.pause(Duration::ZERO).as_secs()
        };
        assert_eq!([10, 590].map(pause_after_looks), [30, 5]);
        let mut endless = Schedule::new(Duration::ZERO, false);
        endless.looked(Duration::ZERO, RunState::Running, None);
        assert_eq!(endless.pause(Duration::ZERO), Duration::from_secs(5), "nothing is known of its end");
        let mut unknown = Schedule::new(Duration::from_secs(600), false);
        unknown.looked(Duration::ZERO, RunState::Running, None);
        assert!(unknown.pause(Duration::ZERO) <= Duration::from_secs(30));
    }

    #[test]
    fn a_line_comes_at_least_every_minute() {
        assert_eq!(heartbeat(Duration::ZERO), Duration::from_secs(5));
        assert_eq!(heartbeat(Duration::from_secs(59)), Duration::from_secs(5));
        assert_eq!(heartbeat(Duration::from_secs(60)), Duration::from_secs(60));
    }
}
