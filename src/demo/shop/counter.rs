//! What the shop served, counted by endpoint, to be compared with what Locust counted.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::StatusCode;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use super::endpoint::ShopEndpoint;
use super::lock::locked;

/// What was served of one endpoint. What Locust counts is [`Served::requests`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// HTTP method; empty for requests that fit no endpoint.
    pub method: String,
    /// The path with `[id]` for what differs from call to call, as the scripts name it.
    pub name: String,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests whose connection was reset on purpose; the client sees a failed request.
    pub resets: u64,
    /// Requests the client gave up before an answer existed; a stopped Locust does not count them.
    pub abandoned: u64,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
}

impl Served {
    /// Requests that ended at the client: answered or reset.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.answered + self.resets
    }

    /// Requests that ended with a status of 400 or above, or a reset.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.resets + self.statuses.range(400..).map(|(_, count)| count).sum::<u64>()
    }
}

/// The counters of all endpoints, and each endpoint's own random numbers.
#[derive(Debug)]
pub(super) struct Counters {
    seed: u64,
    endpoints: Mutex<BTreeMap<(&'static str, &'static str), CounterState>>,
}

#[derive(Debug)]
struct CounterState {
    /// Drawn apart, so that turning a fault on changes no healthy latency.
    latency: Rng,
    faults: Rng,
    served: Served,
}

impl Counters {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, endpoints: Mutex::default() }
    }

    pub(super) fn served(&self) -> Vec<Served> {
        locked(&self.endpoints).values().map(|state| state.served.clone()).filter(Self::was_used).collect()
    }

    fn was_used(served: &Served) -> bool {
        served.requests() + served.abandoned > 0
    }

    /// The usual latency of the endpoint's next request and the random numbers that decide its fate.
    pub(super) fn draw(&self, endpoint: ShopEndpoint) -> (Duration, Rng) {
        self.with(endpoint, |state| (endpoint.latency.draw(&mut state.latency), state.faults.fork()))
    }

    /// Counts a request from its arrival on.
    pub(super) fn arrived(&self, endpoint: ShopEndpoint) -> Arrival<'_> {
        Arrival { counters: self, endpoint, ended: false }
    }

    fn with<T>(&self, endpoint: ShopEndpoint, change: impl FnOnce(&mut CounterState) -> T) -> T {
        let mut endpoints = locked(&self.endpoints);
        let state = endpoints.entry((endpoint.name, endpoint.method)).or_insert_with(|| {
            // FNV-1a, so that each endpoint has its own sequence, the same on every machine.
            let own = endpoint
                .name
                .bytes()
                .chain(endpoint.method.bytes())
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            CounterState {
                latency: Rng::with_seed(self.seed ^ own),
                faults: Rng::with_seed(self.seed.rotate_left(32) ^ own),
                served: Served { method: endpoint.method.into(), name: endpoint.name.into(), ..Served::default() },
            }
        });
        change(state)
    }
}

/// A request that is being served. Dropped without an end, it counts as abandoned by the client.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    counters: &'a Counters,
    endpoint: ShopEndpoint,
    ended: bool,
}

impl Arrival<'_> {
    pub(super) fn answered(mut self, status: StatusCode) {
        self.ended = true;
        self.counters.with(self.endpoint, |state| {
            state.served.answered += 1;
            *state.served.statuses.entry(status.as_u16()).or_default() += 1;
        });
    }

    pub(super) fn reset(mut self) {
        self.ended = true;
        self.counters.with(self.endpoint, |state| state.served.resets += 1);
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.counters.with(self.endpoint, |state| state.served.abandoned += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_ends_in_exactly_one_way() {
        let counters = Counters::new(1);
        let endpoint = ShopEndpoint::of("GET", "/health");
        counters.arrived(endpoint).answered(StatusCode::OK);
        counters.arrived(endpoint).answered(StatusCode::TOO_MANY_REQUESTS);
        counters.arrived(endpoint).reset();
        drop(counters.arrived(endpoint));
        let served = counters.served().remove(0);
        assert_eq!((served.answered, served.resets, served.abandoned), (2, 1, 1));
        assert_eq!((served.requests(), served.failures()), (3, 2));
        assert_eq!(served.statuses, [(200, 1), (429, 1)].into());
    }
}
