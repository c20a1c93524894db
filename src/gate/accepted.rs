//! The worst value a waiver accepts.

use std::fmt;

use super::Limit;

/// The worst value a waiver accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accepted {
    /// A value in the gate's unit.
    Value(Limit),
    /// A change against the baseline's median, %.
    Change(f64),
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(limit) => limit.fmt(f),
            Self::Change(percent) => write!(f, "{percent:+}%"),
        }
    }
}
