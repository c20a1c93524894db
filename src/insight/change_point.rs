//! Endpoints that became slower at one build and stayed so.

use super::baseline::UsualValues;
use super::{creep, words};
use crate::results::Results;
use crate::text::{counted, short_commit, signed_percent};
use crate::verdict::{EndpointChange, Finding, FindingKind, Since, Unit};

/// Changes that are told, each of one build; verdict.json has all.
const MOST: usize = 3;
/// Endpoints of one change that are named.
const NAMED: usize = 3;

/// A finding for each build that made endpoints slower, the largest change first. Endpoints that crept up are left to
/// [`creep`].
pub(super) fn find(results: &Results, baseline: &UsualValues) -> Vec<Finding> {
    let creeps = |change: &EndpointChange| {
        let endpoint = results.endpoints.iter().find(|endpoint| endpoint.key() == change.endpoint);
        endpoint.is_some_and(|endpoint| creep::is_creeping(endpoint, baseline))
    };
    let mut of_builds: Vec<Vec<&EndpointChange>> = Vec::new();
    for change in baseline.changes.iter().take(100).filter(|change| !creeps(change)) {
        let same = |known: &&mut Vec<&EndpointChange>| known[0].since.first_bad == change.since.first_bad;
        match of_builds.iter_mut().find(same) {
            Some(known) => known.push(change),
            None => of_builds.push(vec![change]),
        }
    }
    of_builds.iter().take(MOST).map(|changes| finding(changes)).collect()
}

/// The finding about one build; `changes` has at least one.
fn finding(changes: &[&EndpointChange]) -> Finding {
    let EndpointChange { since, .. } = changes[0];
    let labels: Vec<String> = changes.iter().map(|change| change.endpoint.to_string()).collect();
    let (verb, most) = if labels.len() == 1 { ("is", "") } else { ("are", "up to ") };
    let Since { first_bad, last_good, .. } = since;
    let sentence = format!(
        "{} {verb} slower since {first_bad}: {most}{}, in {}.",
        words::list(&labels, NAMED),
        signed_percent(since.change_percent),
        counted(u64::from(since.builds), "build"),
    );
    let evidence: Vec<String> = changes
        .iter()
        .map(|change| {
            let since = &change.since;
            format!("{} {} {}, t = {:.1}", change.endpoint, change.measure, since.values(Unit::Ms), since.t)
        })
        .collect();
    let next = match (&last_good.commit, &first_bad.commit) {
        (Some(good), Some(bad)) if good != bad => {
            format!("Look at what came in between: git log {}..{}", short_commit(good), short_commit(bad))
        }
        _ => format!("Look at what changed between run {} and run {}.", last_good.run_id, first_bad.run_id),
    };
    let evidence = format!(
        "{}; {} before and {} since, the last good one {last_good}",
        words::list(&evidence, NAMED),
        counted(u64::from(since.builds_before), "build"),
        since.builds,
    );
    Finding::new(FindingKind::ChangePoint, sentence, evidence, next)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{endpoint, results};
    use super::*;
    use crate::verdict::BuildRef;

    fn build(run_id: u64, commit: &str) -> BuildRef {
        BuildRef { run_id, at: "2026-11-20T10:00:00Z".parse().unwrap(), commit: Some(commit.into()) }
    }

    fn change(name: &str, bad: u64, factor: f64) -> EndpointChange {
        let since = Since {
            first_bad: build(bad, "1a2b3c4d5e6f"),
            last_good: build(bad - 1, "9f8e7d6c5b4a"),
            before: 100.0,
            after: 100.0 * factor,
            change_percent: 100.0 * (factor - 1.0),
            builds: 6,
            builds_before: 30,
            recent_index: None,
            t: 9.04,
        };
        EndpointChange { endpoint: endpoint("GET", name, 1, 0, 1.0).key(), measure: "p95".into(), since }
    }

    #[test]
    fn each_build_that_made_endpoints_slower_is_told_once() {
        let changes = vec![change("/a", 1010, 1.5), change("/b", 1020, 1.3), change("/c", 1010, 1.2)];
        let usual = UsualValues { changes, ..UsualValues::default() };
        let found = find(&results(Vec::new()), &usual);
        let told: Vec<String> =
            found.iter().map(|one| format!("{}\n{}\n{}", one.sentence, one.evidence, one.next)).collect();
        insta::assert_snapshot!(told.join("\n\n"), @r"
        GET /a, GET /c are slower since commit 1a2b3c4 of 2026-11-20 (run 1010): up to +50 %, in 6 builds.
        GET /a p95 100 ms → 150 ms (+50 %), t = 9.0, GET /c p95 100 ms → 120 ms (+20 %), t = 9.0; 30 builds before and 6 since, the last good one commit 9f8e7d6 of 2026-11-20 (run 1009)
        Look at what came in between: git log 9f8e7d6..1a2b3c4

        GET /b is slower since commit 1a2b3c4 of 2026-11-20 (run 1020): +30 %, in 6 builds.
        GET /b p95 100 ms → 130 ms (+30 %), t = 9.0; 30 builds before and 6 since, the last good one commit 9f8e7d6 of 2026-11-20 (run 1019)
        Look at what came in between: git log 9f8e7d6..1a2b3c4
        ");
    }
}
