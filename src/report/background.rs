//! What the page shows beside the verdict and the results: how the run went over time, and the builds before it.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::results::{Endpoint, EndpointKey};
use crate::series::RunSeries;
use crate::verdict::Outcome;

/// The background of a run. Only the process that judges has it; reports that are made again later do without.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// The run over time, all requests together and endpoint by endpoint.
    pub series: RunSeries,
    /// Good runs of the same settings, oldest first.
    pub past: Vec<PastRun>,
}

/// A good run of an earlier build, as far as the page shows it.
#[derive(Debug, Clone, Default)]
pub struct PastRun {
    /// When it was started.
    pub at: Timestamp,
    /// The commit under test.
    pub commit: Option<String>,
    /// Its verdict: pass or warn.
    pub verdict: Option<Outcome>,
    /// Where it can be read.
    pub link: Option<String>,
    /// All requests together.
    pub total: Endpoint,
    /// The endpoints that are shown.
    pub endpoints: HashMap<EndpointKey, Endpoint>,
}

impl PastRun {
    /// What it measured of one endpoint, or of all requests together.
    #[must_use]
    pub fn measured(&self, endpoint: Option<&EndpointKey>) -> Option<&Endpoint> {
        endpoint.map_or(Some(&self.total), |key| self.endpoints.get(key))
    }
}
