//! The history of good runs and the limits learned from it.
//!
//! [`History`] keeps a line for each good run. [`Judge`] sees it from one run, with comparable runs alone, and answers
//! what gates ask through [`Baseline`](crate::gate::Baseline). [`combine`] decides with a second run, [`backtest()`] and
//! [`suggest()`] help to write gates, [`show()`] prints what is there. How limits are learned is in [`limit`] and
//! [`statistics`].

mod add;
mod backtest;
mod confirm;
mod history;
mod judge;
pub mod limit;
mod record;
mod show;
pub mod statistics;
mod suggest;
mod table;

pub use add::{AddRules, Added, Refusal};
pub use backtest::{Backtest, GateRecord, Miss, backtest};
pub use confirm::{Cost, combine, needs_confirmation, unconfirmed};
pub use history::{History, HistoryError, Keep, Pruned};
pub use judge::{FAIL_FROM, Judge, Rules, ThisRun};
pub use record::{GoodRun, HISTORY_SCHEMA_VERSION, Line, Measured, RunName, is_exact, started};
pub use show::show;
pub use suggest::{Suggestion, USUAL_HEADROOM_PERCENT, render_suggestions, suggest};
