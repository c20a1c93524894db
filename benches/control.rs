//! Tells slow code from a slow machine, on this machine with real Locust, and prints what became of each build:
//! `cargo bench --bench control` (about fifteen minutes).
//!
//! Ten good builds of the checkout, then builds in which the machine is busy beside the shop, one endpoint is slow, or
//! the code makes everything slow; each with and without a control run against a second, healthy shop.
#![expect(clippy::print_stdout, reason = "the table is the program's output")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up should panic")]

#[path = "../tests/it/background.rs"]
mod background;
#[path = "../tests/it/open_shop.rs"]
mod open_shop;
#[path = "../tests/shop/pipeline.rs"]
#[expect(dead_code, reason = "the other benches need more of it")]
mod pipeline;
#[path = "../tests/it/tool.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod tool;

use std::process::{Child, Command, Stdio};

use loadforge_ci::demo::scripts::CHECKOUT;
use loadforge_ci::demo::shop::Fault;
use loadforge_ci::verdict::Outcome;

use open_shop::OpenShop;
use pipeline::{Build, Pipeline};

const GOOD: usize = 10;
const TRIES: usize = 3;

/// Processes that keep the processors busy while this value lives.
struct BusyMachine(Vec<Child>);

impl BusyMachine {
    fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let burn = || Command::new("sh").args(["-c", "while :; do :; done"]).stdout(Stdio::null()).spawn().unwrap();
        Self((0..2 * processors).map(|_| burn()).collect())
    }
}

impl Drop for BusyMachine {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// How many builds ended in each way.
#[derive(Default)]
struct Ends {
    red: usize,
    open: usize,
    green: usize,
}

fn main() {
    // `cargo test --benches` only shows that it compiles and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut pipeline = Pipeline::of(CHECKOUT);
    let known_good = OpenShop::new();
    let host = known_good.url();
    let control = ["--control-host", host.as_str()];
    println!("| build | exit code | failed | evidence |\n|:--|--:|:--|:--|");
    for number in 1..=GOOD {
        tell(&format!("good {number}"), &pipeline.good_build(&[]));
    }
    let mut all = Vec::new();
    for (name, flags) in [("without control", &[][..]), ("with control", &control[..])] {
        let mut ends = Ends::default();
        for _ in 0..TRIES {
            let _busy = BusyMachine::new();
            count(&mut ends, &format!("busy machine, {name}"), &pipeline.build(flags));
        }
        all.push((format!("busy machine, {name}"), ends));
    }
    for (what, fault) in
        [("login +60 %", Fault::SlowLogin { factor: 1.6 }), ("code +60 % everywhere", Fault::AllSlower { factor: 1.6 })]
    {
        pipeline.shop_gets(vec![fault]);
        for (name, flags) in [("without control", &[][..]), ("with control", &control[..])] {
            let mut ends = Ends::default();
            for _ in 0..TRIES {
                count(&mut ends, &format!("{what}, {name}"), &pipeline.build(flags));
            }
            all.push((format!("{what}, {name}"), ends));
        }
    }
    println!("\n| {TRIES} builds each | red | open | green |\n|:--|--:|--:|--:|");
    for (name, Ends { red, open, green }) in all {
        println!("| {name} | {red} | {open} | {green} |");
    }
}

fn count(ends: &mut Ends, name: &str, build: &Build) {
    tell(name, build);
    match build.gate.code {
        1 => ends.red += 1,
        3 => ends.open += 1,
        _ => ends.green += 1,
    }
}

fn tell(name: &str, build: &Build) {
    let failed: Vec<String> = build
        .verdict
        .rows_with(Outcome::Fail)
        .map(|row| format!("{} {} {} ({})", row.subject, row.measure, row.observed_text(), row.limit_text()))
        .collect();
    let failed = if failed.is_empty() { "–".to_owned() } else { failed.join(", ") };
    let evidence = build.verdict.evidence.as_deref().unwrap_or("–");
    println!("| {name} | {} | {failed} | {evidence} |", build.gate.code);
}
