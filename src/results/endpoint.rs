//! What was measured of one endpoint, or of all together.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Histogram, Percentile};

/// An endpoint's identity: HTTP method (or Locust request type) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EndpointKey {
    /// HTTP method or Locust request type; empty for all requests together.
    pub method: String,
    /// The request's name in the script.
    pub name: String,
}

impl fmt::Display for EndpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.method.is_empty() { f.write_str(&self.name) } else { write!(f, "{} {}", self.method, self.name) }
    }
}

/// What was measured of one endpoint. Failed requests are counted among the requests and in the response times,
/// as Locust does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// HTTP method or Locust request type; empty for all requests together.
    pub method: String,
    /// The request's name in the script; `Aggregated` for all requests together.
    pub name: String,
    /// Requests, failed ones included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
    /// Whether the source did not say how many requests failed; `failures` is 0 then, and nothing is judged by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failures_unknown: bool,
    /// Median response time, ms.
    pub median_ms: Option<f64>,
    /// Mean response time, ms.
    pub avg_ms: Option<f64>,
    /// Shortest response time, ms.
    pub min_ms: Option<f64>,
    /// Longest response time, ms.
    pub max_ms: Option<f64>,
    /// Mean size of a response body, bytes.
    pub avg_content_bytes: Option<f64>,
    /// Throughput, requests/s.
    pub requests_per_s: Option<f64>,
    /// Failed requests/s.
    pub failures_per_s: Option<f64>,
    /// Response-time percentiles as delivered, ms.
    pub percentiles: BTreeMap<Percentile, f64>,
    /// Exact response times of all requests, where the engine delivered them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
}

impl Endpoint {
    /// The endpoint's identity.
    #[must_use]
    pub fn key(&self) -> EndpointKey {
        EndpointKey { method: self.method.clone(), name: self.name.clone() }
    }

    /// `METHOD name`, or the name alone where there is no method.
    #[must_use]
    pub fn label(&self) -> String {
        self.key().to_string()
    }

    /// Failed requests in percent of all; `None` without requests.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.failures as f64 * 100.0 / self.requests as f64)
    }

    /// Whether there were requests and every one of them failed.
    #[must_use]
    pub const fn always_failed(&self) -> bool {
        self.requests > 0 && self.failures >= self.requests
    }

    /// Whether at least half of the requests failed. Response times count failed requests too, so from here on they say
    /// how long a failure takes.
    #[must_use]
    pub const fn mostly_failed(&self) -> bool {
        self.requests > 0 && self.failures >= self.requests.div_ceil(2)
    }

    /// A percentile in ms: from the exact histogram where there is one, else as delivered.
    #[must_use]
    pub fn percentile(&self, percentile: Percentile) -> Option<f64> {
        match &self.histogram {
            Some(histogram) if !histogram.is_empty() => histogram.percentile(percentile),
            _ => self.percentiles.get(&percentile).copied(),
        }
    }
}
