//! How long judging takes: 10,000 endpoints, and the history of an hour as a stream.
//!
//! `cargo bench --bench judge`

use std::fmt::Write;
use std::hint::black_box;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use loadforge_ci::gate::{NoHistory, Options, PlacedGate, judge};
use loadforge_ci::results::{Endpoint, Percentile, Results};
use loadforge_ci::series::StatsHistory;
use loadforge_ci::verdict::Origin;

fn main() {
    divan::main();
}

fn gates(texts: &[&str]) -> Vec<PlacedGate> {
    let gate = |text: &&str| PlacedGate { gate: text.parse().expect("a gate"), origin: Origin::Flag };
    texts.iter().map(gate).collect()
}

fn endpoint(method: &str, name: String) -> Endpoint {
    Endpoint {
        method: method.into(),
        name,
        requests: 5000,
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

/// An hour of Locust's full history: one row a second and endpoint.
fn history(endpoints: usize) -> String {
    let mut text = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,\
                    100%,Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,\
                    Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n"
        .to_owned();
    for second in 0..3600_u64 {
        let users = second.min(100);
        let mut row = |endpoint: &str, requests: u64| {
            write!(
                text,
                "{},{users},{endpoint},13.700000,0.100000,110,130,150,170,220,290,380,460,720,900,900,{requests},{},110,\
                 127.48203948576,12.094857203,912.0394857,1432.5\r\n",
                1_795_336_531 + second,
                second / 10
            )
            .expect("writing to memory");
        };
        for index in 0..endpoints {
            row(&format!("GET,/api/v1/items/{index}/detail"), second * 14);
        }
        row(",Aggregated", second * 14 * endpoints as u64);
    }
    text
}

/// Four gates over every endpoint.
#[divan::bench(args = [100, 10_000])]
fn whole_run(bencher: Bencher<'_, '_>, endpoints: usize) {
    let results = results(endpoints);
    let gates = gates(&[
        "p95 of \"**\" < 500ms",
        "error_rate of \"GET /api/**\" < 1%",
        "warn: avg of \"/api/v1/items/*/detail\" < 500ms",
        "rps of \"**\" > 1/s",
    ]);
    bencher
        .counter(ItemsCount::new(endpoints * gates.len()))
        .bench(|| judge(black_box(&gates), &results, None, &NoHistory, &Options::default()));
}

/// Gates over parts of the run: all requests together, then each of 20 endpoints.
#[divan::bench(args = ["Aggregated", "**"], sample_count = 10)]
fn hour_of_history(bencher: Bencher<'_, '_>, selector: &str) {
    let results = results(20);
    let of = if selector == "**" { " of \"**\"" } else { "" };
    let texts = [
        format!("p95{of} < 500ms after ramp-up"),
        format!("p95{of} < 500ms in 99% of windows"),
        format!("rps{of} > 1/s in 99% of windows after ramp-up"),
        format!("drift(p95){of} < 20%"),
    ];
    let gates = gates(&texts.each_ref().map(String::as_str));
    let text = history(20);
    bencher.counter(BytesCount::new(text.len())).bench(|| {
        judge(
            black_box(&gates),
            &results,
            Some(StatsHistory::text("history.csv", text.as_bytes())),
            &NoHistory,
            &Options::default(),
        )
    });
}

/// What a user waits for: every endpoint of a big run, and the hour's history of all requests together.
#[divan::bench(sample_count = 10)]
fn ten_thousand_endpoints_and_an_hour(bencher: Bencher<'_, '_>) {
    let results = results(10_000);
    let gates =
        gates(&["p95 of \"**\" < 500ms", "error_rate of \"**\" < 1%", "p95 < 500ms after ramp-up", "drift(p95) < 20%"]);
    let text = history(0);
    bencher.bench(|| {
        judge(
            black_box(&gates),
            &results,
            Some(StatsHistory::text("history.csv", text.as_bytes())),
            &NoHistory,
            &Options::default(),
        )
    });
}
