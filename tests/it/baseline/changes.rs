//! Since which build an endpoint is slower: which runs are looked through, and which build is named.

use loadforge_ci::baseline::{AddRules, ChangePoints, HistoryIndex, ThisRun};
use loadforge_ci::gate::{NoHistory, Options, judge};
use loadforge_ci::results::{Endpoint, Results};
use loadforge_ci::verdict::{EndpointChange, Outcome, Verdict};

use super::support::{endpoint, gates, good_with, record, results, rules};

const GATE: &str = r#"p95 of "**" < 10s"#;

/// Nine endpoints of build `day`, of which the fourth takes `factor` times as long.
fn build(day: i64, factor: f64) -> Vec<Endpoint> {
    let one = |index: u32| {
        let scatter = 1.0 + 0.03 * f64::from((day as u32 * 53 + index * 29) % 11) / 11.0;
        let machine = if day % 7 == 3 { 1.25 } else { 1.0 };
        let own = if index == 4 { factor } else { 1.0 };
        endpoint(&format!("GET /{index}"), 2_000, 0, 40.0 * f64::from(index) * scatter * machine * own)
    };
    (1..=9).map(one).collect()
}

/// What became of the builds before this one.
struct Builds {
    dir: tempfile::TempDir,
}

impl Builds {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A build that passed.
    fn passed(&self, day: i64, factor: f64) {
        let mut index = HistoryIndex::open(self.dir.path()).unwrap();
        assert!(index.append(&good_with(day as u64, day, build(day, factor))).unwrap());
    }

    /// A build that failed.
    fn failed(&self, day: i64, factor: f64) {
        let index = HistoryIndex::open(self.dir.path()).unwrap();
        let rules = AddRules { branch: Some("main".into()) };
        let results = results(build(day, factor));
        assert!(index.keep_failed(&record(day as u64, day), &results, Outcome::Fail, &rules).unwrap());
    }

    /// What is found when the build of this day is judged, and its verdict with the rows marked.
    fn seen(&self, day: i64, endpoints: Vec<Endpoint>, failed: bool) -> (Vec<EndpointChange>, Verdict) {
        let (run, results, rules) = (record(day as u64, day), results(endpoints), rules(day));
        let gates = gates(&[if failed { r#"p95 of "GET /4" < 1ms"# } else { GATE }]);
        let this = ThisRun::of(&run, &results, &gates);
        let index = HistoryIndex::open(self.dir.path()).unwrap();
        let failed = index.comparable_failed(&rules, &this).unwrap();
        let comparable = index.comparable(&rules, &this).unwrap().with_failed(failed);
        let changes = ChangePoints::over(&comparable, &this);
        let mut verdict = judge(&gates, &results, None, &NoHistory, &Options::default());
        changes.mark(&mut verdict, &gates);
        (changes.slower(), verdict)
    }

    fn slower(&self, day: i64, factor: f64) -> Vec<EndpointChange> {
        self.seen(day, build(day, factor), false).0
    }
}

/// Endpoint, first bad and last good run, and builds since.
fn told(changes: &[EndpointChange]) -> Vec<(String, u64, u64, u32)> {
    let one = |change: &EndpointChange| {
        let since = &change.since;
        (change.endpoint.to_string(), since.first_bad.run_id, since.last_good.run_id, since.builds)
    };
    changes.iter().map(one).collect()
}

#[test]
fn a_slowdown_that_was_let_through_is_dated_by_the_good_runs() {
    let builds = Builds::new();
    (0..20).for_each(|day| builds.passed(day, 1.0));
    assert_eq!(builds.slower(20, 1.0), []);
    (20..24).for_each(|day| builds.passed(day, 1.2));
    let found = builds.slower(24, 1.2);
    assert_eq!(told(&found), [("GET /4".to_owned(), 20, 19, 5)]);
    assert_eq!(found[0].since.first_bad.commit.as_deref(), Some(&*format!("{:040x}", 20)));
    assert!((found[0].since.change_percent - 20.0).abs() < 2.0, "{found:?}");
    assert_eq!(found[0].since.builds_before, 20);
}

#[test]
fn a_slowdown_that_keeps_failing_is_dated_by_the_runs_that_failed() {
    let builds = Builds::new();
    (0..20).for_each(|day| builds.passed(day, 1.0));
    (20..23).for_each(|day| builds.failed(day, 1.6));
    let (found, verdict) = builds.seen(23, build(23, 1.6), true);
    assert_eq!(told(&found), [("GET /4".to_owned(), 20, 19, 4)]);
    let since = verdict.rows.iter().find_map(|row| row.since.as_ref()).unwrap();
    assert_eq!((since.first_bad.run_id, since.last_good.run_id), (20, 19));
}

#[test]
fn the_first_build_of_a_slowdown_is_named_in_the_row_that_failed_and_nowhere_else() {
    let builds = Builds::new();
    (0..20).for_each(|day| builds.passed(day, 1.0));
    let (found, verdict) = builds.seen(20, build(20, 1.6), true);
    assert_eq!(found, []);
    let since = verdict.rows.iter().find_map(|row| row.since.as_ref()).unwrap();
    assert!(since.is_new());
    assert_eq!((since.first_bad.run_id, since.last_good.run_id), (20, 19));
    let (_, passed) = builds.seen(20, build(20, 1.6), false);
    assert!(passed.rows.iter().all(|row| row.since.is_none()));
}

#[test]
fn a_slowdown_that_was_mended_is_over() {
    let builds = Builds::new();
    (0..15).for_each(|day| builds.passed(day, 1.0));
    (15..20).for_each(|day| builds.failed(day, 1.6));
    (20..30).for_each(|day| builds.passed(day, 1.0));
    assert_eq!(builds.slower(30, 1.0), []);
}

#[test]
fn a_machine_that_became_slower_is_no_slower_endpoint() {
    let builds = Builds::new();
    (0..20).for_each(|day| builds.passed(day, 1.0));
    let slow = |day| -> Vec<Endpoint> {
        let all = build(day, 1.0).into_iter();
        all.map(|one| endpoint(&one.key().to_string(), 2_000, 0, 1.4 * one.median_ms.unwrap() * 2.0)).collect()
    };
    for day in 20..25 {
        let mut index = HistoryIndex::open(builds.dir.path()).unwrap();
        index.append(&good_with(day as u64, day, slow(day))).unwrap();
    }
    assert_eq!(builds.seen(25, slow(25), false).0, []);
}

#[test]
fn later_builds_other_branches_and_times_of_failures_are_left_out() {
    let builds = Builds::new();
    (0..20).for_each(|day| builds.passed(day, 1.0));
    (20..26).for_each(|day| builds.passed(day, 1.3));
    // Judged again as on its day.
    assert_eq!(builds.slower(19, 1.0), []);
    let index = HistoryIndex::open(builds.dir.path()).unwrap();
    let of = |branch: &str| AddRules { branch: Some(branch.into()) };
    let usual: Results = results(build(30, 1.0));
    assert!(!index.keep_failed(&record(30, 30), &usual, Outcome::Fail, &of("other")).unwrap());
    assert!(!index.keep_failed(&record(30, 30), &usual, Outcome::Pass, &of("main")).unwrap());
    let failing = |factor: f64| -> Vec<Endpoint> {
        let all = build(26, 1.0).into_iter().enumerate();
        all.map(|(at, one)| if at == 6 { endpoint("GET /7", 2_000, 1_500, 280.0 * factor) } else { one }).collect()
    };
    let builds = Builds::new();
    (0..20).for_each(|day| builds.passed(day, 1.0));
    for day in 20..24 {
        let mut index = HistoryIndex::open(builds.dir.path()).unwrap();
        index.append(&good_with(day as u64, day, failing(3.0))).unwrap();
    }
    assert_eq!(builds.seen(24, failing(3.0), false).0, []);
}

#[test]
fn failed_runs_are_kept_once_forty_of_a_kind_and_apart_from_the_history() {
    let builds = Builds::new();
    let index = HistoryIndex::open(builds.dir.path()).unwrap();
    let rules = AddRules { branch: None };
    let one = results(build(1, 1.0));
    let kept =
        |index: &HistoryIndex, id: u64| index.keep_failed(&record(id, id as i64), &one, Outcome::Fail, &rules).unwrap();
    assert!(!kept(&index, 1), "nothing to compare with");
    builds.passed(0, 1.0);
    let index = HistoryIndex::open(builds.dir.path()).unwrap();
    for id in 1..=45 {
        // Days after 2026-05-01 that are not in the future.
        assert!(kept(&index, id));
        assert!(!kept(&index, id));
    }
    assert_eq!(index.failed().unwrap().heads().len(), 40);
    assert_eq!(HistoryIndex::open(builds.dir.path()).unwrap().heads().len(), 1);
}

#[test]
fn with_few_endpoints_the_values_themselves_are_looked_through() {
    let alone = |day: i64, factor: f64| vec![build(day * 7, factor).remove(3)];
    let builds = Builds::new();
    for day in 0..24 {
        let mut index = HistoryIndex::open(builds.dir.path()).unwrap();
        index.append(&good_with(day as u64, day, alone(day, if day < 20 { 1.0 } else { 1.3 }))).unwrap();
    }
    assert_eq!(told(&builds.seen(24, alone(24, 1.3), false).0), [("GET /4".to_owned(), 20, 19, 5)]);
}
