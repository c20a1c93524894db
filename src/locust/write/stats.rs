//! `PREFIX_stats.csv`.

use super::fields::{csv_text, float, header, percentile_columns, percentile_fields, summary_fields};
use super::{TOTAL, by_name};
use crate::locust::bucket::locust_histogram;
use crate::locust::record::{Measurements, Record};
use crate::results::EndpointKey;

/// One row an endpoint, by name, and a last one for all together (`locust/stats.py`, `StatsCSV`).
pub(crate) fn stats_csv(record: &Record) -> String {
    let seconds = record.seconds_measured();
    let mut endpoints: Vec<_> = record.endpoints().iter().map(|(key, measured)| (key, measured)).collect();
    endpoints.sort_by(by_name);
    let total_key = EndpointKey { method: String::new(), name: TOTAL.into() };
    let rows =
        endpoints.into_iter().chain([(&total_key, record.total())]).map(|(key, measured)| row(key, measured, seconds));
    csv_text([columns()].into_iter().chain(rows))
}

fn columns() -> Vec<String> {
    let mut names = header([
        "Type",
        "Name",
        "Request Count",
        "Failure Count",
        "Median Response Time",
        "Average Response Time",
        "Min Response Time",
        "Max Response Time",
        "Average Content Size",
        "Requests/s",
        "Failures/s",
    ]);
    names.extend(percentile_columns());
    names
}

fn row(key: &EndpointKey, measured: &Measurements, seconds: f64) -> Vec<String> {
    let per_second = |count: u64| float(if seconds > 0.0 { count as f64 / seconds } else { 0.0 });
    let mut fields =
        vec![key.method.clone(), key.name.clone(), measured.requests().to_string(), measured.failed.to_string()];
    let times = locust_histogram(&measured.times());
    fields.extend(summary_fields(measured, &times));
    fields.extend([per_second(measured.requests()), per_second(measured.failed)]);
    fields.extend(percentile_fields(&times, "N/A"));
    fields
}
