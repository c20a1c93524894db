//! What was measured after the ramp-up, found by endpoint.

use std::collections::HashMap;

use crate::results::{Endpoint, Steady};

/// The exact records of the time after the ramp-up, by endpoint.
pub(super) struct SteadyIndex<'a> {
    total: &'a Endpoint,
    endpoints: HashMap<(&'a str, &'a str), &'a Endpoint>,
}

impl<'a> SteadyIndex<'a> {
    /// Indexes the records.
    pub(super) fn of(steady: &'a Steady) -> Self {
        let endpoints =
            steady.endpoints.iter().map(|endpoint| ((endpoint.method.as_str(), endpoint.name.as_str()), endpoint));
        Self { total: &steady.total, endpoints: endpoints.collect() }
    }

    /// The record of an endpoint; `None` asks for all requests together.
    pub(super) fn get(&self, endpoint: Option<&Endpoint>) -> Option<&'a Endpoint> {
        match endpoint {
            None => Some(self.total),
            Some(endpoint) => self.endpoints.get(&(&endpoint.method, &endpoint.name)).copied(),
        }
    }
}
