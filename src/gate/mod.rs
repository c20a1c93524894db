//! The gate language: grammar, parser, evaluation, and waivers.
//!
//! A [`Gate`] is parsed from text, [`judge()`] holds [`PlacedGate`]s against [`Results`](crate::results::Results) and
//! makes a [`Verdict`](crate::verdict::Verdict), [`waive`] applies waivers to it, [`exit`] says what the shell sees.
//! Limits of `vs baseline` gates come through the [`LimitSource`] port.

mod accepted;
mod defaults;
mod error;
mod judge;
mod language;
mod limit_source;
mod line;
mod measure;
mod parse;
mod selector;
mod sentence;
mod stop_rule;
mod stop_watch;
mod summary;
#[cfg(test)]
mod testing;
mod waiver;
mod waiver_draft;

pub use accepted::Accepted;
pub use defaults::default_gates;
pub use error::GateError;
pub use judge::{Options, judge, judge_over};
pub use language::{Condition, Gate, Limit, LimitUnit, PlacedGate, Scope};
pub use limit_source::{BaselineAnswer, BaselineQuery, Expected, FieldDifference, LimitSource, NoHistory};
pub use line::GateLine;
pub use measure::{ErrorClass, Measure, Measured, PlainMeasure, Scatter};
pub use selector::Selector;
pub use stop_rule::{PlacedStopRule, StopRule};
pub use stop_watch::StopWatch;
pub use summary::{exit, summarize};
pub use waiver::{Waiver, WaiverEntry, WaiverError, unwaive, waive, waive_row};
pub use waiver_draft::waiver_draft;
