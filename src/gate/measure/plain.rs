//! What a measure without an argument is.

use crate::results::{Endpoint, Percentile};
use crate::series::WindowValue;
use crate::verdict::Unit;

/// The description of a measure without an argument.
#[derive(Debug)]
pub struct PlainMeasure {
    /// How it is written in a gate.
    pub name: &'static str,
    /// Other tools' words for it, in lower case, for "did you mean".
    pub synonyms: &'static [&'static str],
    /// The unit of its value and its limits.
    pub unit: Unit,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// The value in a record of a run, or of a good run in the history.
    pub observe: fn(&dyn Measured) -> Option<f64>,
    /// The value where no request was measured; `None` where it is unknown then.
    pub without_requests: Option<f64>,
    /// The value in a window of the run; `None` where the history has none.
    pub window: Option<WindowValue>,
    /// Whether a drift of it can be taken.
    pub drifts: bool,
    /// How it varies from run to run, and how many requests it needs.
    pub scatter: Scatter,
}

/// How a measure varies from run to run with the number of requests, and so how many requests a judgment needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scatter {
    /// As a percentile of the response times does; it needs the requests of that percentile, and Locust rounds it.
    Percentile(Percentile),
    /// As a mean of the response times does.
    Mean,
    /// As a number of requests that arrive independently does.
    Arrivals,
    /// As a share of failed requests does.
    Failures,
    /// Not known.
    Unknown,
}

/// What was measured of an endpoint, in this run or in a good run of the history.
pub trait Measured {
    /// Requests, failed ones included.
    fn requests(&self) -> u64;
    /// Failed requests.
    fn failures(&self) -> u64;
    /// Throughput, requests/s.
    fn requests_per_s(&self) -> Option<f64>;
    /// Mean response time, ms.
    fn avg_ms(&self) -> Option<f64>;
    /// Median response time, ms.
    fn median_ms(&self) -> Option<f64>;
    /// Shortest response time, ms.
    fn min_ms(&self) -> Option<f64>;
    /// Longest response time, ms.
    fn max_ms(&self) -> Option<f64>;
    /// A percentile of the response times, ms.
    fn percentile(&self, percentile: Percentile) -> Option<f64>;
}

impl Measured for Endpoint {
    fn requests(&self) -> u64 {
        self.requests
    }

    fn failures(&self) -> u64 {
        self.failures
    }

    fn requests_per_s(&self) -> Option<f64> {
        self.requests_per_s
    }

    fn avg_ms(&self) -> Option<f64> {
        self.avg_ms
    }

    fn median_ms(&self) -> Option<f64> {
        match &self.histogram {
            Some(histogram) if !histogram.is_empty() => histogram.percentile(Percentile::P50),
            _ => self.median_ms.or_else(|| self.percentile(Percentile::P50)),
        }
    }

    fn min_ms(&self) -> Option<f64> {
        self.min_ms
    }

    fn max_ms(&self) -> Option<f64> {
        self.max_ms
    }

    fn percentile(&self, percentile: Percentile) -> Option<f64> {
        Self::percentile(self, percentile)
    }
}
