//! Locust's own formats and its process. The column layouts of Locust 1.x to 2.47 are read by their header names.

mod bucket;
mod columns;
mod csv_error;
mod failures;
mod history;
mod plain;
pub mod process;
mod record;
mod records;
mod settings;
mod stats;
mod write;

pub use bucket::{bucket_width, rounded_ms};
pub use columns::RowDepth;
pub use csv_error::CsvError;
pub use failures::read_failures;
pub use history::{HistoryReader, HistoryRow, KeptRow, RowEndpoint};
pub use record::Record;
pub use settings::{ConfiguredSettings, locust_conf_settings, pyproject_settings};
pub use stats::{Stats, read_stats};
pub(crate) use write::{failures, failures_csv, history_csv, stats_csv};
