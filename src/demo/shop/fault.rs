//! What can be wrong with the shop, and what that does to one request.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use fastrand::Rng;

use super::endpoint::ShopEndpoint;
use super::lock::locked;

/// One thing that is wrong with the shop. Shares are from 0 (never) to 1 (always). Faults that fail requests spare
/// `/health`, as real ones often do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Logging in takes `factor` times as long.
    SlowLogin {
        /// Times the usual latency.
        factor: f64,
    },
    /// This share of checkouts is answered 503, after the usual latency.
    FailingCheckout {
        /// Share of the requests.
        share: f64,
    },
    /// This share of requests is answered 429 with `Retry-After`, at once.
    RateLimit {
        /// Share of the requests.
        share: f64,
    },
    /// On this share of requests the TCP connection is reset instead of an answer.
    Resets {
        /// Share of the requests.
        share: f64,
    },
    /// Every latency grows with time since the first request: after one minute it is `factor` times the usual one,
    /// and it grows in a straight line before and after.
    GrowingLatency {
        /// Times the usual latency after one minute.
        factor: f64,
    },
    /// Between two moments after the first request, this share of requests is answered 500, after the usual latency.
    ErrorSpike {
        /// Begin, since the first request.
        from: Duration,
        /// End, since the first request.
        to: Duration,
        /// Share of the requests.
        share: f64,
    },
    /// Every endpoint takes `factor` times as long: a slower machine, not slower code.
    AllSlower {
        /// Times the usual latency.
        factor: f64,
    },
    /// Every request waits so much longer, whatever it does: a slower way to the service.
    AllLater {
        /// How much longer.
        by: Duration,
    },
    /// This share of requests is answered 500 without doing the work, in 1 to 2 ms.
    FailFast {
        /// Share of the requests.
        share: f64,
    },
    /// All requests together queue for one resource that serves this many per second.
    Saturation {
        /// Requests/s, more than 0.
        requests_per_s: f64,
    },
}

/// The longest a request is held back, whatever the faults say.
const MOST_DELAY: Duration = Duration::from_secs(60);

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RequestFate {
    /// How long it is held back before anything is answered.
    pub(super) delay: Duration,
    /// How it then ends.
    pub(super) end: RequestEnd,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestEnd {
    /// As it should.
    Served,
    /// With this status instead.
    Refused(StatusCode),
    /// With a reset of its connection.
    Reset,
}

/// The faults that are turned on.
#[derive(Debug)]
pub(super) struct ActiveFaults(Mutex<ActiveState>);

#[derive(Debug)]
struct ActiveState {
    faults: Vec<Fault>,
    first_request: Option<Instant>,
    /// When the resource of [`Fault::Saturation`] is free again.
    free_at: Option<Instant>,
}

impl ActiveFaults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(ActiveState { faults, first_request: None, free_at: None }))
    }

    pub(super) fn set(&self, faults: Vec<Fault>) {
        *locked(&self.0) = ActiveState { faults, first_request: None, free_at: None };
    }

    /// The fate of a request that arrives now. `usual` is its latency in a healthy shop; `rng` decides who is hit.
    pub(super) fn fate(&self, endpoint: ShopEndpoint, usual: Duration, rng: &mut Rng, now: Instant) -> RequestFate {
        locked(&self.0).fate(endpoint, usual, rng, now)
    }
}

impl ActiveState {
    fn fate(&mut self, endpoint: ShopEndpoint, usual: Duration, rng: &mut Rng, now: Instant) -> RequestFate {
        let since_first = now.saturating_duration_since(*self.first_request.get_or_insert(now));
        let (mut factor, mut queued, mut at_once) = (1.0, Duration::ZERO, false);
        let mut end = RequestEnd::Served;
        for fault in &self.faults {
            // Every share draws, hit or not, so that one fault does not change whom the next one hits.
            let mut hit = |share: f64| rng.f64() < share && endpoint.is_api();
            let ends = match *fault {
                Fault::SlowLogin { factor: slower } if endpoint.is_login() => {
                    factor *= slower;
                    None
                }
                Fault::AllSlower { factor: slower } => {
                    factor *= slower;
                    None
                }
                Fault::AllLater { by } => {
                    queued = queued.saturating_add(by);
                    None
                }
                Fault::GrowingLatency { factor: slower } => {
                    factor *= 1.0 + (slower - 1.0) * since_first.as_secs_f64() / 60.0;
                    None
                }
                Fault::Saturation { requests_per_s } => {
                    let free_at = self.free_at.unwrap_or(now).max(now);
                    queued += free_at - now;
                    self.free_at = Some(free_at + seconds(1.0 / requests_per_s));
                    None
                }
                Fault::FailingCheckout { share } => (hit(share) && endpoint.is_checkout())
                    .then_some(RequestEnd::Refused(StatusCode::SERVICE_UNAVAILABLE)),
                Fault::ErrorSpike { from, to, share } => (hit(share) && (from..to).contains(&since_first))
                    .then_some(RequestEnd::Refused(StatusCode::INTERNAL_SERVER_ERROR)),
                Fault::RateLimit { share } => hit(share).then(|| {
                    at_once = true;
                    RequestEnd::Refused(StatusCode::TOO_MANY_REQUESTS)
                }),
                Fault::FailFast { share } => hit(share).then(|| {
                    at_once = true;
                    RequestEnd::Refused(StatusCode::INTERNAL_SERVER_ERROR)
                }),
                Fault::Resets { share } => hit(share).then_some(RequestEnd::Reset),
                Fault::SlowLogin { .. } => None,
            };
            if end == RequestEnd::Served {
                end = ends.unwrap_or(RequestEnd::Served);
            }
        }
        let usual = if at_once { Duration::from_millis(1) } else { usual };
        let delay = seconds(usual.as_secs_f64() * factor).saturating_add(queued).min(MOST_DELAY);
        RequestFate { delay, end }
    }
}

/// A duration from seconds that a fault's numbers gave; nonsense becomes nothing or the most.
fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or(MOST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_millis(10);

    fn fates(faults: Vec<Fault>, path: &str, every: Duration, count: u32) -> Vec<RequestFate> {
        let (faults, mut rng, start) = (ActiveFaults::new(faults), Rng::with_seed(1), Instant::now());
        let endpoint = ShopEndpoint::of(if path == "/health" { "GET" } else { "POST" }, path);
        (0..count).map(|n| faults.fate(endpoint, USUAL, &mut rng, start + every * n)).collect()
    }

    const LOGIN: &str = "/api/v1/auth/login";

    #[test]
    fn factors_multiply_and_hit_only_whom_they_name() {
        let faults = vec![Fault::SlowLogin { factor: 3.0 }, Fault::AllSlower { factor: 2.0 }];
        let delay = |path: &str| fates(faults.clone(), path, Duration::ZERO, 1)[0].delay.as_millis();
        assert_eq!((delay(LOGIN), delay("/api/v1/carts")), (60, 20));
    }

    #[test]
    fn growing_latency_starts_at_the_usual_and_has_grown_after_a_minute() {
        let fates = fates(vec![Fault::GrowingLatency { factor: 5.0 }], LOGIN, Duration::from_secs(30), 3);
        assert_eq!(fates.iter().map(|fate| fate.delay.as_millis()).collect::<Vec<_>>(), [10, 30, 50]);
    }

    #[test]
    fn a_spike_lasts_from_its_begin_to_its_end() {
        let spike = Fault::ErrorSpike { from: Duration::from_secs(2), to: Duration::from_secs(4), share: 1.0 };
        let failed: Vec<bool> = fates(vec![spike], LOGIN, Duration::from_secs(1), 6)
            .iter()
            .map(|fate| fate.end == RequestEnd::Refused(StatusCode::INTERNAL_SERVER_ERROR))
            .collect();
        assert_eq!(failed, [false, false, true, true, false, false]);
    }

    #[test]
    fn a_saturated_shop_lets_its_requests_queue() {
        let fates = fates(vec![Fault::Saturation { requests_per_s: 100.0 }], LOGIN, Duration::ZERO, 3);
        assert_eq!(fates.iter().map(|fate| fate.delay.as_millis()).collect::<Vec<_>>(), [10, 20, 30]);
    }

    #[test]
    fn shares_are_kept_and_the_health_check_is_spared() {
        let resets = |path| {
            let fates = fates(vec![Fault::Resets { share: 0.25 }], path, Duration::ZERO, 4_000);
            fates.iter().filter(|fate| fate.end == RequestEnd::Reset).count()
        };
        assert!((900..1_100).contains(&resets(LOGIN)), "{}", resets(LOGIN));
        assert_eq!(resets("/health"), 0);
        let quick = fates(vec![Fault::FailFast { share: 1.0 }], LOGIN, Duration::ZERO, 1)[0];
        assert_eq!(
            quick,
            RequestFate {
                delay: Duration::from_millis(1),
                end: RequestEnd::Refused(StatusCode::INTERNAL_SERVER_ERROR)
            }
        );
    }

    #[test]
    fn nonsense_numbers_neither_panic_nor_hang() {
        for factor in [f64::NAN, f64::INFINITY, -5.0, 1e300] {
            for fault in [
                Fault::AllSlower { factor },
                Fault::GrowingLatency { factor },
                Fault::Saturation { requests_per_s: factor },
                Fault::Saturation { requests_per_s: 0.0 },
                Fault::FailFast { share: factor },
            ] {
                let fates = fates(vec![fault; 3], LOGIN, Duration::from_secs(9), 3);
                assert!(fates.iter().all(|fate| fate.delay <= MOST_DELAY), "{fault:?}");
            }
        }
    }
}
