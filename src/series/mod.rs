//! A run's time series: the one reading of its stats history CSV, and the arithmetic of series.
//!
//! A [`SeriesPlan`] collects what is needed of the history: by the gates, by the findings, and the
//! timeline. One pass over the file answers it all; memory grows with the endpoints asked for, never with the run's
//! length. [`RunSeries`] cuts a run into stretches of time, [`Thinned`] keeps a series bounded, [`theil_sen`] and
//! [`median`] describe it.

mod answers;
mod follow;
mod load;
mod lookup;
mod mixture;
mod plan;
mod read;
mod request;
mod run_series;
mod source;
mod stage;
mod thinned;
mod tick;
mod timeline;
mod totals;
mod track;
mod trend;

pub use answers::SeriesAnswers;
pub use load::{CsvFile, load, read_timeline};
pub use plan::SeriesPlan;
pub use read::SeriesReading;
pub use request::{SeriesHandle, SeriesRequest, WindowLimit, WindowValue};
pub use run_series::{Levels, RunSeries, levels};
pub use source::StatsHistory;
pub use thinned::Thinned;
pub use totals::{Interval, Totals};
pub use trend::{Trend, Z_95, Z_99, Z_99_9, change_percent, median, median_in, theil_sen};

#[cfg(test)]
pub(crate) use run_series::tests::series_of;
