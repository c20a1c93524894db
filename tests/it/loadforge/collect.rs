//! From the service's answer to the files of the results folder.

use std::fs;
use std::path::{Path, PathBuf};

use loadforge_ci::results::{Percentile, Results, ResultsFolder};
use loadforge_ci::series::{CsvFile, load};
use serde_json::json;

use super::support::{FAILURES, HISTORY, STATS, World, build, finished, plan};

#[tokio::test]
async fn the_csv_is_kept_as_delivered_and_read_into_the_results() {
    let mut world = World::new().await;
    let end = world.run(&plan()).await.unwrap();
    let read = |name| fs::read_to_string(world.folder().file(name)).unwrap();
    assert_eq!(read(ResultsFolder::STATS), STATS);
    assert_eq!(read(ResultsFolder::HISTORY), HISTORY);
    assert_eq!(read(ResultsFolder::FAILURES), FAILURES);
    let results: Results = world.folder().read_json(ResultsFolder::RESULTS).unwrap();
    assert_eq!(Some(&results), end.results.as_ref());
    assert_eq!((results.total.requests, results.endpoints.len(), results.failures.len()), (100, 2, 1));
    assert_eq!(results.total.percentile(Percentile::P95), Some(55.0));
    assert_eq!((results.timeline.peak_users(), results.targets_passed), (10, Some(true)));
    assert_eq!(results.notes, Vec::<String>::new());
}

#[tokio::test]
async fn csv_that_comes_a_moment_later_is_waited_for() {
    let mut world = World::new().await;
    let mut bare = finished();
    for name in ["results_csv_stats", "results_csv_history", "results_csv_failures"] {
        bare[name] = json!(null);
    }
    world.service.state().stages = vec![json!({"run_status": 2}), bare.clone(), bare.clone(), finished()];
    let end = world.run(&plan()).await.unwrap();
    assert_eq!(end.results.unwrap().endpoints.len(), 2);
    // When it never comes, the totals are kept, and a note says what cannot be judged.
    world.service.state().stages = vec![bare];
    let again = loadforge_ci::loadforge::RunPlan { build: build("job-2"), ..plan() };
    let results = world.run(&again).await.unwrap().results.unwrap();
    assert_eq!((results.total.requests, results.endpoints.len()), (100, 0));
    assert!(world.heard("gates on single endpoints"));
    assert!(!world.folder().file(ResultsFolder::STATS).exists());
}

#[tokio::test]
async fn csv_behind_an_address_is_fetched_and_a_missing_one_is_a_note() {
    let mut world = World::new().await;
    let at = |name: &str| format!("http://{}/files/{name}", world.service.address);
    let mut last = finished();
    last["results_csv_stats"] = json!(at("s.csv"));
    last["results_csv_history"] = json!(at("none.csv"));
    world.service.state().downloads.insert("s.csv".into(), STATS.into());
    world.service.state().stages = vec![last];
    let results = world.run(&plan()).await.unwrap().results.unwrap();
    assert_eq!(results.endpoints.len(), 2);
    assert_eq!(fs::read_to_string(world.folder().file(ResultsFolder::STATS)).unwrap(), STATS);
    assert!(results.notes[0].starts_with("failed to fetch history.csv"), "{:?}", results.notes);
}

#[tokio::test]
async fn exact_times_of_our_own_server_are_used() {
    let mut world = World::new().await;
    let mut last = finished();
    last["x_loadforge_ci"] = json!({
        "endpoints": [
            {"method": "GET", "name": "/a", "passed": {"20300": 89}, "failed": {"50000": 1}},
            {"method": "POST", "name": "/b", "passed": {"30000": 10}, "failed": {}}
        ],
        "after_ramp_up": {"from_s": 101, "seconds": 10.0,
            "endpoints": [{"method": "GET", "name": "/a", "passed": {"20300": 50}, "failed": {}}]},
        "problems": [{"kind": "users_lost", "message": "2 of 10 users were lost"}],
        "log": "[INFO] locust\n"
    });
    world.service.state().stages = vec![last];
    let results = world.run(&plan()).await.unwrap().results.unwrap();
    assert_eq!(results.endpoints[0].percentile("p99.9".parse().unwrap()), Some(50.0));
    assert_eq!(results.total.percentile(Percentile::P50), Some(20.3));
    assert_eq!(results.after_ramp_up.unwrap().total.requests_per_s, Some(5.0));
    assert_eq!(results.problems[0].message, "2 of 10 users were lost");
    assert_eq!(fs::read_to_string(world.folder().file(ResultsFolder::LOCUST_LOG)).unwrap(), "[INFO] locust\n");
}

/// Every `*_stats.csv` below the fixtures.
fn fixtures(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fixtures(&path, found);
        } else if path.to_string_lossy().ends_with("_stats.csv") {
            found.push(path);
        }
    }
}

/// The rows of a CSV file by another reader than the one under test.
fn rows(path: &Path) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    reader.records().map(|row| header.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect()).collect()
}

#[test]
fn the_results_of_every_recorded_run_equal_its_csv_row_by_row() {
    let mut files = Vec::new();
    fixtures(Path::new("tests/fixtures/locust"), &mut files);
    assert!(!files.is_empty());
    for stats in files {
        let beside = |ending: &str| PathBuf::from(stats.to_string_lossy().replace("_stats.csv", ending));
        let open = |path: &Path| Some(path).filter(|path| path.exists()).map(|path| CsvFile::open(path).unwrap());
        let (history, failures) = (beside("_stats_history.csv"), beside("_failures.csv"));
        let results = load(CsvFile::open(&stats).unwrap(), open(&history), open(&failures)).unwrap();
        let mut endpoints = results.endpoints.iter().chain([&results.total]);
        for row in rows(&stats) {
            let endpoint = endpoints.next().unwrap();
            for (column, text) in row {
                let number: Option<f64> = text.parse().ok();
                let measured = if endpoint.requests > 0 { number } else { None };
                let place = format!("{} {column} {}", stats.display(), endpoint.label());
                match column.as_str() {
                    "Type" => assert_eq!(endpoint.method, text, "{place}"),
                    "Name" => assert_eq!(endpoint.name, text, "{place}"),
                    "Request Count" => assert_eq!(Some(endpoint.requests as f64), number, "{place}"),
                    "Failure Count" => assert_eq!(Some(endpoint.failures as f64), number, "{place}"),
                    "Median Response Time" => assert_eq!(endpoint.median_ms, measured, "{place}"),
                    "Average Response Time" => assert_eq!(endpoint.avg_ms, measured, "{place}"),
                    "Min Response Time" => assert_eq!(endpoint.min_ms, measured, "{place}"),
                    "Max Response Time" => assert_eq!(endpoint.max_ms, measured, "{place}"),
                    "Average Content Size" => assert_eq!(endpoint.avg_content_bytes, measured, "{place}"),
                    "Requests/s" => assert_eq!(endpoint.requests_per_s, number, "{place}"),
                    "Failures/s" => assert_eq!(endpoint.failures_per_s, number, "{place}"),
                    percent => {
                        let percentile = format!("p{}", percent.trim_end_matches('%')).parse().unwrap();
                        assert_eq!(endpoint.percentile(percentile), measured, "{place}");
                    }
                }
            }
        }
        assert!(endpoints.next().is_none());
        if failures.exists() {
            let listed = rows(&failures);
            assert_eq!(listed.len(), results.failures.len());
            for (row, failure) in listed.iter().zip(&results.failures) {
                assert_eq!((&row[2].1, row[3].1.parse()), (&failure.error, Ok(failure.occurrences)));
            }
        }
        if history.exists() {
            let totals: Vec<_> =
                rows(&history).into_iter().filter(|row| row[2].1.is_empty() && row[3].1 == "Aggregated").collect();
            let times: Vec<i64> = totals.iter().map(|row| row[0].1.parse().unwrap()).collect();
            assert_eq!(times, results.timeline.points.iter().map(|point| point.t_s).collect::<Vec<_>>());
        }
    }
}
