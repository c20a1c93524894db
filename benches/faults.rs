//! The whole fault matrix: `cargo bench --bench faults`, with `-- WORDS` for the cells whose name contains them,
//! printed in full.
#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a stand-in that cannot be set up should panic")]

#[path = "../tests/it/faults/instrument/mod.rs"]
mod instrument;

use std::collections::BTreeMap;
use std::process::ExitCode;

use instrument::{Cell, matrix, random_starts};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |cell: &Cell| {
        let name = cell.to_string();
        words.iter().all(|word| name.contains(word.as_str()))
    };
    let cells: Vec<Cell> = matrix().into_iter().chain(random_starts(20_261_127, 1_000)).filter(wanted).collect();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut violated = 0;
    for cell in &cells {
        let aftermath = cell.observe();
        let broken = aftermath.broken();
        if broken.is_empty() {
            continue;
        }
        violated += 1;
        println!("{cell}: {}", broken.join("; "));
        if !words.is_empty() {
            println!("{}", aftermath.story());
        }
        for what in broken {
            let kind: String = what.chars().filter(|c| !c.is_ascii_digit()).collect();
            *kinds.entry(kind).or_default() += 1;
        }
    }
    println!("{} cells, {} hold, {violated} do not", cells.len(), cells.len() - violated);
    for (kind, count) in kinds {
        println!("{count:>6}  {kind}");
    }
    if violated == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
