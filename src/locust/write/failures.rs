//! `PREFIX_failures.csv`, and the same failures with their kinds.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fields::{csv_text, header};
use crate::locust::record::{ErrorCount, Record};
use crate::results::{EndpointKey, Failure, FailureKind};

/// One row per endpoint and failure text, with the first and last time in whole seconds.
pub(crate) fn failures_csv(record: &Record) -> String {
    let columns = header(["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"]);
    // One text may belong to several kinds of failure; Locust knows texts only.
    let mut merged: BTreeMap<(&EndpointKey, &str), ErrorCount> = BTreeMap::new();
    for ((key, text, _), count) in record.errors() {
        merged.entry((key, text)).and_modify(|seen| seen.add(count)).or_insert(*count);
    }
    let rows = merged.into_iter().map(|((key, text), count)| {
        vec![
            key.method.clone(),
            key.name.clone(),
            text.to_owned(),
            count.occurrences.to_string(),
            whole_second(count.first_seen),
            whole_second(count.last_seen),
        ]
    });
    csv_text([columns].into_iter().chain(rows))
}

/// The failures by endpoint, text and kind, as results hold them.
pub(crate) fn failures(record: &Record) -> Vec<Failure> {
    let failure = |((key, text, kind), count): (&(EndpointKey, String, FailureKind), &ErrorCount)| {
        Failure::new(&key.method, &key.name, text, count.occurrences)
            .seen(Some(whole_second(count.first_seen)), Some(whole_second(count.last_seen)))
            .of_kind(*kind)
    };
    record.errors().iter().map(failure).collect()
}

fn whole_second(unix: f64) -> String {
    Timestamp::from_second(unix as i64).map(|time| time.to_string()).unwrap_or_default()
}
