//! When to end a run before its time.

use std::fmt;
use std::time::Duration;

use super::{Limit, Measure, Selector};
use crate::text::compact_duration;
use crate::verdict::{Operator, Origin};

/// A condition that ends a run before its time: `error_rate > 50% for 30s`.
///
/// [`Display`](fmt::Display) writes it in its canonical spelling, which parses back to the same rule.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRule {
    /// What is measured.
    pub measure: Measure,
    /// Which endpoints, each by itself; `None` for all requests together.
    pub selector: Option<Selector>,
    /// How the value is compared with the limit.
    pub operator: Operator,
    /// The limit.
    pub limit: Limit,
    /// How long the condition must hold without a break.
    pub lasting: Duration,
}

impl StopRule {
    /// Whether LoadForge's live figures can show it: they are those of all requests together, without percentiles.
    #[must_use]
    pub fn is_shown_by_loadforge(&self) -> bool {
        let shown =
            [Measure::Requests, Measure::Failures, Measure::ErrorRate, Measure::Avg, Measure::Median, Measure::Rps];
        self.selector.is_none() && shown.contains(&self.measure)
    }

    /// The comparison that holds while the rule is not hit.
    #[must_use]
    pub const fn opposite(&self) -> Operator {
        match self.operator {
            Operator::Less => Operator::GreaterOrEqual,
            Operator::LessOrEqual => Operator::Greater,
            Operator::Greater => Operator::LessOrEqual,
            // `==` is refused: no two looks measure the same.
            Operator::GreaterOrEqual | Operator::Equal => Operator::Less,
        }
    }
}

impl fmt::Display for StopRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.measure.fmt(f)?;
        if let Some(selector) = &self.selector {
            write!(f, " of {selector}")?;
        }
        write!(f, " {} {} for {}", self.operator, self.limit, compact_duration(self.lasting))
    }
}

/// A stop rule and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedStopRule {
    /// The rule.
    pub rule: StopRule,
    /// Where it was written.
    pub origin: Origin,
}
