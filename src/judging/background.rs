//! The builds before a run, for the page.

use std::collections::HashSet;

use crate::baseline::{EndpointRecord, GoodRun, HistoryIndex, Rules, ThisRun};
use crate::report::PastRun;
use crate::results::{Endpoint, EndpointKey};
use crate::series::RunSeries;
use crate::verdict::{Outcome, Row, Subject};

/// The builds whose values the page shows at most.
pub(super) const SHOWN_BUILDS: usize = 30;

/// The endpoints of rows that did not pass whose course is shown.
const MOST_COURSES: usize = 40;

/// The rows whose endpoints' earlier values are shown.
const MOST_ROWS: usize = 300;

/// The endpoints of the rows that matter, worst first, so that the page can show how they went.
pub(super) fn endpoints_that_matter<'r>(rows: &[&'r Row]) -> Vec<&'r EndpointKey> {
    keys(rows, |outcome| outcome != Outcome::Pass).take(MOST_COURSES).collect()
}

/// What good runs measured of the endpoints that the page shows: those of rows and those with a course.
pub(super) fn past_runs<'r>(runs: impl Iterator<Item = &'r GoodRun>, rows: &[Row], series: &RunSeries) -> Vec<PastRun> {
    let rows: Vec<&Row> = rows.iter().collect();
    let of_rows = keys(&rows, |_| true).take(MOST_ROWS);
    let with_course = series.endpoints.iter().chain(&series.further).map(|(key, _)| key);
    let shown: HashSet<(&str, &str)> =
        of_rows.chain(with_course).map(|key| (key.method.as_str(), key.name.as_str())).collect();
    runs.map(|run| PastRun {
        at: run.at,
        commit: run.commit.clone(),
        verdict: Some(run.verdict),
        link: run.link.clone(),
        total: endpoint(&run.total),
        endpoints: run
            .endpoints
            .iter()
            .filter(|one| shown.contains(&(one.method.as_str(), one.name.as_str())))
            .map(|one| (one.key(), endpoint(one)))
            .collect(),
    })
    .collect()
}

/// The good runs that a run may be compared with, for a verdict that compares with none. What cannot be read costs the
/// picture alone.
pub(super) fn read_past(index: &HistoryIndex, rules: &Rules, this: &ThisRun) -> Vec<GoodRun> {
    let rules = Rules { runs: SHOWN_BUILDS, ..rules.clone() };
    index.comparable(&rules, this).map(|comparable| comparable.into_runs()).unwrap_or_default()
}

/// The endpoints of rows, those that failed first, then open ones and warnings.
fn keys<'r>(rows: &[&'r Row], wanted: impl Fn(Outcome) -> bool + Copy) -> impl Iterator<Item = &'r EndpointKey> {
    [Outcome::Fail, Outcome::Inconclusive, Outcome::Warn, Outcome::Pass]
        .into_iter()
        .filter(move |outcome| wanted(*outcome))
        .flat_map(move |outcome| rows.iter().copied().filter(move |row| row.outcome == outcome))
        .filter_map(|row| match &row.subject {
            Subject::Endpoint(key) => Some(key),
            _ => None,
        })
}

fn endpoint(record: &EndpointRecord) -> Endpoint {
    Endpoint {
        method: record.method.clone(),
        name: record.name.clone(),
        requests: record.requests,
        failures: record.failures,
        requests_per_s: record.requests_per_s,
        avg_ms: record.avg_ms,
        median_ms: record.median_ms,
        min_ms: record.min_ms,
        max_ms: record.max_ms,
        percentiles: record.percentiles.clone(),
        ..Endpoint::default()
    }
}
