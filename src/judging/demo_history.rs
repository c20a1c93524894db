//! Five good builds of the demo shop, recorded by `benches/demo_shop.rs`, so that a demo has a history to compare with.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::baseline::{GoodRun, HistoryError, RunHistory};
use crate::results::Fingerprint;

/// One good run a line, oldest first.
const RECORDED: &str = include_str!("good_builds.jsonl");

/// Users that ran in the recorded builds.
pub(crate) const USERS: u32 = 100;

/// Users that were started per second.
pub(crate) const SPAWN_RATE: f64 = 50.0;

/// Puts the recorded builds into a history, as builds of the last days of a test with this fingerprint: the shop of each
/// demo listens on another port. Builds that are there already stay.
///
/// # Errors
/// When the history cannot be read or written.
pub(crate) fn seed(folder: &Path, fingerprint: &Fingerprint, now: Timestamp) -> Result<usize, HistoryError> {
    let mut history = RunHistory::open(folder)?;
    let runs = recorded();
    let count = runs.len();
    for (days, mut run) in (1..=count as i64).rev().zip(runs) {
        run.at = now - SignedDuration::from_hours(24 * days);
        run.fingerprint = fingerprint.clone();
        history.append(&run)?;
    }
    Ok(count)
}

fn recorded() -> Vec<GoodRun> {
    // A test reads every line.
    RECORDED.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builds_are_those_of_the_recorded_history() {
        let fixture = std::fs::read_to_string(format!(
            "{}/tests/fixtures/history/demo-shop/history.jsonl",
            env!("CARGO_MANIFEST_DIR")
        ));
        let first: Vec<String> = fixture.unwrap().lines().take(5).map(str::to_owned).collect();
        assert_eq!(RECORDED.lines().collect::<Vec<_>>(), first);
        let runs = recorded();
        assert_eq!(runs.len(), 5);
        for run in &runs {
            let Fingerprint { users, spawn_rate, duration_s, .. } = run.fingerprint;
            assert_eq!((users, spawn_rate, duration_s), (Some(USERS), Some(SPAWN_RATE), Some(15)));
        }
    }

    #[test]
    fn a_second_demo_adds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (fingerprint, now) = (Fingerprint::default(), Timestamp::now());
        assert_eq!(seed(folder.path(), &fingerprint, now).unwrap(), 5);
        seed(folder.path(), &fingerprint, now).unwrap();
        let history = RunHistory::open(folder.path()).unwrap();
        assert_eq!(history.runs().len(), 5);
        assert!(history.runs().windows(2).all(|pair| pair[0].at < pair[1].at));
    }
}
