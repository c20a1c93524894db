//! Forty runs of unchanged code of two services, recorded with real Locust on a busy machine (`cargo bench --bench
//! record_services`), replayed: each run in turn is a build, with the next two as its confirming runs, judged against all
//! the others.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use loadforge_ci::baseline::{
    EndpointRecord, GoodRun, LearnedBaseline, Rules, RunHistory, ThisRun, combine, needs_another,
};
use loadforge_ci::gate::{self, Options, default_gates};
use loadforge_ci::results::{Endpoint, EndpointKey, Results};
use loadforge_ci::verdict::{OnInconclusive, Outcome, Row, Verdict};

/// Runs of a build, the first included.
const MOST_RUNS: usize = 3;

/// The slow-down of one endpoint that is to be found.
const SLOWER: f64 = 1.5;

fn folder(service: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/history").join(service)
}

/// The recorded runs of a service, in the order in which they were made.
struct Service {
    name: &'static str,
    runs: Vec<GoodRun>,
}

/// What became of a build.
#[derive(Debug, Default, PartialEq)]
struct Replay {
    /// What failed: subject and measure.
    red: Vec<(String, String)>,
    open: bool,
}

impl Service {
    fn recorded(name: &'static str) -> Self {
        Self { name, runs: RunHistory::open(folder(name)).unwrap().runs().to_vec() }
    }

    /// The endpoints, in the order of the first run.
    fn endpoints(&self) -> Vec<EndpointKey> {
        self.runs[0].endpoints.iter().map(EndpointRecord::key).collect()
    }

    /// The runs of the build whose first run is this one.
    fn of_build(&self, first: usize) -> Vec<usize> {
        (first..first + MOST_RUNS).map(|index| index % self.runs.len()).collect()
    }

    /// The history without the runs of a build.
    fn without(&self, of_build: &[usize]) -> RunHistory {
        let others = (0..self.runs.len()).filter(|index| !of_build.contains(index));
        let lines = others.map(|index| serde_json::to_string(&self.runs[index]).unwrap() + "\n");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(RunHistory::FILE), lines.collect::<String>()).unwrap();
        RunHistory::open(folder.path()).unwrap()
    }

    /// A build: as it was, or with one endpoint slower in all its runs.
    fn build(&self, history: &RunHistory, of_build: &[usize], slower: Option<&EndpointKey>) -> Replay {
        let judged = |index: &usize| judged(history, &changed(&self.runs[*index], slower));
        let first = judged(&of_build[0]);
        let mut further = Vec::new();
        while needs_another(&first, &further, MOST_RUNS) {
            further.push(judged(&of_build[further.len() + 1]));
        }
        let verdict = combine(&first, &further, MOST_RUNS, None, None, OnInconclusive::Fail).verdict;
        let failed = |row: &Row| (row.subject.to_string(), row.measure.clone());
        let red = verdict.rows_with(Outcome::Fail).map(failed).collect();
        Replay { red, open: verdict.outcome == Outcome::Inconclusive }
    }
}

/// A run whose one endpoint took longer, everything else left as it was measured.
fn changed(run: &GoodRun, slower: Option<&EndpointKey>) -> GoodRun {
    let mut run = run.clone();
    for one in run.endpoints.iter_mut().filter(|one| slower == Some(&one.key())) {
        one.avg_ms = one.avg_ms.map(|ms| ms * SLOWER);
        one.percentiles.values_mut().for_each(|ms| *ms *= SLOWER);
    }
    run
}

/// The default gates on a run, compared with every run of a history.
fn judged(history: &RunHistory, run: &GoodRun) -> Verdict {
    let last = history.runs().last().unwrap().at.max(run.at);
    let rules = Rules { branch: Some("main".into()), runs: 100, max_age: Duration::from_secs(90 * 86_400), now: last };
    let gates = default_gates();
    let this = ThisRun {
        fingerprint: run.fingerprint.clone(),
        run: None,
        exact: run.exact,
        // p50, p95 and the error rate of each endpoint.
        rows: 3 * run.endpoints.len(),
        endpoints: run.endpoints.clone(),
        total: run.total.clone(),
        commit: None,
        most_runs: MOST_RUNS,
        as_long: true,
    };
    let results = Results::new(measured(&run.total), run.endpoints.iter().map(measured).collect());
    let learned = LearnedBaseline::new(history, &rules, &this);
    gate::judge(&gates, &results, None, &learned, &Options::default())
}

fn measured(one: &EndpointRecord) -> Endpoint {
    Endpoint {
        method: one.method.clone(),
        name: one.name.clone(),
        requests: one.requests,
        failures: one.failures,
        requests_per_s: one.requests_per_s,
        avg_ms: one.avg_ms,
        percentiles: one.percentiles.clone(),
        ..Endpoint::default()
    }
}

fn services() -> [Service; 2] {
    ["demo-shop-40", "cpu-bound-40"].map(Service::recorded)
}

#[test]
fn forty_runs_of_each_service_are_kept_with_what_a_comparison_needs() {
    for Service { name, runs } in services() {
        assert!(runs.len() >= 40, "{name}: {}", runs.len());
        let first = &runs[0];
        assert!(first.endpoints.len() >= 8, "{name}");
        let alike = |run: &GoodRun| {
            let enough = run.endpoints.iter().all(|one| one.requests >= 59 && one.percentiles.len() == 2);
            run.fingerprint == first.fingerprint && run.endpoints.len() == first.endpoints.len() && enough
        };
        assert!(runs.iter().all(alike), "{name}");
        let bytes = fs::metadata(folder(name).join(RunHistory::FILE)).unwrap().len();
        assert!(bytes < 3_000 * runs.len() as u64, "{name}: {bytes} bytes");
    }
}

/// Open is allowed: the machine was shared, and whole runs were slow. Response times and throughput both fall with it.
#[test]
fn no_build_of_unchanged_code_is_red() {
    let mut red = Vec::new();
    for service in services() {
        let mut open = 0;
        for first in 0..service.runs.len() {
            let of_build = service.of_build(first);
            let build = service.build(&service.without(&of_build), &of_build, None);
            red.extend(
                build.red.iter().map(|(subject, measure)| format!("{} {first}: {measure} of {subject}", service.name)),
            );
            open += usize::from(build.open);
        }
        println!("{}: {open} of {} unchanged builds are open", service.name, service.runs.len());
    }
    assert_eq!(red, Vec::<String>::new());
}

/// What `reference_rule.py` found in the same runs: a line for each run, with a digit for each endpoint.
#[test]
fn an_endpoint_that_is_half_slower_is_found_wherever_the_reference_rule_finds_it() {
    for service in services() {
        let reference = fs::read_to_string(folder(service.name).join("reference.txt")).unwrap();
        let lines: Vec<&str> = reference.lines().collect();
        assert_eq!(lines.len(), service.runs.len(), "{}", service.name);
        let endpoints = service.endpoints();
        let (mut by_reference, mut missed) = (0, Vec::new());
        for (first, line) in lines.iter().enumerate() {
            let (_, digits) = line.split_once(' ').unwrap();
            assert_eq!(digits.len(), endpoints.len(), "{}", service.name);
            let of_build = service.of_build(first);
            let history = service.without(&of_build);
            for (_, endpoint) in digits.chars().zip(&endpoints).filter(|(digit, _)| *digit == '1') {
                by_reference += 1;
                let build = service.build(&history, &of_build, Some(endpoint));
                if !build.red.iter().any(|(subject, _)| *subject == endpoint.to_string()) {
                    missed.push(format!("run {first}: {endpoint}"));
                }
            }
        }
        assert!(by_reference >= 25, "{}: {by_reference}", service.name);
        assert!(missed.is_empty(), "{}: {missed:?}", service.name);
    }
}
