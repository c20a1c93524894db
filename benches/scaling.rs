//! How the time grows with the size of everything that can grow: `cargo bench --bench scaling`.
//!
//! Each line is one size, its time (the least of a few), and by which factor time and size grew from the size before:
//! a factor of the time far above that of the size is work that grows faster than its input.
#![expect(clippy::print_stdout, reason = "the table is the program's output")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up should panic")]

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use loadforge_ci::baseline::{EndpointRecord, GoodRun, HistoryIndex, Rules, RunHistory, RunName, ThisRun, backtest};
use loadforge_ci::gate::{NoHistory, Options, PlacedGate, default_gates, judge};
use loadforge_ci::loadforge::add_exact;
use loadforge_ci::report::{FORMATS, Links, Story};
use loadforge_ci::results::{
    Endpoint, ExactEndpoint, Extension, Failure, Fingerprint, Histogram, Percentile, Results, TimePoint,
};
use loadforge_ci::series::{SeriesPlan, StatsHistory};
use loadforge_ci::verdict::{Origin, Outcome};

/// Under `cargo bench` all sizes; `cargo test --benches` only shows that it runs.
fn sizes(all: &[usize]) -> &[usize] {
    if std::env::args().any(|argument| argument == "--bench") { all } else { &all[..1] }
}

/// Prints the times of one kind of work over its sizes. `prepare` is not measured.
fn grow<T>(what: &str, all: &[usize], prepare: impl Fn(usize) -> T, work: impl Fn(&mut T)) {
    let mut before: Option<(usize, Duration)> = None;
    for &size in sizes(all) {
        let least = (0..3)
            .map(|_| {
                let mut input = prepare(size);
                let start = Instant::now();
                work(black_box(&mut input));
                start.elapsed()
            })
            .min()
            .unwrap();
        let factors = before.map_or_else(String::new, |(smaller, time)| {
            format!(
                "size × {:.0}, time × {:.1}",
                size as f64 / smaller as f64,
                least.as_secs_f64() / time.as_secs_f64()
            )
        });
        println!("| {what} | {size} | {:.2} ms | {factors} |", least.as_secs_f64() * 1000.0);
        before = Some((size, least));
    }
}

const ENDPOINTS: [usize; 4] = [10, 1_000, 10_000, 40_000];

fn main() {
    println!("| work | size | time | growth |\n|:--|--:|--:|:--|");
    grow("exact times put into results, endpoints", &ENDPOINTS, exact, |(results, extension)| {
        add_exact(results, std::mem::take(extension));
    });
    grow(
        "history CSV, gate on all requests, findings and timeline, rows",
        &[60_000, 240_000, 960_000],
        history,
        |text| {
            let results = results(20);
            let mut plan = SeriesPlan::default();
            plan.want_findings(&results);
            plan.want_timeline();
            black_box(plan.read(Some(StatsHistory::text("history.csv", text.as_bytes()))));
        },
    );
    grow("history CSV, `**` windows, rows", &[60_000, 240_000, 960_000], history, |text| {
        let gates = [gate("p95 of \"**\" < 500ms in 99% of windows")];
        let history = StatsHistory::text("history.csv", text.as_bytes());
        black_box(judge(&gates, &results(20), Some(history), &NoHistory, &Options::default()));
    });
    grow("two `**` gates and all reports, endpoints", &ENDPOINTS, results, |results| {
        let gates = [gate("p95 of \"**\" < 500ms"), gate("error_rate of \"**\" < 1%")];
        let verdict = judge(&gates, results, None, &NoHistory, &Options::default());
        let links = Links::default();
        let story = Story { verdict: &verdict, results, run: None, links: &links, background: None };
        for format in FORMATS {
            black_box((format.render)(&story, None).unwrap());
        }
    });
    grow("a gate that matches nothing, endpoints", &ENDPOINTS, results, |results| {
        let gates = [gate("p95 of \"GET /api/v1/itms/5000/detail\" < 500ms")];
        black_box(judge(&gates, results, None, &NoHistory, &Options::default()));
    });
    grow("report.html with failure texts", &[10, 1_000, 10_000, 50_000], failing, |results| {
        let verdict = judge(&[gate("p95 < 500ms")], results, None, &NoHistory, &Options::default());
        let links = Links::default();
        black_box(loadforge_ci::report::html::page(&Story {
            verdict: &verdict,
            results,
            run: None,
            links: &links,
            background: None,
        }));
    });
    grow(
        "run history, 20 of so many runs of 1,000 endpoints compared",
        &[20, 80, 320],
        |runs| stored(runs, 1_000, 1),
        |dir| {
            let index = HistoryIndex::open(dir.path()).unwrap();
            let run = good(1_000_000, 1, 1);
            let this = ThisRun {
                fingerprint: run.fingerprint,
                run: None,
                commit: None,
                exact: true,
                rows: 1,
                endpoints: Vec::new(),
                total: run.total,
                most_runs: 1,
                as_long: true,
            };
            black_box(index.comparable(&rules(), &this).unwrap());
        },
    );
    grow(
        "`baseline add` to so many runs of 1,000 endpoints",
        &[20, 80, 320],
        |runs| stored(runs, 1_000, 1),
        |dir| {
            HistoryIndex::open(dir.path()).unwrap().append(&good(1_000_000, 1_000, 1)).unwrap();
        },
    );
    grow(
        "`baseline backtest`, runs of 50 fingerprints",
        &[50, 500, 5_000],
        |runs| stored(runs, 5, 50),
        |dir| {
            let history = RunHistory::open(dir.path()).unwrap();
            black_box(backtest(&history, &default_gates(), &rules()));
        },
    );
}

fn gate(text: &str) -> PlacedGate {
    PlacedGate { gate: text.parse().unwrap(), origin: Origin::Flag }
}

fn endpoint(method: &str, name: String) -> Endpoint {
    Endpoint {
        method: method.into(),
        name,
        requests: 5_000,
        failures: 3,
        median_ms: Some(120.0),
        avg_ms: Some(130.0),
        requests_per_s: Some(1.4),
        percentiles: Percentile::LOCUST
            .into_iter()
            .map(|percentile| (percentile, 5.0 * percentile.percent()))
            .collect(),
        ..Endpoint::default()
    }
}

fn results(endpoints: usize) -> Results {
    let endpoints = (0..endpoints).map(|index| endpoint("GET", format!("/api/v1/items/{index}/detail"))).collect();
    Results::new(endpoint("", "Aggregated".into()), endpoints)
}

fn exact(endpoints: usize) -> (Results, Extension) {
    let times: Histogram = (0..40).map(|index| (10_000 + index * 500, 3)).collect();
    let exact = |index| ExactEndpoint {
        method: "GET".into(),
        name: format!("/api/v1/items/{index}/detail"),
        passed: times.clone(),
        failed: Histogram::default(),
    };
    (results(endpoints), Extension { endpoints: (0..endpoints).map(exact).collect(), ..Extension::default() })
}

/// A history of 20 endpoints with so many rows.
fn history(rows: usize) -> String {
    let mut text = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,\
                    100%,Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,\
                    Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n"
        .to_owned();
    for second in 0..rows / 21 {
        for index in 0..21 {
            let (endpoint, requests) = match index {
                20 => (",Aggregated".to_owned(), second * 280),
                _ => (format!("GET,/api/v1/items/{index}/detail"), second * 14),
            };
            write!(
                text,
                "{},{},{endpoint},13.700000,0.100000,110,130,150,170,220,290,380,460,720,900,900,{requests},{},110,\
                 127.48203948576,12.094857203,912.0394857,1432.5\r\n",
                1_795_336_531 + second,
                second.min(100),
                second / 10
            )
            .unwrap();
        }
    }
    text
}

/// Results with so many different failure texts.
fn failing(texts: usize) -> Results {
    let mut results = results(10);
    let moment = |index: usize| Some((1_795_336_531 + index % 600).to_string());
    results.failures = (0..texts)
        .map(|index| {
            let failure =
                Failure::new("GET", "/api/v1/items/1/detail", format!("HTTPError('503 Server Error: {index}')"), 1);
            failure.seen(moment(index), moment(index + 2))
        })
        .collect();
    let point = |second: i64| TimePoint { t_s: 1_795_336_531 + second, users: 10, ..TimePoint::default() };
    results.timeline.points = (0..600).map(point).collect();
    results
}

fn rules() -> Rules {
    let now = Timestamp::from_second(1_795_336_531 + 86_400 * 30).unwrap();
    Rules { branch: None, runs: 20, max_age: Duration::from_secs(86_400 * 365), now }
}

fn good(id: u64, endpoints: usize, kinds: u64) -> GoodRun {
    let mut total = EndpointRecord::of(&endpoint("", "Aggregated".into()));
    total.requests += id % 7;
    GoodRun {
        schema_version: 1,
        run: RunName { api: "https://app.loadforge.com/api/v2".into(), id },
        at: Timestamp::from_second(1_795_336_531 + id as i64 * 60).unwrap(),
        commit: None,
        branch: None,
        verdict: Outcome::Pass,
        fingerprint: Fingerprint { users: Some((id % kinds) as u32), ..Fingerprint::default() },
        link: None,
        exact: false,
        total,
        endpoints: results(endpoints).endpoints.iter().map(EndpointRecord::of).collect(),
    }
}

/// A folder with a history of so many runs.
fn stored(runs: usize, endpoints: usize, kinds: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let line = |id| serde_json::to_string(&good(id, endpoints, kinds)).unwrap() + "\n";
    std::fs::write(dir.path().join(RunHistory::FILE), (0..runs as u64).map(line).collect::<String>()).unwrap();
    dir
}
