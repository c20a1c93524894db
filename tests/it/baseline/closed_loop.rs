//! The throughput of all requests in builds of a world: users send, wait for the answer, think and send again, so that a
//! slower environment lowers the throughput of unchanged code.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use loadforge_ci::baseline::model::{Standing, standing};
use loadforge_ci::baseline::{EndpointRecord, GoodRun, LearnedBaseline, Rules, RunHistory, ThisRun};
use loadforge_ci::gate::{BaselineAnswer, BaselineQuery, LimitSource, Measure, Scope};
use loadforge_ci::results::Percentile;
use loadforge_ci::verdict::{Operator, Severity, Shown};

use super::rates::Rate;
use super::worlds::{Drawn, Source, World};

/// How long a run is, s.
const SECONDS: f64 = 300.0;
const USERS: u32 = 50;
/// From this share of waiting on, the throughput is judged.
const BUSY_ENOUGH: f64 = 0.5;
/// A mean is so much longer than the median of log-normal response times with a sigma of 0.6.
const MEAN: f64 = 1.197;
/// Runs of a build.
const RUNS: usize = 2;

/// How often the throughput of all requests fails a build, or leaves it open.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Throughput {
    pub(crate) clean_red: Rate,
    /// Of the builds whose first run was slow as a whole.
    pub(crate) slow_red: Rate,
    pub(crate) slow_open: Rate,
    /// With all endpoints half slower in every run.
    pub(crate) all_slower_red: Rate,
    pub(crate) all_slower_open: Rate,
    /// With one endpoint that takes six times as long.
    pub(crate) one_slower_red: Rate,
}

/// Builds of this world whose users usually spend the share `busy` of their time waiting: judged without and with what the
/// environment explains.
pub(crate) fn throughput(world: &World, busy: f64, trials: u32) -> [Throughput; 2] {
    let mut source = Source::new(77);
    let mut rates = [Throughput::default(); 2];
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..trials {
        let drawn = source.build(world);
        let build = Build::of(world, &drawn, busy, folder.path());
        for (rates, environment) in rates.iter_mut().zip([false, true]) {
            let judge = |all: f64, one: f64| build.judge(&drawn, all, one, environment);
            let clean = judge(1.0, 1.0);
            rates.clean_red.count(clean == Standing::Slower);
            if drawn.slow {
                rates.slow_red.count(clean == Standing::Slower);
                rates.slow_open.count(clean == Standing::Open);
            }
            let all = judge(1.5, 1.0);
            rates.all_slower_red.count(all == Standing::Slower);
            rates.all_slower_open.count(all == Standing::Open);
            rates.one_slower_red.count(judge(1.0, 6.0) == Standing::Slower);
        }
    }
    rates
}

struct Build<'a> {
    world: &'a World,
    history: RunHistory,
    /// How long a user thinks, ms.
    think_ms: f64,
}

impl<'a> Build<'a> {
    fn of(world: &'a World, drawn: &Drawn, busy: f64, folder: &std::path::Path) -> Self {
        let usual = mean_ms(drawn, 0, 1.0, 1.0);
        let think_ms = usual * (1.0 - busy) / busy;
        let lines = (0..world.good_runs).map(|run| {
            let (endpoints, total) = measured(drawn, run, 1.0, 1.0, think_ms);
            serde_json::to_string(&GoodRun { endpoints, total, ..empty_run(run) }).expect("a line") + "\n"
        });
        fs::write(folder.join(RunHistory::FILE), lines.collect::<String>()).expect("a history");
        Self { world, history: RunHistory::open(folder).expect("a history"), think_ms }
    }

    fn judge(&self, drawn: &Drawn, all: f64, one: f64, environment: bool) -> Standing {
        let shown: Vec<Shown> = (0..RUNS).map(|run| self.shown(drawn, run, all, one, environment)).collect();
        match standing(&shown[..1], RUNS) {
            Standing::Undecided => standing(&shown, RUNS),
            decided => decided,
        }
    }

    fn shown(&self, drawn: &Drawn, run: usize, all: f64, one: f64, environment: bool) -> Shown {
        let (endpoints, total) = measured(drawn, self.world.good_runs + run, all, one, self.think_ms);
        let observed = total.requests_per_s.expect("a throughput");
        let example = empty_run(0);
        let this = ThisRun {
            fingerprint: example.fingerprint,
            run: None,
            exact: false,
            rows: 3 * endpoints.len(),
            // Without endpoints nothing shows what the run did to all of them.
            endpoints: if environment { endpoints } else { Vec::new() },
            total: total.clone(),
            commit: None,
            most_runs: RUNS,
            as_long: true,
        };
        let rules = Rules { branch: None, runs: 100, max_age: Duration::from_secs(90 * 86_400), now: example.at };
        let learned = LearnedBaseline::new(&self.history, &rules, &this);
        if learned.busy().is_none_or(|busy| busy < BUSY_ENOUGH) {
            return Shown::default();
        }
        let answer = learned.compare(&BaselineQuery {
            endpoint: None,
            measure: &Measure::Rps,
            scope: Scope::WholeRun,
            observed,
            requests: total.requests,
            failures: 0,
            operator: Operator::GreaterOrEqual,
            change_percent: -20.0,
            severity: Severity::Fail,
        });
        let BaselineAnswer::Limit { limit, shown, .. } = answer else { panic!("{answer:?}") };
        let beyond = observed < limit;
        shown.unwrap_or(Shown { beyond_two: beyond, beyond_three: beyond, ..Shown::default() })
    }
}

fn empty_run(index: usize) -> GoodRun {
    let fingerprint = format!(
        r#"{{"engine":"local","test":"loop","script_sha256":null,"users":{USERS},"spawn_rate":null,"duration_s":300,"regions":{{}},"host":null}}"#
    );
    let line = format!(
        r#"{{"schema_version":1,"run":{{"api":"simulated","id":{index}}},"at":"2026-05-01T00:00:00Z","commit":null,
        "branch":null,"verdict":"pass","fingerprint":{fingerprint},"exact":false,"total":{{"name":"all","requests":0,"failures":0}},"endpoints":[]}}"#
    );
    serde_json::from_str(&line).expect("a run")
}

/// The mean response time of all requests, ms: each endpoint is called equally often.
fn mean_ms(drawn: &Drawn, run: usize, all: f64, one: f64) -> f64 {
    let of = |(endpoint, ms): (usize, &[f64; 2])| ms[0] * MEAN * if endpoint == 0 { all * one } else { all };
    drawn.ms[run].iter().enumerate().map(of).sum::<f64>() / drawn.ms[run].len() as f64
}

/// What a run measured, all endpoints slower by the factor `all` and the first by `one` beside it.
fn measured(drawn: &Drawn, run: usize, all: f64, one: f64, think_ms: f64) -> (Vec<EndpointRecord>, EndpointRecord) {
    let avg_ms = mean_ms(drawn, run, all, one);
    let per_s = f64::from(USERS) * 1_000.0 / (avg_ms + think_ms);
    let each = per_s / drawn.ms[run].len() as f64;
    let endpoints = drawn.ms[run].iter().enumerate().map(|(endpoint, [p50, p95])| {
        let factor = if endpoint == 0 { all * one } else { all };
        let percentiles = BTreeMap::from([(Percentile::P50, p50 * factor), (Percentile::P95, p95 * factor)]);
        EndpointRecord {
            method: "GET".into(),
            name: format!("/{endpoint}"),
            requests: (each * SECONDS) as u64,
            requests_per_s: Some(each),
            avg_ms: Some(p50 * MEAN * factor),
            percentiles,
            ..EndpointRecord::default()
        }
    });
    let total = EndpointRecord {
        name: "all".into(),
        requests: (per_s * SECONDS) as u64,
        requests_per_s: Some(per_s),
        avg_ms: Some(avg_ms),
        ..EndpointRecord::default()
    };
    (endpoints.collect(), total)
}
