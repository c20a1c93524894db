//! A parsed gate, and its canonical spelling.

use std::fmt;

use crate::verdict::{Operator, Origin, Severity, Unit};

use super::{Measure, Selector};

/// One goal: `fail: p95 of "POST /login" < 800ms after ramp-up`.
///
/// [`Display`](fmt::Display) writes it in its canonical spelling, which parses back to the same gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// What it means when it is not met.
    pub severity: Severity,
    /// What is measured.
    pub measure: Measure,
    /// Which endpoints; `None` for all requests together.
    pub selector: Option<Selector>,
    /// What must hold.
    pub condition: Condition,
    /// Which part of the run.
    pub scope: Scope,
}

/// A gate and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedGate {
    /// The gate.
    pub gate: Gate,
    /// Where it was written.
    pub origin: Origin,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// A limit that is written down.
    Fixed {
        /// How the value is compared with the limit.
        operator: Operator,
        /// The limit.
        limit: Limit,
    },
    /// A limit learned from the history of good runs.
    VsBaseline {
        /// How the value is compared with the limit; never [`Operator::Equal`].
        operator: Operator,
        /// The tolerated change against the baseline, %: +10 is 10 % more, -15 is 15 % less.
        change_percent: f64,
    },
}

impl Condition {
    /// How the value is compared with the limit.
    #[must_use]
    pub const fn operator(self) -> Operator {
        match self {
            Self::Fixed { operator, .. } | Self::VsBaseline { operator, .. } => operator,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { operator, limit } => write!(f, "{operator} {limit}"),
            Self::VsBaseline { operator, change_percent } => write!(f, "{operator} {change_percent:+}% vs baseline"),
        }
    }
}

/// A number with its unit, as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// The number.
    pub number: f64,
    /// Its unit.
    pub unit: LimitUnit,
}

/// The units a limit can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitUnit {
    /// `ms`
    Milliseconds,
    /// `s`
    Seconds,
    /// `%`
    Percent,
    /// `/s`
    PerSecond,
    /// No unit: a number of requests.
    Count,
}

impl Limit {
    /// The limit in the unit it is compared in ([`Limit::unit`]); seconds become ms.
    #[must_use]
    pub fn value(self) -> f64 {
        match self.unit {
            // Moving the decimal point in the text rounds once at most, where a multiplication would add an error:
            // 0.0007 × 1000 is 0.7000000000000001.
            LimitUnit::Seconds => format!("{}e3", self.number).parse().unwrap_or(self.number * 1000.0),
            _ => self.number,
        }
    }

    /// The unit it is compared in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self.unit {
            LimitUnit::Milliseconds | LimitUnit::Seconds => Unit::Ms,
            LimitUnit::Percent => Unit::Percent,
            LimitUnit::PerSecond => Unit::PerSecond,
            LimitUnit::Count => Unit::Count,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            LimitUnit::Milliseconds => "ms",
            LimitUnit::Seconds => "s",
            LimitUnit::Percent => "%",
            LimitUnit::PerSecond => "/s",
            LimitUnit::Count => "",
        };
        write!(f, "{}{unit}", self.number)
    }
}

/// Which part of the run is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Scope {
    /// All of it.
    #[default]
    WholeRun,
    /// From the moment all users run.
    AfterRampUp,
    /// The time of one stage from the moment its users run; the first stage is 1.
    Stage(u32),
    /// The condition must hold in this share of the run's windows of about 10 s.
    Windows {
        /// The share of windows, above 0, at most 100 %.
        percent: f64,
        /// Whether windows of the ramp-up are left out.
        after_ramp_up: bool,
    },
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WholeRun => Ok(()),
            Self::AfterRampUp => f.write_str("after ramp-up"),
            Self::Stage(number) => write!(f, "in stage {number}"),
            Self::Windows { percent, after_ramp_up } => {
                write!(f, "in {percent}% of windows{}", if *after_ramp_up { " after ramp-up" } else { "" })
            }
        }
    }
}

impl Gate {
    /// The unit of the value and its limit.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        match self.condition {
            Condition::Fixed { limit, .. } => limit.unit(),
            Condition::VsBaseline { .. } => self.measure.unit(),
        }
    }

    /// Whether it compares with the history of good runs.
    #[must_use]
    pub const fn is_vs_baseline(&self) -> bool {
        matches!(self.condition, Condition::VsBaseline { .. })
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.severity == Severity::Warn {
            f.write_str("warn: ")?;
        }
        self.measure.fmt(f)?;
        if let Some(selector) = &self.selector {
            write!(f, " of {selector}")?;
        }
        write!(f, " {}", self.condition)?;
        if self.scope != Scope::WholeRun {
            write!(f, " {}", self.scope)?;
        }
        Ok(())
    }
}

impl PlacedGate {
    /// Whether it is a default gate about throughput. In a closed loop the throughput of one endpoint hardly
    /// shows how fast it is, so such a gate judges only what throughput shows.
    #[must_use]
    pub fn is_default_throughput(&self) -> bool {
        self.origin == Origin::Default && self.gate.measure == Measure::Rps
    }
}
