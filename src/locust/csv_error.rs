//! What can be wrong with a CSV file.

use crate::error::Explain;
use crate::exit::Exit;

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
    /// The file is of another format.
    #[error("{file} is {what}, and no CSV")]
    Foreign {
        /// Which file.
        file: String,
        /// What it is.
        what: &'static str,
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
        /// The text that was found.
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
        matches!(self, Self::Empty { .. } | Self::Column { .. } | Self::Foreign { .. }).then(|| {
            "--from takes the file PREFIX_stats.csv of `locust --csv PREFIX`, --history-csv PREFIX_stats_history.csv, \
             --failures-csv PREFIX_failures.csv"
                .to_owned()
        })
    }
}
