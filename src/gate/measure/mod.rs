//! What a gate can measure.
//!
//! A measure without an argument is a file of this folder and a line of `measures!` below: its [`PlainMeasure`] says
//! everything about it once. Percentiles, error classes and drifts take an argument and are kinds of their own.

mod errors;
mod plain;

use std::fmt;

pub use errors::ErrorClass;
pub use plain::{Measured, PlainMeasure, Scatter};

use crate::results::Percentile;
use crate::series::WindowValue;
use crate::verdict::Unit;

/// Registers measures: `file => Variant`, in the order in which messages list them.
macro_rules! measures {
    ($($file:ident => $variant:ident,)*) => {
        $(mod $file;)*

        /// What is measured.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Measure {
            /// A response-time percentile, ms.
            Percentile(Percentile),
            $(#[doc = concat!("`", stringify!($file), "`: [`Measure::plain`] says what it is.")]
            $variant,)*
            /// Failures of one class, % of the requests or a plain count.
            Errors(ErrorClass),
            /// Change of another measure over the run after the ramp-up, %.
            Drift(Box<Self>),
        }

        impl Measure {
            /// The measures without an argument, each with what it is.
            pub const PLAIN: &[(Self, &'static PlainMeasure)] = &[$((Self::$variant, &$file::MEASURE),)*];

            /// What a measure without an argument is.
            #[must_use]
            pub const fn plain(&self) -> Option<&'static PlainMeasure> {
                match self {
                    $(Self::$variant => Some(&$file::MEASURE),)*
                    Self::Percentile(_) | Self::Errors(_) | Self::Drift(_) => None,
                }
            }
        }
    };
}

measures! {
    avg => Avg,
    median => Median,
    min => Min,
    max => Max,
    rps => Rps,
    requests => Requests,
    failures => Failures,
    error_rate => ErrorRate,
}

impl Measure {
    /// The unit the measure is compared in. Error classes are a share unless the limit is a plain count.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        match (self, self.plain()) {
            (_, Some(plain)) => plain.unit,
            (Self::Percentile(_), None) => Unit::Ms,
            (_, None) => Unit::Percent,
        }
    }

    /// Whether the measure is a response time.
    #[must_use]
    pub const fn is_time(&self) -> bool {
        matches!(self.unit(), Unit::Ms)
    }

    /// Whether more of it is better: throughput and requests.
    #[must_use]
    pub const fn more_is_better(&self) -> bool {
        matches!(self.plain(), Some(PlainMeasure { more_is_better: true, .. }))
    }

    /// How the measure varies from run to run, and how many requests it needs.
    #[must_use]
    pub const fn scatter(&self) -> Scatter {
        match (self, self.plain()) {
            (_, Some(plain)) => plain.scatter,
            (Self::Percentile(percentile), None) => Scatter::Percentile(*percentile),
            (_, None) => Scatter::Unknown,
        }
    }

    /// The value in a window of the run; `None` where windows have none.
    #[must_use]
    pub const fn window(&self) -> Option<WindowValue> {
        match (self, self.plain()) {
            (_, Some(plain)) => plain.window,
            (Self::Percentile(percentile), None) => Some(WindowValue::Percentile(*percentile)),
            (_, None) => None,
        }
    }

    /// Whether a drift of it can be taken.
    #[must_use]
    pub const fn drifts(&self) -> bool {
        matches!((self, self.plain()), (Self::Percentile(_), _) | (_, Some(PlainMeasure { drifts: true, .. })))
    }

    /// The value in one record, in the measure's unit; `None` where the record does not have it. Error classes and
    /// drifts are in no record.
    #[must_use]
    pub fn value(&self, measured: &dyn Measured) -> Option<f64> {
        match (self, self.plain()) {
            (_, Some(plain)) => (plain.observe)(measured),
            (Self::Percentile(percentile), None) => measured.percentile(*percentile),
            (_, None) => None,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.plain()) {
            (_, Some(plain)) => f.write_str(plain.name),
            (Self::Percentile(percentile), None) => percentile.fmt(f),
            (Self::Errors(class), None) => write!(f, "errors({class})"),
            (Self::Drift(measure), None) => write!(f, "drift({measure})"),
            (_, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_names_every_measure_and_no_two_share_a_word() {
        let readme = include_str!("../../../README.md");
        let mut words = Vec::new();
        for (_, plain) in Measure::PLAIN {
            assert!(readme.contains(&format!("\"{}\"", plain.name)), "README.md does not name {}", plain.name);
            words.push(plain.name);
            words.extend(plain.synonyms);
        }
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all, "{words:?}");
    }
}
