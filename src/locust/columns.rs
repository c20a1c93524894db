//! Reading a CSV file by the names of its columns.

use std::cell::Cell;
use std::io;

use super::csv_error::CsvError;
use super::plain::PlainCsv;
use super::records::{RecordReader, SplitFields};
use crate::results::Percentile;

/// The header of a file, and the file's name for errors.
pub(super) struct Header {
    pub(super) file: String,
    kind: &'static str,
    names: Vec<String>,
    /// Cells read as a number that are negative, NaN or infinite: they are left out.
    odd: Cell<u64>,
}

impl Header {
    /// Reads a header from the fields of the first record.
    pub(super) fn of<'a>(
        file: &str,
        kind: &'static str,
        fields: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, CsvError> {
        let names: Vec<String> = fields
            .into_iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        if names.iter().all(String::is_empty) {
            return Err(CsvError::Empty { file: file.into() });
        }
        Ok(Self { file: file.into(), kind, names, odd: Cell::new(0) })
    }

    /// The number of columns.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The index of a column, by its name; Locust before 1.0 wrote some in lower case.
    pub(super) fn find(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| name.eq_ignore_ascii_case(column))
    }

    /// Cells that were left out so far: negative, NaN or infinite.
    pub(super) const fn odd_cells(&self) -> u64 {
        self.odd.get()
    }

    /// The index of a column that must be there.
    pub(super) fn need(&self, column: &'static str) -> Result<usize, CsvError> {
        self.find(column).ok_or_else(|| CsvError::Column { file: self.file.clone(), kind: self.kind, column })
    }

    /// The percentile columns (`95%`), with their indices.
    pub(super) fn percentiles(&self) -> Vec<(Percentile, usize)> {
        self.names
            .iter()
            .enumerate()
            .filter_map(|(index, name)| {
                let percent: f64 = name.strip_suffix('%')?.parse().ok()?;
                Some((Percentile::from_percent(percent)?, index))
            })
            .collect()
    }

    /// The fault of a line with too few fields.
    pub(super) fn short(&self, (line, found): (u64, usize)) -> CsvError {
        CsvError::Short { file: self.file.clone(), line, found, expected: self.len() }
    }
}

/// How much of a record is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowDepth {
    /// Nothing: it is skipped.
    Skip,
    /// Its fields up to the endpoint's name.
    Head,
    /// All of its fields.
    All,
}

/// A CSV file that is read record by record.
pub(super) struct CsvTable<R> {
    pub(super) header: Header,
    records: RecordReader<PlainCsv<R>>,
    short: Option<(u64, usize)>,
}

impl<R: io::Read> CsvTable<R> {
    pub(super) fn open(file: &str, kind: &'static str, source: R) -> Result<Self, CsvError> {
        let mut records = RecordReader::new(PlainCsv::of(file, source)?);
        let some = records.advance().map_err(|error| CsvError::Read { file: file.into(), source: error.into() })?;
        let count = if some { records.split_all() } else { 0 };
        let header = Header::of(file, kind, (0..count).map(|index| records.fields().get(index)))?;
        Ok(Self { header, records, short: None })
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<CsvRecord<'_>>, CsvError> {
        self.next_where(0, |_| RowDepth::All)
    }

    /// The next record that `depth` wants, by its first `head` fields; it is split no further than that. A torn last line
    /// (the writer was killed) is left out; a short line before that is an error.
    pub(super) fn next_where(
        &mut self,
        head: usize,
        mut depth: impl FnMut(SplitFields<'_>) -> RowDepth,
    ) -> Result<Option<CsvRecord<'_>>, CsvError> {
        let fault = |source: io::Error| CsvError::Read { file: self.header.file.clone(), source: source.into() };
        loop {
            if !self.records.advance().map_err(fault)? {
                return Ok(None);
            }
            if let Some(short) = self.short.take() {
                return Err(self.header.short(short));
            }
            let depth = if self.records.split(head) { depth(self.records.fields()) } else { RowDepth::Skip };
            let found = if depth == RowDepth::All { self.records.split_all() } else { self.records.count() };
            if found < self.header.len() {
                self.short = Some((self.records.line(), found));
            } else if depth != RowDepth::Skip {
                break;
            }
        }
        Ok(Some(self.record()))
    }

    /// A record that was kept with [`CsvRecord::raw`] and [`CsvRecord::line`].
    pub(super) fn again(&mut self, raw: &[u8], line: u64) -> CsvRecord<'_> {
        self.records.put_back(raw, line);
        self.records.split_all();
        self.record()
    }

    fn record(&self) -> CsvRecord<'_> {
        CsvRecord {
            header: &self.header,
            raw: self.records.raw(),
            line: self.records.line(),
            fields: self.records.fields(),
        }
    }
}

/// The fields of one record.
#[derive(Clone, Copy)]
pub(super) struct CsvRecord<'a> {
    header: &'a Header,
    pub(super) raw: &'a [u8],
    pub(super) line: u64,
    fields: SplitFields<'a>,
}

impl<'a> CsvRecord<'a> {
    pub(super) fn bytes(&self, index: usize) -> &'a [u8] {
        let field = self.fields.get(index);
        field.strip_suffix(b"\r").unwrap_or(field)
    }

    pub(super) fn text(&self, index: usize) -> String {
        String::from_utf8_lossy(self.bytes(index)).into_owned()
    }

    /// A number, or `None` where the field is empty or `N/A`. One that is negative, NaN or infinite is no measurement: it is
    /// left out and counted.
    pub(super) fn number(&self, index: usize) -> Result<Option<f64>, CsvError> {
        match self.any_number(index)? {
            Some(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
            Some(_) => {
                self.header.odd.set(self.header.odd.get().saturating_add(1));
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn any_number(&self, index: usize) -> Result<Option<f64>, CsvError> {
        if let Some(whole) = whole(self.bytes(index)) {
            return Ok(Some(whole));
        }
        let text = std::str::from_utf8(self.bytes(index)).unwrap_or("\u{fffd}").trim();
        if text.is_empty() || text == "N/A" {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| self.no_number(index))
    }

    fn no_number(&self, index: usize) -> CsvError {
        CsvError::Number {
            file: self.header.file.clone(),
            line: self.line,
            column: self.header.names.get(index).cloned().unwrap_or_default(),
            text: self.text(index).trim().chars().take(40).collect(),
        }
    }

    /// A number in a column that may not exist.
    pub(super) fn number_at(&self, index: Option<usize>) -> Result<Option<f64>, CsvError> {
        index.map_or(Ok(None), |index| self.number(index))
    }

    /// A count; empty and `N/A` are 0. A negative one is none.
    pub(super) fn count(&self, index: usize) -> Result<u64, CsvError> {
        match self.any_number(index)?.unwrap_or(0.0) {
            count if count.is_finite() && count >= 0.0 => Ok(count as u64),
            _ => Err(self.no_number(index)),
        }
    }
}

/// A plain whole number, as most numbers of a history are; up to 15 digits are exact. Anything else is read the long way.
fn whole(digits: &[u8]) -> Option<f64> {
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let mut number = 0_u64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number as f64)
}
