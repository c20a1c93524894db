//! Judges the demo shop against its own history, on this machine with real Locust, and prints what became of each
//! build: `cargo bench --bench demo_shop [-- FOLDER]` (about twelve minutes; FOLDER receives the history).
//!
//! Five good builds, then twenty of the unchanged shop, then one whose login takes 60 % longer; each is judged by the
//! default gates with `--confirm`. Last come three builds that only a written gate let through, for `backtest` to find.
#![expect(clippy::print_stdout, reason = "the table is the program's output")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up should panic")]

#[path = "../tests/it/background.rs"]
mod background;
#[path = "../tests/it/open_shop.rs"]
mod open_shop;
#[path = "../tests/shop/pipeline.rs"]
mod pipeline;
#[path = "../tests/it/tool.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod tool;

use loadforge_ci::baseline::{EndpointRecord, GoodRun, RunHistory};
use loadforge_ci::demo::shop::Fault;
use loadforge_ci::gate::Measure;
use loadforge_ci::results::Percentile;
use loadforge_ci::verdict::Outcome;

use pipeline::{Build, Pipeline};

const BASELINE: usize = 5;
const TRIES: usize = 20;

fn main() {
    // `cargo test --benches` only shows that it compiles and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut pipeline = Pipeline::new();
    println!("| build | exit code | failed | warned | second run |\n|:--|--:|:--|:--|:--|");
    for number in 1..=BASELINE {
        tell(&format!("baseline {number}"), &pipeline.good_build(&[]));
    }
    let mut red = 0;
    for number in 1..=TRIES {
        let build = pipeline.build(&["--confirm"]);
        tell(&format!("unchanged {number}"), &build);
        match build.gate.code {
            0 => drop(pipeline.command(&["baseline", "add"]).expect(0)),
            _ => red += 1,
        }
    }
    pipeline.shop_gets(vec![Fault::SlowLogin { factor: 1.6 }]);
    tell("login +60 %", &pipeline.build(&["--confirm"]));
    println!(
        "\n{red} of {TRIES} unchanged builds turned red; by \"p95 +10 % vs the last run\" {}.\n",
        naive(&pipeline)
    );

    for fault in [Fault::SlowLogin { factor: 1.4 }, Fault::RateLimit { share: 0.03 }, Fault::AllSlower { factor: 1.5 }]
    {
        pipeline.shop_gets(vec![fault]);
        pipeline.good_build(&["--gate", "p95 < 2s"]);
    }
    println!("{}", pipeline.command(&["baseline", "show"]).expect(0).stdout);
    println!("{}", pipeline.command(&["baseline", "backtest"]).expect(0).stdout);
    if let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) {
        std::fs::create_dir_all(&folder).unwrap();
        let from = pipeline.path("loadforge-history").join(RunHistory::FILE);
        std::fs::copy(from, format!("{folder}/{}", RunHistory::FILE)).unwrap();
    }
}

fn tell(name: &str, build: &Build) {
    let rows = |outcome| {
        let rows: Vec<String> = build
            .verdict
            .rows_with(outcome)
            .map(|row| format!("{} {} {} ({})", row.subject, row.measure, row.observed_text(), row.limit_text()))
            .collect();
        if rows.is_empty() { "–".to_owned() } else { rows.join(", ") }
    };
    let second = build.verdict.confirmation.as_ref().map_or("–", |second| second.cost.as_str());
    println!("| {name} | {} | {} | {} | {second} |", build.gate.code, rows(Outcome::Fail), rows(Outcome::Warn));
}

/// How many of the unchanged builds a limit of 10 % above the last run would have stopped.
fn naive(pipeline: &Pipeline) -> usize {
    let history = RunHistory::open(pipeline.path("loadforge-history")).unwrap();
    let p95 = |one: &EndpointRecord| one.value(&Measure::Percentile(Percentile::P95));
    let slower = |pair: &[GoodRun]| {
        pair[1].endpoints.iter().any(|now| {
            let last = pair[0].endpoints.iter().find(|last| last.key() == now.key());
            last.and_then(p95).zip(p95(now)).is_some_and(|(last, now)| now > 1.1 * last)
        })
    };
    history.runs()[BASELINE - 1..].windows(2).filter(|pair| slower(pair)).count()
}
