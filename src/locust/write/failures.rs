//! `PREFIX_failures.csv`.

use jiff::Timestamp;

use super::fields::{csv_text, header};
use crate::locust::record::Record;

/// One row an endpoint and failure text, with the first and last time in whole seconds.
pub(crate) fn failures_csv(record: &Record) -> String {
    let columns = header(["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"]);
    let rows = record.errors().iter().map(|((key, text), count)| {
        vec![
            key.method.clone(),
            key.name.clone(),
            text.clone(),
            count.occurrences.to_string(),
            whole_second(count.first_seen),
            whole_second(count.last_seen),
        ]
    });
    csv_text([columns].into_iter().chain(rows))
}

fn whole_second(unix: f64) -> String {
    Timestamp::from_second(unix as i64).map(|time| time.to_string()).unwrap_or_default()
}
