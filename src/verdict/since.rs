//! Since which build a value is worse.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unit;
use crate::results::EndpointKey;
use crate::text::{counted, short_commit, signed_percent};

/// A recorded run of a build, as a change names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildRef {
    /// The run's number on its service.
    pub run_id: u64,
    /// When the run was started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The commit under test, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// `commit 1a2b3c4 of 2026-11-20 (run 1010)`; the day is that of UTC.
impl fmt::Display for BuildRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.at.strftime("%Y-%m-%d");
        match &self.commit {
            Some(commit) => write!(f, "commit {} of {day} (run {})", short_commit(commit), self.run_id),
            None => write!(f, "run {} of {day}", self.run_id),
        }
    }
}

/// Since which build a value is worse than before, as the recorded runs of the last builds show it. What each run did to
/// all endpoints is taken out where enough of them are known. It never changes an outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Since {
    /// The first build that was worse.
    pub first_bad: BuildRef,
    /// The last build before it.
    pub last_good: BuildRef,
    /// The usual value before, in the row's unit.
    pub before: f64,
    /// The usual value since, in the row's unit.
    pub after: f64,
    /// The change between the two, %: +22 means 22 % more.
    pub change_percent: f64,
    /// Builds that were measured since then, the newest included.
    pub builds: u32,
    /// Builds that were measured before.
    pub builds_before: u32,
    /// From which of the row's recent good runs (`baseline.recent`, from 0) on values are worse; their number where only
    /// runs that failed are, and this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent_index: Option<u32>,
    /// The difference in its standard errors (Student's t).
    pub t: f64,
}

impl Since {
    /// Whether the newest build is the first one that was worse.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.builds == 1
    }

    /// The values before and since with the change between: `100 ms → 122 ms (+22 %)`.
    #[must_use]
    pub fn values(&self, unit: Unit) -> String {
        format!("{} → {} ({})", unit.show(self.before), unit.show(self.after), signed_percent(self.change_percent))
    }

    /// What follows the word *since*: `commit 1a2b3c4 of 2026-11-20 (run 1010), for 6 builds: 100 ms → 122 ms (+22 %);
    /// last good: …`.
    #[must_use]
    pub fn words(&self, unit: Unit) -> String {
        let first = match self.is_new() {
            true => "this build".to_owned(),
            false => format!("{}, for {}", self.first_bad, counted(u64::from(self.builds), "build")),
        };
        format!("{first}: {}; last good: {}", self.values(unit), self.last_good)
    }
}

/// An endpoint that is slower since a build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointChange {
    /// The endpoint.
    pub endpoint: EndpointKey,
    /// The measure that shows it best: `p50` or `p95`.
    pub measure: String,
    /// Since when and by how much, ms.
    pub since: Since,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(run_id: u64, day: &str, commit: Option<&str>) -> BuildRef {
        BuildRef { run_id, at: format!("{day}T10:00:00Z").parse().unwrap(), commit: commit.map(Into::into) }
    }

    #[test]
    fn the_first_bad_and_the_last_good_build_are_named() {
        let since = Since {
            first_bad: build(1010, "2026-11-20", Some("1a2b3c4d5e6f")),
            last_good: build(1009, "2026-11-19", None),
            before: 100.0,
            after: 121.96,
            change_percent: 21.96,
            builds: 6,
            builds_before: 30,
            recent_index: None,
            t: 9.0,
        };
        insta::assert_snapshot!(
            since.words(Unit::Ms),
            @"commit 1a2b3c4 of 2026-11-20 (run 1010), for 6 builds: 100 ms → 122 ms (+22 %); last good: run 1009 of 2026-11-19"
        );
        let new = Since { builds: 1, ..since };
        insta::assert_snapshot!(
            new.words(Unit::Ms),
            @"this build: 100 ms → 122 ms (+22 %); last good: run 1009 of 2026-11-19"
        );
    }
}
