//! Locust's CSV files as they are found in the wild.

use crate::tool::{Tool, fixture};

#[test]
fn csv_as_found_in_the_wild_is_judged_as_what_locust_wrote() {
    let tool = Tool::new();
    for name in ["semicolon.csv", "semicolon_comma.csv", "utf16.csv", "ok.csv.gz", "old_none.csv", "agg_renamed.csv"] {
        let file = fixture(&format!("csv/{name}")).display().to_string();
        let gates =
            ["--gate", "requests == 1500", "--gate", "p95 < 330ms", "--gate", "rps > 20/s", "--gate", "avg < 26ms"];
        let ended = tool.run(&[&["gate", "--from", &file][..], &gates].concat()).expect(0);
        assert!(ended.stdout.contains("All 4 gates passed"), "{name}: {}", ended.stdout);
    }
    let workbook = tool.file("stats.xlsx", b"PK\x03\x04...");
    let ended = workbook.run(&["gate", "--from", "stats.xlsx", "--gate", "p95 < 1s"]).expect(2);
    assert!(ended.stderr.contains("stats.xlsx is an Excel workbook"), "{}", ended.stderr);
}

#[test]
fn the_files_beside_the_stats_are_taken_when_they_belong_to_them() {
    let copy = |stats: &str| {
        let file = |folder: &str, name: &str| std::fs::read(fixture(&format!("locust/{folder}/{name}"))).unwrap();
        Tool::new()
            .file("a_stats.csv", file(stats, "run_stats.csv"))
            .file("a_stats_history.csv", file("errors/s1_basic", "run_stats_history.csv"))
            .file("a_failures.csv", file("errors/s1_basic", "run_failures.csv"))
    };
    let gates = ["--gate", "errors(gateway) > 0", "--gate", "rps > 0.1/s in 50% of windows"];
    let arguments = [&["gate", "--from", "a_stats.csv", "--results", "reports"][..], &gates].concat();
    let own = copy("errors/s1_basic");
    let ended = own.run(&arguments);
    assert!(ended.stderr.contains("judging with a_failures.csv"), "{}", ended.stderr);
    assert!(ended.stderr.contains("judging with a_stats_history.csv"), "{}", ended.stderr);
    assert_eq!(own.json("reports/verdict.json")["rows"][0]["outcome"], "pass", "{}", ended.stdout);
    let foreign = copy("healthy/s4_reports");
    let ended = foreign.run(&arguments);
    assert!(ended.stderr.contains("leaving out a_failures.csv: its numbers are of another run"), "{}", ended.stderr);
    assert!(ended.stderr.contains("leaving out a_stats_history.csv"), "{}", ended.stderr);
}
