//! The fields the three files share, printed as Python prints them.

use csv::{Terminator, WriterBuilder};

use crate::locust::record::Measurements;
use crate::results::{Histogram, Percentile};

/// The percentile columns' names.
pub(super) fn percentile_columns() -> impl Iterator<Item = String> {
    Percentile::LOCUST.iter().map(|percentile| format!("{}%", percentile.percent()))
}

/// Percentiles as whole ms; without requests all of them are `of_nothing`.
pub(super) fn percentile_fields(locust_times: &Histogram, of_nothing: &str) -> Vec<String> {
    Percentile::LOCUST
        .iter()
        .map(|percentile| match locust_times.percentile(*percentile) {
            Some(ms) => format!("{ms:.0}"),
            None => of_nothing.to_owned(),
        })
        .collect()
}

/// Median, mean, least and most response time and mean size. Without requests Locust prints whole zeros.
/// `locust_times` are its response times in Locust's buckets.
pub(super) fn summary_fields(measured: &Measurements, locust_times: &Histogram) -> [String; 5] {
    let least = measured.min_ms.unwrap_or(0.0);
    // The median is rounded and the ends are not, so Locust keeps it between them.
    let median = match locust_times.percentile(Percentile::P50) {
        Some(median) if median > measured.max_ms => float(measured.max_ms),
        Some(median) if median < least => float(least),
        Some(median) => format!("{median:.0}"),
        None => "0".to_owned(),
    };
    let number_or_zero = |value: f64| if value == 0.0 { "0".to_owned() } else { float(value) };
    [
        median,
        float(measured.mean_ms().unwrap_or(0.0)),
        number_or_zero(least),
        number_or_zero(measured.max_ms),
        measured.mean_bytes().map_or("0".to_owned(), float),
    ]
}

/// A number as Python's `repr` prints a float: always with a decimal point, no digit more than needed.
pub(super) fn float(value: f64) -> String {
    format!("{value:?}")
}

/// Writes records as Python's `csv` does by default: CRLF, quotes only where needed.
pub(super) fn csv_text(records: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = CsvText::new();
    records.into_iter().for_each(|record| text.push(&record));
    text.finish()
}

/// The same, record by record: only the text is in memory.
pub(super) struct CsvText(csv::Writer<Vec<u8>>);

impl CsvText {
    pub(super) fn new() -> Self {
        Self(WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new()))
    }

    pub(super) fn push(&mut self, record: &[String]) {
        // Writing to memory does not fail.
        let _ = self.0.write_record(record);
    }

    pub(super) fn finish(self) -> String {
        let bytes = self.0.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// Owned strings of literals.
pub(super) fn header<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}
