//! Prints, as Markdown, how often the learned limits turn red for no reason and how often they find a real slow-down:
//! `cargo bench --bench false_alarms`. The model is described in `tests/it/baseline/simulation.rs`.
#![expect(clippy::print_stdout, reason = "the table is the program's output")]

#[path = "../tests/it/baseline/simulation.rs"]
mod simulation;

use simulation::{Slow, World};

const VARIATIONS: [f64; 3] = [0.03, 0.07, 0.12];
const SEED: u64 = 2_026;

/// Under `cargo bench` all of them; `cargo test --benches` only shows that it runs.
fn trials(all: u32) -> u32 {
    if std::env::args().any(|argument| argument == "--bench") { all } else { all / 200 }
}

fn main() {
    gates(1, "One p95 gate");
    gates(60, "One p95 gate among 60 rows (20 endpoints, default gates)");
    builds();
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
            let rates = World::new(SEED, cv).gate(runs, rows, trials(40_000));
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
                let rates = World::new(SEED, cv).build(20, runs, slow, trials(10_000));
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
