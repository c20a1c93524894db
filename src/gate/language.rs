//! What a gate says, as data, and its canonical spelling.

use std::fmt;

use crate::results::{FailureKind, Percentile};
use crate::verdict::{Operator, Origin, Severity, Unit};

use super::Selector;

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

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Measure {
    /// A response-time percentile, ms.
    Percentile(Percentile),
    /// Mean response time, ms.
    Avg,
    /// Median response time, ms.
    Median,
    /// Shortest response time, ms.
    Min,
    /// Longest response time, ms.
    Max,
    /// Throughput, requests/s.
    Rps,
    /// Requests, failed ones included.
    Requests,
    /// Failed requests.
    Failures,
    /// Failed requests, % of all.
    ErrorRate,
    /// Failures of one class, % of the requests or a plain count.
    Errors(ErrorClass),
    /// Change of another measure over the run after the ramp-up, %.
    Drift(Box<Self>),
}

impl Measure {
    /// Whether the measure is a response time.
    #[must_use]
    pub const fn is_time(&self) -> bool {
        matches!(self, Self::Percentile(_) | Self::Avg | Self::Median | Self::Min | Self::Max)
    }

    /// Whether more of it is better: throughput and requests.
    #[must_use]
    pub const fn more_is_better(&self) -> bool {
        matches!(self, Self::Rps | Self::Requests)
    }

    /// The unit the measure is compared in. Error classes are a share unless the limit is a plain count.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        match self {
            Self::Percentile(_) | Self::Avg | Self::Median | Self::Min | Self::Max => Unit::Ms,
            Self::Rps => Unit::PerSecond,
            Self::Requests | Self::Failures => Unit::Count,
            Self::ErrorRate | Self::Errors(_) | Self::Drift(_) => Unit::Percent,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(percentile) => percentile.fmt(f),
            Self::Avg => f.write_str("avg"),
            Self::Median => f.write_str("median"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Rps => f.write_str("rps"),
            Self::Requests => f.write_str("requests"),
            Self::Failures => f.write_str("failures"),
            Self::ErrorRate => f.write_str("error_rate"),
            Self::Errors(class) => write!(f, "errors({class})"),
            Self::Drift(measure) => write!(f, "drift({measure})"),
        }
    }
}

/// A class of failed requests. Classes overlap: a 401 is in `401`, `4xx` and `auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// One HTTP status.
    Status(u16),
    /// HTTP 400 to 499.
    ClientError,
    /// HTTP 500 to 599.
    ServerError,
    /// HTTP 401 and 403.
    Auth,
    /// HTTP 502 and 504.
    Gateway,
    /// HTTP 429.
    RateLimit,
    /// No answer in time.
    Timeout,
    /// The connection could not be opened or broke.
    Connection,
    /// Anything else: checks of the script, and answers below 400 that the script calls a failure.
    Other,
}

impl ErrorClass {
    /// The classes with a name; a status code is the other spelling.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("4xx", Self::ClientError),
        ("5xx", Self::ServerError),
        ("auth", Self::Auth),
        ("gateway", Self::Gateway),
        ("rate_limit", Self::RateLimit),
        ("timeout", Self::Timeout),
        ("connection", Self::Connection),
        ("other", Self::Other),
    ];

    /// Whether a failure of this kind belongs to the class.
    #[must_use]
    pub const fn contains(self, kind: FailureKind) -> bool {
        match (self, kind) {
            (Self::Status(wanted), FailureKind::Http(status)) => wanted == status,
            (Self::ClientError, FailureKind::Http(status)) => matches!(status, 400..=499),
            (Self::ServerError, FailureKind::Http(status)) => matches!(status, 500..=599),
            (Self::Auth, FailureKind::Http(status)) => matches!(status, 401 | 403),
            (Self::Gateway, FailureKind::Http(status)) => matches!(status, 502 | 504),
            (Self::RateLimit, FailureKind::Http(status)) => status == 429,
            (Self::Other, FailureKind::Http(status)) => status < 400,
            (Self::Timeout, FailureKind::Timeout)
            | (Self::Connection, FailureKind::Connection)
            | (Self::Other, FailureKind::Other) => true,
            _ => false,
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            named => {
                f.write_str(Self::NAMED.iter().find(|(_, class)| class == named).map_or("other", |(name, _)| name))
            }
        }
    }
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// A limit that is written down.
    Fixed {
        /// How the value has to stand to the limit.
        operator: Operator,
        /// The limit.
        limit: Limit,
    },
    /// A limit learned from the history of good runs.
    VsBaseline {
        /// How the value has to stand to the limit; never [`Operator::Equal`].
        operator: Operator,
        /// The tolerated change against the baseline, %: +10 is 10 % more, -15 is 15 % less.
        change_percent: f64,
    },
}

impl Condition {
    /// How the value has to stand to the limit.
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
