//! The history of good runs and the limits learned from it.

mod add;
mod history;
pub mod limit;
mod record;
pub mod statistics;

pub use add::{AddRules, Added, Refusal};
pub use history::{History, HistoryError, Keep, Pruned};
pub use record::{GoodRun, HISTORY_SCHEMA_VERSION, Line, Measured, RunName, is_exact, started};
