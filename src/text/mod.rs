//! How counts, durations, commits, small charts and tables are written for people: one way each.
//!
//! A measured value with its unit is written by [`Unit`](crate::verdict::Unit).

mod commit;
mod count;
mod duration;
mod shell;
mod sparkline;
mod table;

pub use commit::{is_commit, short_commit};
pub use count::{counted, grouped, signed_percent};
pub use duration::{compact_duration, duration};
pub use shell::shell_word;
pub use sparkline::sparkline;
pub use table::{Align, Table, wrapped};
