//! Reading a CSV file by the names of its columns.

use std::io;

use csv::{ByteRecord, StringRecord};

use crate::error::Explain;
use crate::exit::Exit;
use crate::results::Percentile;

/// A file that is not Locust's CSV, with the place.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// Reading failed, or the file is not CSV.
    #[error("failed to read {file}")]
    Read {
        /// Which file.
        file: String,
        /// The cause.
        source: csv::Error,
    },
    /// There is not even a header.
    #[error("{file} is empty: not even a header line")]
    Empty {
        /// Which file.
        file: String,
    },
    /// A column that must be there is not.
    #[error("{file} is not Locust's {kind} CSV: its header has no column `{column}`")]
    Column {
        /// Which file.
        file: String,
        /// stats, history or failures.
        kind: &'static str,
        /// The missing column.
        column: &'static str,
    },
    /// A field that must be a number is not.
    #[error("{file}, line {line}: column `{column}` should be a number but is `{text}`")]
    Number {
        /// Which file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A line has fewer fields than the header, and it is not the last one.
    #[error("{file}, line {line}: {found} fields where the header has {expected}")]
    Short {
        /// Which file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Fields found.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
}

impl Explain for CsvError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::Empty { .. } | Self::Column { .. }).then(|| {
            "--from takes the file PREFIX_stats.csv of `locust --csv PREFIX`, --history-csv PREFIX_stats_history.csv, \
             --failures-csv PREFIX_failures.csv"
                .to_owned()
        })
    }
}

/// A CSV reader that knows its file's name and its header.
pub(super) struct CsvTable<R> {
    pub(super) file: String,
    kind: &'static str,
    header: StringRecord,
    reader: csv::Reader<R>,
    record: ByteRecord,
    short: Option<(u64, usize)>,
}

impl<R: io::Read> CsvTable<R> {
    pub(super) fn open(file: &str, kind: &'static str, source: R) -> Result<Self, CsvError> {
        // Lines end with `\r\n`; ending a record at `\n` alone keeps the reader's line numbers right, and the `\r` is
        // trimmed from the last field.
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .buffer_capacity(1 << 16)
            .from_reader(source);
        let bytes = reader.byte_headers().map_err(|source| CsvError::Read { file: file.into(), source })?.clone();
        if bytes.iter().all(|name| name.trim_ascii().is_empty()) {
            return Err(CsvError::Empty { file: file.into() });
        }
        let header = bytes
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        Ok(Self { file: file.into(), kind, header, reader, record: ByteRecord::new(), short: None })
    }

    /// The index of a column, by its name.
    pub(super) fn find(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name == column)
    }

    /// The index of a column that must be there.
    pub(super) fn need(&self, column: &'static str) -> Result<usize, CsvError> {
        self.find(column).ok_or_else(|| CsvError::Column { file: self.file.clone(), kind: self.kind, column })
    }

    /// The percentile columns (`95%`), with their indices.
    pub(super) fn percentiles(&self) -> Vec<(Percentile, usize)> {
        self.header
            .iter()
            .enumerate()
            .filter_map(|(index, name)| {
                let percent: f64 = name.strip_suffix('%')?.parse().ok()?;
                Some((Percentile::from_percent(percent)?, index))
            })
            .collect()
    }

    /// The next record. A torn last line (the writer was killed) is left out; a short line before that is an error.
    pub(super) fn next(&mut self) -> Result<Option<CsvRecord<'_>>, CsvError> {
        loop {
            let more = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|source| CsvError::Read { file: self.file.clone(), source })?;
            if !more {
                return Ok(None);
            }
            if self.record.len() == 1 && self.record[0].trim_ascii().is_empty() {
                continue;
            }
            if let Some((line, found)) = self.short.take() {
                return Err(CsvError::Short { file: self.file.clone(), line, found, expected: self.header.len() });
            }
            if self.record.len() < self.header.len() {
                self.short = Some((self.line(), self.record.len()));
                continue;
            }
            return Ok(Some(CsvRecord { file: &self.file, header: &self.header, record: &self.record }));
        }
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }
}

/// The fields of one record.
#[derive(Clone, Copy)]
pub(super) struct CsvRecord<'a> {
    file: &'a str,
    header: &'a StringRecord,
    record: &'a ByteRecord,
}

impl<'a> CsvRecord<'a> {
    pub(super) fn bytes(&self, index: usize) -> &'a [u8] {
        let field = self.record.get(index).unwrap_or_default();
        field.strip_suffix(b"\r").unwrap_or(field)
    }

    pub(super) fn text(&self, index: usize) -> String {
        String::from_utf8_lossy(self.bytes(index)).into_owned()
    }

    /// A number, or `None` where the field is empty or `N/A`.
    pub(super) fn number(&self, index: usize) -> Result<Option<f64>, CsvError> {
        if let Some(whole) = whole(self.bytes(index)) {
            return Ok(Some(whole));
        }
        let text = std::str::from_utf8(self.bytes(index)).unwrap_or("\u{fffd}").trim();
        if text.is_empty() || text == "N/A" {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
            _ => Err(CsvError::Number {
                file: self.file.into(),
                line: self.record.position().map_or(0, csv::Position::line),
                column: self.header.get(index).unwrap_or_default().into(),
                text: text.chars().take(40).collect(),
            }),
        }
    }

    /// A number in a column that may not exist.
    pub(super) fn number_at(&self, index: Option<usize>) -> Result<Option<f64>, CsvError> {
        index.map_or(Ok(None), |index| self.number(index))
    }

    /// A count; empty and `N/A` are 0.
    pub(super) fn count(&self, index: usize) -> Result<u64, CsvError> {
        Ok(self.number(index)?.unwrap_or(0.0) as u64)
    }
}

/// A plain whole number, as most numbers of a history are; up to 15 digits are exact. Anything else is read the long way.
fn whole(digits: &[u8]) -> Option<f64> {
    let plain = !digits.is_empty() && digits.len() <= 15 && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| digits.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0')) as f64)
}
