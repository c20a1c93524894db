//! Real Locust output through the binary: what the reports say equals the CSV, row by row.

use std::fs;
use std::path::PathBuf;

use loadforge_ci::verdict::Unit;
use serde_json::Value;

use crate::tool::{Tool, fixture};

fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for kind in ["healthy", "errors"] {
        folders.extend(fs::read_dir(fixture(&format!("locust/{kind}"))).unwrap().map(|entry| entry.unwrap().path()));
    }
    assert_eq!(folders.len(), 6);
    folders
}

/// The cells of the summary's table of all endpoints, by label.
fn summary_row(summary: &str, label: &str) -> Vec<String> {
    let table = summary.split("<summary>All endpoints").nth(1).unwrap();
    let row = table.lines().find(|line| line.contains(label)).unwrap_or_else(|| panic!("{label} in {table}"));
    row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches(['*', '`']).to_owned()).collect()
}

#[test]
fn results_and_summary_equal_the_csv_row_by_row() {
    for folder in folders() {
        let csv = |name: &str| folder.join(name).display().to_string();
        let tool = Tool::new();
        let (stats, history, failures) = (csv("run_stats.csv"), csv("run_stats_history.csv"), csv("run_failures.csv"));
        let from = ["gate", "--from", &stats, "--history-csv", &history, "--failures-csv", &failures];
        tool.run(&[&from[..], &["--gate", "requests > 0"]].concat()).expect(0);
        let results = tool.json("loadforge-results/results.json");
        let summary = tool.read("loadforge-results/summary.md");
        let mut reader = csv::Reader::from_path(&stats).unwrap();
        let header = reader.headers().unwrap().clone();
        let mut rows = 0;
        for record in reader.records().map(Result::unwrap) {
            let cell = |name: &str| &record[header.iter().position(|column| column == name).unwrap()];
            let number = |name: &str| cell(name).parse::<f64>().unwrap();
            let total = cell("Type").is_empty();
            let measured = if total {
                &results["total"]
            } else {
                let same = |one: &&Value| one["method"] == cell("Type") && one["name"] == cell("Name");
                results["endpoints"].as_array().unwrap().iter().find(same).unwrap()
            };
            for (column, field) in [
                ("Request Count", "requests"),
                ("Failure Count", "failures"),
                ("Median Response Time", "median_ms"),
                ("Average Response Time", "avg_ms"),
                ("Min Response Time", "min_ms"),
                ("Max Response Time", "max_ms"),
                ("Average Content Size", "avg_content_bytes"),
                ("Requests/s", "requests_per_s"),
                ("Failures/s", "failures_per_s"),
            ] {
                assert_eq!(measured[field].as_f64(), Some(number(column)), "{stats}: {} {column}", cell("Name"));
            }
            for percent in ["50", "66", "75", "80", "90", "95", "98", "99", "99.9", "99.99", "100"] {
                let of_csv = number(&format!("{percent}%"));
                assert_eq!(
                    measured["percentiles"][format!("p{percent}")].as_f64(),
                    Some(of_csv),
                    "{stats}: p{percent}"
                );
            }
            let label = if total { "all requests".to_owned() } else { format!("{} {}", cell("Type"), cell("Name")) };
            let shown = summary_row(&summary, &format!("`{label}`").replace("`all requests`", "**all requests**"));
            for (index, text) in [
                (1, Unit::Count.show(number("Request Count"))),
                (2, Unit::Count.show(number("Failure Count"))),
                (4, Unit::Ms.show(number("Median Response Time"))),
                (5, Unit::Ms.show(number("95%"))),
                (6, Unit::Ms.show(number("99%"))),
                (7, Unit::Ms.show(number("Max Response Time"))),
                (8, Unit::PerSecond.show(number("Requests/s"))),
            ] {
                assert_eq!(shown[index], text, "{stats}: {label}: {shown:?}");
            }
            rows += 1;
        }
        assert_eq!(rows, results["endpoints"].as_array().unwrap().len() + 1, "{stats}");
    }
}
