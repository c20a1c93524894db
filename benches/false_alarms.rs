//! Prints, as Markdown, how often the learned limits turn red for no reason and how often they find a real slow-down:
//! `cargo bench --bench false_alarms`. The worlds are described in `tests/it/baseline/worlds.rs`; the rule for fewer than
//! five endpoints or good runs is simulated by `tests/it/baseline/simulation.rs`.
#![expect(clippy::print_stdout, reason = "the table is the program's output")]

#[path = "../tests/it/baseline/closed_loop.rs"]
mod closed_loop;
#[path = "../tests/it/baseline/rates.rs"]
mod rates;
#[path = "../tests/it/baseline/simulation.rs"]
mod simulation;
#[path = "../tests/it/baseline/worlds.rs"]
mod worlds;

use rates::{BeforeAfter, Rate, Rates};
use simulation::Slow;
use worlds::{Hits, World};

const VARIATIONS: [f64; 3] = [0.03, 0.07, 0.12];
const SEED: u64 = 2_026;

/// Under `cargo bench` all of them; `cargo test --benches` only shows that it runs.
fn trials(all: u32) -> u32 {
    if std::env::args().any(|argument| argument == "--bench") { all } else { all / 200 }
}

fn main() {
    services();
    throughput();
    gates(1, "One p95 gate");
    gates(60, "One p95 gate among 60 rows (20 endpoints, default gates)");
    builds();
}

/// Whole services: the rule that looks at one endpoint alone (p95, one more run) before, the rule that knows the
/// environment (p50 and p95, up to two more runs) after.
fn services() {
    let trials = trials(4_000);
    println!("## Whole services, before and after\n");
    println!(
        "Percent of {trials} builds, ± one standard error; 20 endpoints with 2,000 requests, 7 % from run to run, 5 good \
         runs and 20 % tolerated where nothing else is said. One endpoint is slowed by 10 to 100 %. Constants were \
         chosen on the first five worlds; those called proving were written afterwards.\n"
    );
    println!(
        "| world | rule | clean red | clean open | +10 % | +20 % | +30 % | +50 % | +100 % | slow environment: red / open \
         | +15 ms: red | runs |"
    );
    println!("|:--|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let worlds = worlds::all();
    std::thread::scope(|scope| {
        let tables: Vec<_> = worlds.iter().map(|world| scope.spawn(move || rates::rates(world, trials))).collect();
        for (world, rates) in worlds.iter().zip(tables) {
            let BeforeAfter { before, after } = rates.join().expect("a world");
            let proving = if world.proving { "**proving:** " } else { "" };
            service(&format!("{proving}{} | before", world.name), world, &before);
            service(" | after", world, &after);
        }
    });
    println!();
}

/// The throughput of all requests together: before, its limit knew nothing of the environment.
fn throughput() {
    let trials = trials(2_000);
    println!("## Throughput of all requests, before and after\n");
    println!(
        "Percent of {trials} builds, ± one standard error, by the row of all requests alone; two runs, 20 % tolerated. The \
         users spend so much of their time waiting.\n"
    );
    println!(
        "| world | waiting | rule | clean red | slow environment: red / open | all endpoints +50 %: red / open \
         | one endpoint × 6: red |"
    );
    println!("|:--|--:|:--|--:|--:|--:|--:|");
    let worlds: Vec<World> = worlds::all().into_iter().filter(|world| world.hits == Hits::All).collect();
    std::thread::scope(|scope| {
        let tables: Vec<_> = worlds
            .iter()
            .flat_map(|world| [0.6, 0.95].map(|busy| (world, busy)))
            .map(|(world, busy)| (world, busy, scope.spawn(move || closed_loop::throughput(world, busy, trials))))
            .collect();
        for (world, busy, rates) in tables {
            for (rule, rates) in ["before", "after"].into_iter().zip(rates.join().expect("a world")) {
                println!(
                    "| {} | {:.0} % | {rule} | {} | {} / {} | {} / {} | {} |",
                    world.name,
                    100.0 * busy,
                    with_error(rates.clean_red),
                    with_error(rates.slow_red),
                    with_error(rates.slow_open),
                    with_error(rates.all_slower_red),
                    with_error(rates.all_slower_open),
                    with_error(rates.one_slower_red),
                );
            }
        }
    });
    println!();
}

fn service(name: &str, world: &World, rates: &Rates) {
    let found: Vec<String> = rates.found.iter().map(|rate| with_error(*rate)).collect();
    let slow = match world.hits {
        Hits::All => format!("{} / {}", with_error(rates.slow_red), with_error(rates.slow_open)),
        Hits::Each => "–".to_owned(),
    };
    println!(
        "| {name} | {} | {} | {} | {slow} | {} | {:.2} |",
        with_error(rates.clean_red),
        with_error(rates.clean_open),
        found.join(" | "),
        with_error(rates.delay_red),
        rates.runs()
    );
}

/// Percent and its Monte Carlo error, at least that of one hit.
fn with_error(rate: Rate) -> String {
    let (hits, of) = (f64::from(rate.hits.clamp(1, rate.of.max(2) - 1)), f64::from(rate.of.max(2)));
    let error = 100.0 * (hits / of * (1.0 - hits / of) / of).sqrt();
    format!("{:.2} ± {error:.2}", rate.percent())
}

fn gates(rows: usize, title: &str) {
    println!("## {title}\n");
    println!(
        "Percent of 40,000 builds. Below five good runs a miss is a warning; the figures count it as if it failed.\n"
    );
    println!(
        "| run-to-run | good runs | false, one run | false, confirmed | false, confirmed, slowness persists \
         | finds +30 % | finds +50 % | finds +100 % | +10 % vs last: false, one run | +10 % vs last: false, confirmed |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for cv in VARIATIONS {
        for runs in 0..=20 {
            if runs == 0 {
                println!("| {:.0} % | 0 | no baseline | – | – | – | – | – | – | – |", cv * 100.0);
                continue;
            }
            let rates = simulation::World::new(SEED, cv).gate(runs, rows, trials(40_000));
            let [third, half, double] = rates.found.map(percent);
            println!(
                "| {:.0} % | {runs} | {} | {} | {} | {third} | {half} | {double} | {} | {} |",
                cv * 100.0,
                percent(rates.one_shot),
                percent(rates.confirmed),
                percent(rates.persisting),
                percent(rates.naive_one_shot),
                percent(rates.naive_confirmed),
            );
        }
    }
    println!();
}

fn builds() {
    println!("## A clean build: 20 endpoints, p95, throughput and error rate of each\n");
    println!("Percent of 10,000 builds that turn red.\n");
    println!(
        "| slow runs hit | run-to-run | good runs | one run | confirmed | confirmed, slowness persists \
         | +10 % vs last, one run | +10 % vs last, confirmed |"
    );
    println!("|:--|--:|--:|--:|--:|--:|--:|--:|");
    for (slow, name) in [(Slow::EachEndpoint, "each endpoint alone"), (Slow::AllAtOnce, "all endpoints at once")] {
        for cv in VARIATIONS {
            for runs in [1, 3, 5, 8, 12, 20] {
                let rates = simulation::World::new(SEED, cv).build(20, runs, slow, trials(10_000));
                println!(
                    "| {name} | {:.0} % | {runs} | {} | {} | {} | {} | {} |",
                    cv * 100.0,
                    percent(rates.one_shot),
                    percent(rates.confirmed),
                    percent(rates.persisting),
                    percent(rates.naive_one_shot),
                    percent(rates.naive_confirmed),
                );
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}
