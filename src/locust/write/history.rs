//! `PREFIX_stats_history.csv`, as with `--csv-full-history`.

use std::collections::VecDeque;

use super::fields::{CsvText, csv_text, header, percentile_columns, percentile_fields, summary_fields};
use super::{TOTAL, by_name};
use crate::locust::bucket::locust_bucket;
use crate::locust::record::{Measurements, Record, Slice};
use crate::results::{EndpointKey, Histogram};

/// How far back the percentiles of a row look, s (`CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`).
const WINDOW_S: i64 = 10;

/// The throughput of a row is the mean of the seconds from this many before the last request …
const THROUGHPUT_FROM_S: i64 = 12;

/// … until, without it, this many before.
const THROUGHPUT_UNTIL_S: i64 = 2;

/// The most rows of single endpoints. A longer history has them every 2nd, 3rd … second only; all requests together
/// are written every second.
const MOST_ENDPOINT_ROWS: usize = 100_000;

/// One row per endpoint and second, and one for all together. A row's time is the end of its second.
pub(crate) fn history_csv(record: &Record) -> String {
    bounded_history_csv(record, MOST_ENDPOINT_ROWS)
}

/// The same with a bound of one's own on the rows of single endpoints.
pub(super) fn bounded_history_csv(record: &Record, most_endpoint_rows: usize) -> String {
    let Some((first, last)) = record.span() else { return csv_text([columns()]) };
    let seconds = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
    let every = seconds.saturating_mul(record.endpoints().len()).div_ceil(most_endpoint_rows).max(1);

    let mut order: Vec<_> = record.endpoints().iter().enumerate().map(|(place, (key, _))| (key, place)).collect();
    order.sort_by(by_name);
    let total_key = EndpointKey { method: String::new(), name: TOTAL.into() };
    let mut endpoints = vec![EndpointProgress::default(); order.len()];
    let mut total = EndpointProgress::default();
    let mut clock = HistoryClock { first, last_request: None };

    // Locust writes its first row when the test begins, before any request.
    let mut text = CsvText::new();
    text.push(&columns());
    text.push(&total.row(first, 0, &total_key, &clock));
    for (index, (second, users)) in record.users().into_iter().enumerate() {
        for slice in record.second(second).into_iter().flat_map(|second| &second.slices) {
            endpoints[slice.endpoint].add(second, slice);
            total.add(second, slice);
            clock.last_request = Some(second);
        }
        let is_last = index + 1 == seconds;
        if index % every == 0 || is_last {
            let seen = order.iter().filter(|(_, place)| endpoints[*place].total.requests() > 0);
            seen.for_each(|(key, place)| text.push(&endpoints[*place].row(second + 1, users, key, &clock)));
        }
        text.push(&total.row(second + 1, users, &total_key, &clock));
    }
    text.finish()
}

fn columns() -> Vec<String> {
    let mut names = header(["Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s"]);
    names.extend(percentile_columns());
    names.extend(header([
        "Total Request Count",
        "Total Failure Count",
        "Total Median Response Time",
        "Total Average Response Time",
        "Total Min Response Time",
        "Total Max Response Time",
        "Total Average Content Size",
    ]));
    names
}

/// What the throughput columns of all endpoints hang on.
struct HistoryClock {
    first: i64,
    last_request: Option<i64>,
}

/// One endpoint up to some second: its totals, and what the sliding columns need.
#[derive(Debug, Clone, Default)]
struct EndpointProgress {
    total: Measurements,
    /// All response times in Locust's buckets.
    times: Histogram,
    /// The seconds something happened in, newest last, no further back than the columns look.
    recent: VecDeque<Recent>,
}

#[derive(Debug, Clone)]
struct Recent {
    second: i64,
    requests: u64,
    failures: u64,
    /// In Locust's buckets.
    times: Histogram,
}

impl EndpointProgress {
    fn add(&mut self, second: i64, slice: &Slice) {
        slice.add_to(&mut self.total);
        if self.recent.back().is_none_or(|recent| recent.second != second) {
            self.recent.push_back(Recent { second, requests: 0, failures: 0, times: Histogram::default() });
        }
        while self.recent.front().is_some_and(|recent| recent.second < second - THROUGHPUT_FROM_S) {
            self.recent.pop_front();
        }
        if let Some(recent) = self.recent.back_mut() {
            recent.requests += slice.passed + slice.failed;
            recent.failures += slice.failed;
            for (micros, count) in slice.times() {
                let bucket = locust_bucket(micros) * 1000;
                recent.times.add(bucket, count);
                self.times.add(bucket, count);
            }
        }
    }

    /// Mean over up to 10 whole seconds that end 3 s before the last request of any endpoint
    /// (`StatsEntry.current_rps`), of requests and of failures.
    fn throughput(&self, clock: &HistoryClock) -> (f64, f64) {
        let Some(last) = clock.last_request else { return (0.0, 0.0) };
        let from = (last - THROUGHPUT_FROM_S).max(clock.first);
        let until = last - THROUGHPUT_UNTIL_S;
        let (requests, failures) = self
            .recent
            .iter()
            .filter(|recent| (from..until).contains(&recent.second))
            .fold((0, 0), |(requests, failures), recent| (requests + recent.requests, failures + recent.failures));
        let seconds = (until - from).max(1) as f64;
        (requests as f64 / seconds, failures as f64 / seconds)
    }

    fn row(&self, time: i64, users: u32, key: &EndpointKey, clock: &HistoryClock) -> Vec<String> {
        let (requests_per_s, failures_per_s) = self.throughput(clock);
        let mut window = Histogram::default();
        for recent in self.recent.iter().filter(|recent| recent.second >= time - WINDOW_S) {
            window.merge(&recent.times);
        }
        // Locust writes N/A before an endpoint's first request and 0 for a window without any.
        let of_nothing = if self.total.requests() == 0 { "N/A" } else { "0" };
        let mut fields = vec![
            time.to_string(),
            users.to_string(),
            key.method.clone(),
            key.name.clone(),
            format!("{requests_per_s:.6}"),
            format!("{failures_per_s:.6}"),
        ];
        fields.extend(percentile_fields(&window, of_nothing));
        fields.extend([self.total.requests().to_string(), self.total.failed.to_string()]);
        fields.extend(summary_fields(&self.total, &self.times));
        fields
    }
}
