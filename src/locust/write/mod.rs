//! Complete CSV files in the format of Locust 2.47, written from the record.
//!
//! Locust's own files are up to a second old when it ends and lose the requests of that second; these hold all of them.

mod failures;
mod fields;
mod history;
mod stats;

#[cfg(test)]
mod tests;

pub(crate) use failures::{failures, failures_csv};
pub(crate) use history::history_csv;
pub(crate) use stats::stats_csv;

use crate::results::EndpointKey;

/// What Locust calls all requests together.
const TOTAL: &str = "Aggregated";

/// Locust sorts by name, then method.
fn by_name<T>(a: &(&EndpointKey, T), b: &(&EndpointKey, T)) -> std::cmp::Ordering {
    (&a.0.name, &a.0.method).cmp(&(&b.0.name, &b.0.method))
}
