//! Results folders, runs and histories for the tests of this topic.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use loadforge_ci::baseline::{GoodRun, Rules, RunHistory};
use loadforge_ci::gate::PlacedGate;
use loadforge_ci::results::{
    Build, Endpoint, Engine, Fingerprint, Percentile, Results, ResultsFolder, RunIdentity, RunRecord, RunState,
    StateChange,
};
use loadforge_ci::verdict::{Origin, Outcome, Verdict};

pub(crate) const LOGIN: &str = "POST /login";

pub(crate) fn at(day: i64) -> Timestamp {
    "2026-05-01T02:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
}

/// The rules on that day.
pub(crate) fn rules(day: i64) -> Rules {
    Rules { branch: Some("main".into()), runs: 20, max_age: std::time::Duration::from_secs(90 * 86_400), now: at(day) }
}

pub(crate) fn fingerprint() -> Fingerprint {
    Fingerprint {
        engine: Engine::Loadforge,
        test: "4217".into(),
        script_sha256: Some("ab".repeat(32)),
        users: Some(50),
        spawn_rate: Some(5.0),
        duration_s: Some(300),
        stages: Vec::new(),
        regions: [("nyc3".to_owned(), 1)].into(),
        host: Some("https://staging.example.com".into()),
    }
}

pub(crate) fn endpoint(label: &str, requests: u64, failures: u64, p95_ms: f64) -> Endpoint {
    let (method, name) = label.split_once(' ').unwrap_or(("", label));
    Endpoint {
        method: method.into(),
        name: name.into(),
        requests,
        failures,
        median_ms: Some(p95_ms / 2.0),
        avg_ms: Some(p95_ms / 2.0),
        min_ms: Some(1.0),
        max_ms: Some(p95_ms * 2.0),
        requests_per_s: Some(requests as f64 / 300.0),
        percentiles: [(Percentile::P50, p95_ms / 2.0), (Percentile::P95, p95_ms), (Percentile::P99, p95_ms * 1.5)]
            .into(),
        ..Endpoint::default()
    }
}

pub(crate) fn results(endpoints: Vec<Endpoint>) -> Results {
    let (requests, failures) =
        endpoints.iter().fold((0, 0), |(all, failed), endpoint| (all + endpoint.requests, failed + endpoint.failures));
    let p95 = endpoints.iter().filter_map(|endpoint| endpoint.percentile(Percentile::P95)).fold(0.0, f64::max);
    Results::new(Endpoint { method: String::new(), ..endpoint("Aggregated", requests, failures, p95) }, endpoints)
}

/// The identity of a run of that branch.
pub(crate) fn identity(id: u64, branch: Option<&str>) -> RunIdentity {
    let build = Build { commit: Some(format!("{id:040x}")), branch: branch.map(Into::into), ..Build::default() };
    RunIdentity { build, ..RunIdentity::new(Engine::Loadforge, "https://app.loadforge.com/api/v2") }
}

/// A finished and collected run number `id` of that day.
pub(crate) fn record(id: u64, day: i64) -> RunRecord {
    RunRecord {
        test_id: Some(4217),
        run_id: Some(id),
        states: vec![
            StateChange { state: RunState::Queued, at: at(day) },
            StateChange { state: RunState::Finished, at: at(day) + SignedDuration::from_secs(400) },
        ],
        collected: true,
        ..RunRecord::new(identity(id, Some("main")), "checkout", fingerprint())
    }
}

pub(crate) fn verdict(outcome: Outcome, sentence: &str) -> Verdict {
    Verdict { outcome, sentence: sentence.into(), ..Verdict::new(Vec::new()) }
}

/// A results folder with these files.
pub(crate) fn folder(path: &Path, record: &RunRecord, results: &Results, verdict: Option<&Verdict>) -> ResultsFolder {
    let folder = ResultsFolder::new(path);
    folder.write_json(ResultsFolder::RUN, record).unwrap();
    folder.write_json(ResultsFolder::RESULTS, results).unwrap();
    if let Some(verdict) = verdict {
        folder.write_json(ResultsFolder::VERDICT, verdict).unwrap();
    }
    folder
}

/// A good run of that day with one endpoint.
pub(crate) fn good(id: u64, day: i64, p95_ms: f64) -> GoodRun {
    good_with(id, day, vec![endpoint(LOGIN, 1_000, 0, p95_ms)])
}

pub(crate) fn good_with(id: u64, day: i64, endpoints: Vec<Endpoint>) -> GoodRun {
    GoodRun::of(&record(id, day), &results(endpoints), Outcome::Pass).unwrap()
}

pub(crate) fn gates(texts: &[&str]) -> Vec<PlacedGate> {
    let place = |text: &&str| PlacedGate { gate: text.parse().unwrap(), origin: Origin::Flag };
    texts.iter().map(place).collect()
}

/// A history of these runs, in a folder that lives as long as the first value.
pub(crate) fn history_of(runs: &[GoodRun]) -> (tempfile::TempDir, RunHistory) {
    let dir = tempfile::tempdir().unwrap();
    let mut history = RunHistory::open(dir.path()).unwrap();
    for run in runs {
        history.append(run).unwrap();
    }
    (dir, history)
}
