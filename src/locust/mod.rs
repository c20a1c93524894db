//! Locust's own formats. The column layouts of Locust 1.x to 2.47 are read by their header names.

mod columns;
mod failures;
mod history;
mod load;
mod stats;

pub use columns::CsvError;
pub use failures::read_failures;
pub use history::{HistoryReader, HistoryRow};
pub use load::{CsvFile, load, nothing_sent, read_timeline};
pub use stats::{Stats, read_stats};
