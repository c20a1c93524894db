//! The history of good runs and the limits learned from it.
//!
//! [`HistoryIndex`] keeps a line for each good run, [`RunHistory`] is the same with all that the runs measured.
//! [`LearnedBaseline`] sees it from one run, with comparable runs alone, and answers what gates ask through
//! [`LimitSource`](crate::gate::LimitSource). [`combine`] decides with further runs, [`backtest()`] and
//! [`suggest()`] help to write gates, [`show()`] prints the recorded runs, and [`ChangePoints`] say since which build an
//! endpoint is slower. How limits are learned is in [`limit`] for one endpoint alone, in [`model`] for a whole service,
//! on top of [`statistics`].

mod add;
mod backtest;
mod changes;
mod comparable;
mod compare;
mod confirm;
mod control;
mod error_rates;
mod evidence;
mod explain;
mod failed;
mod generator;
mod head;
mod history;
mod history_error;
mod index;
mod keep;
mod learned;
pub mod limit;
pub mod model;
mod pooled;
mod record;
mod run_table;
mod service;
mod show;
pub mod statistics;
mod suggest;
mod table;
mod throughput;

pub use add::{AddError, AddRules, Added};
pub use backtest::{Backtest, GateRecord, Miss, backtest};
pub use changes::ChangePoints;
pub use comparable::{ComparableRuns, Rules, ThisRun};
pub use compare::{ComparedRun, NotComparable, compare};
pub use confirm::{Combined, Cost, combine, needs_another};
pub use control::ControlRun;
pub use evidence::evidence;
pub use explain::{ExplainStep, ExplainedRow, Explanation, RowError, explain, find_row};
pub use head::RunHead;
pub use history::RunHistory;
pub use history_error::HistoryError;
pub use index::HistoryIndex;
pub use keep::{Keep, Pruned};
pub use learned::{FAIL_FROM, LearnedBaseline};
pub use pooled::pooled;
pub use record::{EndpointRecord, GoodRun, HISTORY_SCHEMA_VERSION, HistoryLine, RunName, is_exact, started};
pub use show::show;
pub use suggest::{Suggestion, render_suggestions, suggest};
