//! Several attempts at one commit, judged together.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Outcome, Unit};

/// How several attempts at one commit are judged. CircleCI runs a failed job again, so that a failure could turn into a
/// pass by chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum AttemptsPolicy {
    /// The value of a row is the median of the attempts.
    #[default]
    Together,
    /// The last attempt alone decides.
    Last,
}

/// The attempts at this commit that a verdict takes into account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommitAttempts {
    /// How many there are and what became of them, one sentence without a full stop.
    pub sentence: String,
    /// Those before this one, oldest first.
    pub earlier: Vec<EarlierAttempt>,
}

/// An earlier attempt at the commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlierAttempt {
    /// When it was judged.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The workflow it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Its own verdict, without the attempts before it.
    pub outcome: Outcome,
}

/// A row's value in the attempts at this commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RowAttempts {
    /// What the attempts measured, oldest first and this one last where it could be judged; of an attempt with further
    /// runs the median of its runs.
    pub values: Vec<f64>,
    /// The median of the values, which the row is judged by; of two the mean.
    pub together: f64,
}

impl RowAttempts {
    /// The values and what they are together: `512 ms, then 470 ms; together 491 ms`.
    #[must_use]
    pub fn text(&self, unit: Unit) -> String {
        let together = unit.show(self.together);
        let shown: Vec<String> = self.values.iter().map(|value| unit.show(*value)).collect();
        match shown.split_last() {
            Some((last, before)) if !before.is_empty() => {
                format!("{}, then {last}; together {together}", before.join(", "))
            }
            _ => together,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_the_order_of_the_attempts() {
        let text = |values: &[f64], together| RowAttempts { values: values.to_vec(), together }.text(Unit::Ms);
        assert_eq!(text(&[512.0, 470.0], 491.0), "512 ms, then 470 ms; together 491 ms");
        assert_eq!(text(&[512.0, 470.0, 465.0], 470.0), "512 ms, 470 ms, then 465 ms; together 470 ms");
        assert_eq!(text(&[512.0], 512.0), "512 ms");
    }
}
