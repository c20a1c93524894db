//! The fuzz targets on stable: each one's body over seeds and a few hundred mutations of each, the same every time.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use std::collections::BTreeSet;

use crate::tool::fixture;

/// Mutations of each seed.
const ROUNDS: usize = 150;

/// Pieces that often break a parser.
const PIECES: [&[u8]; 14] = [
    b"\"",
    b"\\",
    b"\n",
    b",",
    b"-1",
    b"NaN",
    b"99999999999999999999",
    b"\xff\xfe",
    b"\0",
    b"{{",
    b"${",
    b"[",
    b"\xc3",
    b"1e999",
];

/// Hands each seed and its mutations to a body: cut, repeated, with a piece put in, with a byte changed.
fn run(seeds: &[&[u8]], body: impl Fn(&[u8])) {
    let mut random = fastrand::Rng::with_seed(11);
    for seed in seeds {
        body(seed);
        for _ in 0..ROUNDS {
            let mut input = seed.to_vec();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..=input.len());
                match random.u8(..4) {
                    0 => input.truncate(at),
                    1 => drop(input.splice(at..at, PIECES[random.usize(..PIECES.len())].iter().copied())),
                    2 => input.extend_from_within(at..),
                    _ => {
                        if let Some(byte) = input.get_mut(at) {
                            *byte = random.u8(..);
                        }
                    }
                }
            }
            body(&input);
        }
    }
}

/// The same for a body that takes text.
fn run_text(seeds: &[&str], body: impl Fn(&str)) {
    let seeds: Vec<&[u8]> = seeds.iter().map(|seed| seed.as_bytes()).collect();
    run(&seeds, |input| body(&String::from_utf8_lossy(input)));
}

fn csv(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(fixture("locust/errors/s1_basic").join(name)).unwrap();
    bytes[..bytes.len().min(4000)].to_vec()
}

#[test]
fn gates() {
    run_text(
        &[
            "p95 of \"POST /login\" < 800ms",
            "warn: rps >= -15% vs baseline",
            "errors(5xx) < 1% after ramp-up in 99% of windows",
        ],
        bodies::gate,
    );
}

#[test]
fn csv_files() {
    run(&[&csv("run_stats.csv")], bodies::stats_csv);
    run(&[&csv("run_stats_history.csv")], bodies::history_csv);
    run(&[&csv("run_failures.csv")], bodies::failures_csv);
}

#[test]
fn answers_of_the_service() {
    let row = br#"{"id": 13, "run_status": "3", "failures": "12(0.94%)", "requests": "1,279", "results_csv_stats": "Type,Name\n"}"#;
    run(&[row, br#"{"data": {"run_status": 2, "x_loadforge_ci": {"endpoints": []}}}"#], bodies::api_result);
}

#[test]
fn configurations() {
    let whole = b"test:\n  id: 4217\n  duration: 5m\n  target_host: ${HOST}\n  env: [A]\ngates:\n  - p95 < 500ms\n  - warn: rps > 1/s\n\
                  waivers:\n  - { gate: p95 < 500ms, owner: a, reason: b, expires: 2027-01-01 }\nprofiles:\n  q: { test: { users: 5 } }\n";
    run(&[whole, b"gates: p95 < 500ms\n"], bodies::config);
}

#[test]
fn lines_of_the_launcher() {
    let lines = br#"{"event": "init", "n": 0, "role": "local", "shape": null}
{"event": "mark", "n": 1, "name": "test_start", "t": 1700000000.5}
{"event": "second", "n": 2, "s": 1700000001, "t": 1700000002.0, "users": 1, "cpu": 1.5, "last": 1700000001.5, "endpoints": [["GET", "/a", 3, 1, 0, 36.0, 1.0, 20.0, 0.0, [[12000, 2]], [[20000, 1]]]], "errors": [], "exceptions": []}
{"event": "final", "n": 3, "requests": 3, "failures": 1}
"#;
    run(&[lines], bodies::launcher_lines);
}

#[test]
fn templates() {
    run_text(
        &[
            "{% for row in rows.fail %}{{ row.endpoint|code }} {{ '%5d'|format(3) }}{% endfor %}",
            "{{ counts.pass }} {{ [1, 2]|join('-') }}",
        ],
        bodies::template,
    );
}

#[test]
fn scripts_and_lines_of_the_history() {
    run_text(&["import os\nfrom locust import HttpUser\nclass A(HttpUser):\n    host = 'http://h'\n"], bodies::lint);
    run_text(&[r#"{"run": {"run_id": 5}, "at": "2026-01-01T00:00:00Z", "endpoints": []}"#], bodies::baseline_line);
}

#[test]
fn every_body_has_a_target() {
    let targets = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/fuzz_targets")).unwrap();
    let targets: BTreeSet<String> =
        targets.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let bodies = include_str!("../../fuzz/bodies.rs");
    let bodies: BTreeSet<String> = bodies
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub(crate) fn ")?.split('(').next()?.to_owned()))
        .collect();
    assert_eq!(targets, bodies);
    let manifest = include_str!("../../fuzz/Cargo.toml");
    for target in &targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        let source =
            std::fs::read_to_string(format!("{}/fuzz/fuzz_targets/{target}.rs", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(source.contains(&format!("bodies::{target}(input)")), "{target}");
    }
}
