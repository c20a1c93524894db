//! The gate language: grammar, parser, evaluation.

mod error;
mod language;
mod parse;
mod port;
mod selector;

pub use error::GateError;
pub use language::{Condition, ErrorClass, Gate, Limit, LimitUnit, Measure, PlacedGate, Scope};
pub use parse::GateText;
pub use port::{Baseline, BaselineAnswer, BaselineQuery, FieldDifference, NoHistory};
pub use selector::Selector;
