//! Prints, as Markdown, how often the search for change points is wrong and how soon it finds a slower endpoint:
//! `cargo bench --bench change_points`. With `-- --series FILE` it writes the series that `scripts/compare-otava` hands to
//! apache-otava, each with what this program says of it, as JSON.
#![expect(clippy::print_stdout, reason = "the table is the program's output")]

#[path = "../tests/it/baseline/series.rs"]
mod series;
#[expect(dead_code, reason = "other programs need to know which builds are slow")]
#[path = "../tests/it/baseline/worlds.rs"]
mod worlds;

use std::fs::File;
use std::io::BufWriter;

use loadforge_ci::baseline::GoodRun;
use loadforge_ci::results::Percentile;
use serde_json::{Value, json};
use series::{BUILDS, SLOWER_AT, false_changes, found, seen};
use worlds::{Source, World};

const SEED: u64 = 9;
const SIZES: [f64; 3] = [1.1, 1.2, 1.3];
/// Series of each kind that are compared.
const COMPARED: usize = 60;

/// Under `cargo bench` all of them; `cargo test --benches` only shows that it runs.
fn trials(all: usize) -> usize {
    if std::env::args().any(|argument| argument == "--bench") { all } else { 1 }
}

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--series");
    match (arguments.next(), arguments.next()) {
        (Some(_), Some(path)) => write(&path),
        _ => table(),
    }
}

fn table() {
    let trials = trials(100);
    println!("## Change points\n");
    println!(
        "Percent of builds of unchanged code whose report shows a change (new: and the one before did not), from {trials} \
         series of 60 builds looked at from the 15th on; then one endpoint slower from the 30th build on, in {trials} \
         series: found after 4 / 6 / 10 / 20 new builds, builds until it is found (median), and how often the right build \
         is named (or one beside it).\n"
    );
    println!(
        "| world | builds | shown | new | +10 % | builds | right (±1) | +20 % | builds | right (±1) | +30 % | builds | right (±1) |"
    );
    println!("|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let worlds = worlds::all();
    std::thread::scope(|scope| {
        let rows: Vec<_> = worlds.iter().map(|world| scope.spawn(move || row(world, trials))).collect();
        for row in rows {
            println!("{}", row.join().expect("a world"));
        }
    });
}

fn row(world: &World, trials: usize) -> String {
    let none = false_changes(world, SEED, trials, 1);
    let (shown, new) = (100.0 * none.shown, 100.0 * none.new);
    let mut row = format!("| {} | {} | {shown:.2} | {new:.2} |", world.name, none.builds);
    for size in SIZES {
        let found = found(world, SEED, trials, size);
        let within = found.within.map(|share| format!("{:.0}", 100.0 * share)).join(" / ");
        row += &format!(" {within} | {} | {:.0} ({:.0}) |", found.delay, 100.0 * found.exact, 100.0 * found.off_by_one);
    }
    row
}

/// Writes the p95 of the first endpoint of each series, and the build that this program names after each new build.
fn write(path: &str) {
    let usual = &worlds::all()[1];
    let mut all: Vec<Value> = Vec::new();
    for factor in [1.0].into_iter().chain(SIZES) {
        let mut source = Source::new(SEED);
        for _ in 0..trials(COMPARED) {
            let builds = series::series(&mut source, usual, factor);
            let ours: Vec<Option<u64>> = (SLOWER_AT..BUILDS).map(|last| named(&builds[..=last])).collect();
            let values: Vec<f64> = builds.iter().map(p95).collect();
            let steady: Vec<f64> = builds.iter().map(shared).collect();
            all.push(
                json!({ "factor": factor, "slower_at": SLOWER_AT, "p95_ms": values, "run": steady, "ours": ours }),
            );
        }
    }
    let file = BufWriter::new(File::create(path).expect("a file that can be written"));
    serde_json::to_writer(file, &all).expect("series");
}

/// The build since which the first endpoint is slower.
fn named(builds: &[GoodRun]) -> Option<u64> {
    seen(builds).into_iter().find(|change| change.endpoint.name == "/0").map(|change| change.since.first_bad.run_id)
}

fn p95(build: &GoodRun) -> f64 {
    build.endpoints[0].percentiles[&Percentile::P95]
}

/// The geometric mean of all other endpoints' p95, which shows what the run did to all.
fn shared(build: &GoodRun) -> f64 {
    let others = &build.endpoints[1..];
    (others.iter().map(|one| one.percentiles[&Percentile::P95].ln()).sum::<f64>() / others.len() as f64).exp()
}
