//! Variants of a recorded run of the checkout, for tests in which something has to change.

use std::path::Path;

use crate::tool::fixture;

/// The recording of a healthy checkout.
pub(crate) const CHECKOUT: &str = "locust/healthy/s3_checkout";

/// Writes the recording with the lines of its stats changed, or left out.
pub(crate) fn write(to: &Path, change: impl Fn(&str) -> Option<String>) {
    let from = fixture(CHECKOUT);
    for name in ["run_stats_history.csv", "run_failures.csv"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    let stats = std::fs::read_to_string(from.join("run_stats.csv")).unwrap();
    let changed: Vec<String> = stats.lines().filter_map(change).collect();
    std::fs::write(to.join("run_stats.csv"), changed.join("\r\n")).unwrap();
}

/// The endpoint's line with each whole number from the median on multiplied; an empty name means every endpoint.
pub(crate) fn times(line: &str, endpoint: &str, factor: f64) -> Option<String> {
    if line.starts_with("Type,") || !(endpoint.is_empty() || line.starts_with(&format!("{endpoint},"))) {
        return Some(line.to_owned());
    }
    let cells = line.split(',').enumerate().map(|(column, cell)| match cell.parse::<u64>() {
        Ok(ms) if column > 3 => (ms as f64 * factor).round().to_string(),
        _ => cell.to_owned(),
    });
    Some(cells.collect::<Vec<_>>().join(","))
}

/// The endpoint's line with a 0 behind each whole number from the median on: ten times as slow.
pub(crate) fn slower(line: &str, endpoint: &str) -> Option<String> {
    if !line.starts_with(&format!("{endpoint},")) {
        return Some(line.to_owned());
    }
    let cells = line.split(',').enumerate().map(|(column, cell)| match cell.parse::<u64>() {
        Ok(ms) if column > 3 => format!("{ms}0"),
        _ => cell.to_owned(),
    });
    Some(cells.collect::<Vec<_>>().join(","))
}
