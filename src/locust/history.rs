//! `PREFIX_stats_history.csv`: a row a second (and endpoint, with `--csv-full-history`), read as a stream.

use std::borrow::Cow;
use std::io;

use super::columns::{CsvRecord, CsvTable, RowDepth};
use super::csv_error::CsvError;
use super::records::SplitFields;
use super::stats::names_total;
use crate::results::Percentile;

/// A history file, read row by row: memory does not grow with its length.
pub struct HistoryReader<R> {
    table: CsvTable<R>,
    columns: HistoryColumns,
}

struct HistoryColumns {
    timestamp: usize,
    users: usize,
    method: Option<usize>,
    name: usize,
    total_requests: usize,
    total_failures: usize,
    total_average: Option<usize>,
    p50: Option<usize>,
    p95: Option<usize>,
    percentiles: Vec<(Percentile, usize)>,
}

impl<R: io::Read> HistoryReader<R> {
    /// Opens a history file. `file` names it in errors.
    ///
    /// # Errors
    /// When it is not Locust's history CSV.
    pub fn open(file: &str, source: R) -> Result<Self, CsvError> {
        let table = CsvTable::open(file, "history", source)?;
        let percentiles = table.header.percentiles();
        let of = |wanted: Percentile| {
            percentiles.iter().find(|(percentile, _)| *percentile == wanted).map(|(_, index)| *index)
        };
        let columns = HistoryColumns {
            timestamp: table.header.need("Timestamp")?,
            users: table.header.need("User Count")?,
            method: table.header.find("Type"),
            name: table.header.need("Name")?,
            total_requests: table.header.need("Total Request Count")?,
            total_failures: table.header.need("Total Failure Count")?,
            total_average: table.header.find("Total Average Response Time"),
            p50: of(Percentile::P50),
            p95: of(Percentile::P95),
            percentiles,
        };
        Ok(Self { table, columns })
    }

    /// The percentiles this file has.
    pub fn percentiles(&self) -> Vec<Percentile> {
        self.columns.percentiles.iter().map(|(percentile, _)| *percentile).collect()
    }

    /// The next row, or `None` at the end. A torn last line is left out.
    ///
    /// # Errors
    /// When a line cannot be read.
    pub fn next_row(&mut self) -> Result<Option<HistoryRow<'_>>, CsvError> {
        self.next_row_where(|_| RowDepth::All)
    }

    /// The next row of a requested endpoint, split as far as is wanted; other rows are skipped at their third field.
    ///
    /// # Errors
    /// When a line cannot be read.
    pub fn next_row_where(
        &mut self,
        mut wanted: impl FnMut(RowEndpoint<'_>) -> RowDepth,
    ) -> Result<Option<HistoryRow<'_>>, CsvError> {
        let columns = &self.columns;
        let head =
            [columns.method.unwrap_or(0), columns.timestamp, columns.users].into_iter().fold(columns.name, usize::max)
                + 1;
        let wanted = |fields: SplitFields<'_>| {
            wanted(RowEndpoint {
                method: columns.method.map_or(&[], |index| fields.get(index)),
                name: fields.get(columns.name),
            })
        };
        Ok(self.table.next_where(head, wanted)?.map(|fields| HistoryRow { fields, columns }))
    }

    /// A row that was kept earlier.
    pub fn again(&mut self, row: &KeptRow) -> HistoryRow<'_> {
        HistoryRow { fields: self.table.again(&row.raw, row.line), columns: &self.columns }
    }
}

/// What a row is about: the bytes of its method and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowEndpoint<'a> {
    /// HTTP method or Locust request type; empty for all requests together.
    pub method: &'a [u8],
    /// The request's name in the script.
    pub name: &'a [u8],
}

impl RowEndpoint<'_> {
    /// Whether the row is about all requests together.
    #[must_use]
    pub fn is_total(&self) -> bool {
        names_total(self.method, self.name)
    }
}

/// A row that is kept to be read later; cheap to fill again and again.
#[derive(Debug, Clone, Default)]
pub struct KeptRow {
    raw: Vec<u8>,
    line: u64,
}

/// One row of the history; fields are read when asked for.
#[derive(Clone, Copy)]
pub struct HistoryRow<'a> {
    fields: CsvRecord<'a>,
    columns: &'a HistoryColumns,
}

impl<'a> HistoryRow<'a> {
    /// Whether the row is about all requests together.
    #[must_use]
    pub fn is_total(&self) -> bool {
        self.fields.bytes(self.columns.name) == b"Aggregated"
            && self.columns.method.is_none_or(|index| self.fields.bytes(index).is_empty())
    }

    /// Keeps the row in the place of one that was kept before.
    pub fn keep_in(&self, kept: &mut KeptRow) {
        kept.raw.clear();
        kept.raw.extend_from_slice(self.fields.raw);
        kept.line = self.fields.line;
    }

    /// HTTP method or Locust request type; empty for all requests together.
    #[must_use]
    pub fn method(&self) -> Cow<'a, str> {
        self.columns.method.map_or(Cow::Borrowed(""), |index| String::from_utf8_lossy(self.fields.bytes(index)))
    }

    /// The request's name in the script.
    #[must_use]
    pub fn name(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.fields.bytes(self.columns.name))
    }

    /// Unix seconds.
    ///
    /// # Errors
    /// When the field is not a number.
    pub fn timestamp(&self) -> Result<i64, CsvError> {
        Ok(self.fields.number(self.columns.timestamp)?.unwrap_or(0.0) as i64)
    }

    /// Users running.
    ///
    /// # Errors
    /// When the field is not a number.
    pub fn users(&self) -> Result<u32, CsvError> {
        Ok(self.fields.number(self.columns.users)?.unwrap_or(0.0) as u32)
    }

    /// Requests of this endpoint since the start.
    ///
    /// # Errors
    /// When the field is not a number.
    pub fn total_requests(&self) -> Result<u64, CsvError> {
        self.fields.count(self.columns.total_requests)
    }

    /// Failed requests of this endpoint since the start.
    ///
    /// # Errors
    /// When the field is not a number.
    pub fn total_failures(&self) -> Result<u64, CsvError> {
        self.fields.count(self.columns.total_failures)
    }

    /// Mean response time of this endpoint since the start, ms.
    ///
    /// # Errors
    /// When the field is not a number.
    pub fn total_average_ms(&self) -> Result<Option<f64>, CsvError> {
        self.fields.number_at(self.columns.total_average)
    }

    /// The percentiles this file has.
    pub fn percentiles(&self) -> impl Iterator<Item = Percentile> + '_ {
        self.columns.percentiles.iter().map(|(percentile, _)| *percentile)
    }

    /// A percentile of about the last 10 s, ms; `None` where nothing was measured in them. Locust writes 0 there,
    /// and without `--csv-full-history` the value is since the start.
    ///
    /// # Errors
    /// When the field is not a number.
    pub fn percentile(&self, percentile: Percentile) -> Result<Option<f64>, CsvError> {
        let index = match percentile {
            Percentile::P50 => self.columns.p50,
            Percentile::P95 => self.columns.p95,
            other => self.columns.percentiles.iter().find(|(known, _)| *known == other).map(|(_, index)| *index),
        };
        Ok(self.fields.number_at(index)?.filter(|value| *value > 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_one_by_one() {
        let text = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,Total Failure Count\n\
                    100,0,,Aggregated,0.0,0.0,N/A,N/A,0,0\n\
                    101,5,GET,/a,2.5,0.0,7,11,5,1\n\
                    101,5,,Aggregated,2.5,0.0,7,0,5,1\n\
                    102,5,,Aggreg";
        let mut reader = HistoryReader::open("h.csv", text.as_bytes()).unwrap();
        let mut seen = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            let (t_s, requests) = (row.timestamp().unwrap(), row.total_requests().unwrap());
            seen.push((
                row.is_total(),
                row.name().into_owned(),
                t_s,
                requests,
                row.percentile(Percentile::P95).unwrap(),
            ));
        }
        assert_eq!(
            seen,
            [
                (true, "Aggregated".into(), 100, 0, None),
                (false, "/a".into(), 101, 5, Some(11.0)),
                (true, "Aggregated".into(), 101, 5, None)
            ]
        );
    }
}
