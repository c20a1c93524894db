//! Two runs side by side, as data.

use jiff::Timestamp;

use super::{Outcome, Unit};
use crate::results::EndpointKey;

/// Two runs side by side: B against A.
#[derive(Debug, Clone, PartialEq)]
pub struct RunComparison {
    /// The run that is compared with.
    pub a: SideOfComparison,
    /// The run that is looked at.
    pub b: SideOfComparison,
    /// Settings that differ: field, A, B.
    pub differences: Vec<(String, String, String)>,
    /// What the noise is judged by, in a sentence.
    pub noise: String,
    /// All requests together.
    pub total: EndpointMove,
    /// The endpoints that both runs called, the one that moved most first.
    pub endpoints: Vec<EndpointMove>,
    /// Endpoints that only A called.
    pub only_a: Vec<EndpointKey>,
    /// Endpoints that only B called.
    pub only_b: Vec<EndpointKey>,
}

/// Which run one side is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SideOfComparison {
    /// As the user named it: a folder, or a run of the history.
    pub name: String,
    /// When it was started.
    pub at: Option<Timestamp>,
    /// The commit under test.
    pub commit: Option<String>,
    /// Its verdict, where it was judged.
    pub verdict: Option<Outcome>,
}

/// One endpoint in both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointMove {
    /// Which endpoint; `None` for all requests together.
    pub key: Option<EndpointKey>,
    /// Requests in A and in B.
    pub requests: (u64, u64),
    /// The measures that both runs have.
    pub values: Vec<ValueMove>,
}

/// One measure in both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueMove {
    /// The measure as gates spell it: `p95`, `error_rate`, `rps`.
    pub measure: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// In A and in B.
    pub values: (f64, f64),
    /// The change from A to B, % of A; `None` where A is 0.
    pub change_percent: Option<f64>,
    /// What B may be without having moved, as far as noise explains it.
    pub noise: (f64, f64),
    /// What became of it.
    pub direction: Direction,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Better than noise explains.
    Better,
    /// Worse than noise explains.
    Worse,
    /// Noise explains the difference.
    WithinNoise,
}

impl EndpointMove {
    /// `METHOD name`, or "all requests".
    #[must_use]
    pub fn label(&self) -> String {
        self.key.as_ref().map_or_else(|| "all requests".to_owned(), ToString::to_string)
    }

    /// The value of a measure.
    #[must_use]
    pub fn value(&self, measure: &str) -> Option<&ValueMove> {
        self.values.iter().find(|value| value.measure == measure)
    }

    /// Whether any response time or the error rate moved.
    #[must_use]
    pub fn moved(&self) -> bool {
        self.size() > 0.0
    }

    /// How far it moved, for the order: the largest ln(B/A) of a response time, or a tenth of the change of the error rate
    /// in percentage points; throughput counts half, since it follows from the others. 0 within noise.
    #[must_use]
    pub fn size(&self) -> f64 {
        let moved = self.values.iter().filter(|value| value.direction != Direction::WithinNoise);
        let size = |value: &ValueMove| {
            let (a, b) = value.values;
            match value.unit {
                Unit::Percent => (b - a).abs() / 10.0,
                Unit::PerSecond => (b.max(1e-9) / a.max(1e-9)).ln().abs() / 2.0,
                _ => (b.max(1e-3) / a.max(1e-3)).ln().abs(),
            }
        };
        moved.map(size).fold(0.0, f64::max)
    }

    /// What became of the endpoint in a word: that of its worst value.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let is = |direction| self.values.iter().any(|value| value.direction == direction);
        match (is(Direction::Worse), is(Direction::Better)) {
            (true, true) => "mixed",
            (true, false) => "worse",
            (false, true) => "better",
            (false, false) => "within noise",
        }
    }
}
