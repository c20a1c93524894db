//! The end of a run as files: the CSV exactly as delivered, and `results.json` made of it.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::client::Client;
use super::error::ApiError;
use super::exact;
use super::wire::ResultRow;
use crate::locust::read_failures;
use crate::results::{
    EarlyStop, Endpoint, Extension, FolderError, Percentile, Problem, ProblemKind, Results, ResultsFolder, RunState,
    Stage,
};
use crate::series::{CsvFile, load, read_timeline};
use crate::text;

/// Pauses before the service is asked again for CSV fields that are missing right after the end of a run.
const CSV_PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Asks again, a few times and not for longer than `until`, while the CSV fields of a finished run are not there yet.
pub(super) async fn with_csv(client: &Client, run_id: u64, mut row: ResultRow, until: Instant) -> ResultRow {
    for pause in CSV_PAUSES {
        if row.stats_csv.is_some() && row.history_csv.is_some() {
            break;
        }
        sleep(client.pace().of(pause)).await;
        match timeout_at(until, client.result(run_id)).await {
            Ok(Ok(newer)) => row = newer,
            Ok(Err(_)) => {}
            Err(_) => break,
        }
    }
    row
}

/// How a run ended.
pub(super) struct RunEnding<'a> {
    pub(super) state: RunState,
    /// Whether the script is meant to end the run by itself.
    pub(super) ends_itself: bool,
    /// The stages that were asked for.
    pub(super) stages: &'a [Stage],
    /// Why we ended it, if we did.
    pub(super) early_stop: Option<&'a EarlyStop>,
}

/// Writes the files of a run that is over: the CSV files, the load
/// generator's log, and the results made of them. A file that is not here at `until` costs only its own data,
/// and a note.
pub(super) async fn collect(
    client: &Client,
    folder: &ResultsFolder,
    mut row: ResultRow,
    ending: &RunEnding<'_>,
    until: Instant,
) -> Result<Results, FolderError> {
    let mut notes = Vec::new();
    if let Some(extension) = row.extension.as_mut().filter(|_| ending.ends_itself) {
        let intended = extension.problems.extract_if(.., |problem| problem.kind == ProblemKind::EndedItself);
        notes.extend(intended.map(|problem| format!("{}, as test.ends_itself says", problem.message)));
    }
    let mut delivered = [None, None, None];
    let fields = [
        (ResultsFolder::STATS, row.stats_csv.take()),
        (ResultsFolder::HISTORY, row.history_csv.take()),
        (ResultsFolder::FAILURES, row.failures_csv.take()),
    ];
    for ((name, field), slot) in fields.into_iter().zip(&mut delivered) {
        let Some(field) = field else { continue };
        let fetched = timeout_at(until, client.csv(name, field)).await;
        match fetched.unwrap_or_else(|_| Err(ApiError::out_of_time(format!("fetch {name}")))) {
            Ok(content) => {
                let content = client.redact_data(content);
                folder.write(name, &content)?;
                *slot = Some(content);
            }
            Err(error) => notes.push(error.to_string()),
        }
    }
    write_log(client, folder, &mut row)?;
    if let Some(extension) = &mut row.extension {
        hide_names(client, extension);
    }
    row.message = row.message.as_deref().map(|message| client.redact(message));
    let [stats, history, failures] = delivered;
    let mut results = assemble(row, ending.state, &DownloadedFiles { stats, history, failures }, notes);
    if let Some(stop) = ending.early_stop {
        // It ended because we ended it, which is said better than that.
        results.problems.retain(|problem| problem.kind != ProblemKind::EndedEarly);
        results.early_stop = Some(stop.clone());
    }
    hide_secrets(client, &mut results);
    let own_shape = results.evidence.as_ref().is_some_and(|evidence| evidence.load_shape.is_some());
    if own_shape && !ending.stages.is_empty() {
        results.notes.push("the script's own load shape decides, not test.stages".to_owned());
    } else {
        results.stages = ending.stages.to_vec();
    }
    folder.write_data(ResultsFolder::RESULTS, &results)?;
    Ok(results)
}

/// Writes what the load generator printed.
pub(super) fn write_log(client: &Client, folder: &ResultsFolder, row: &mut ResultRow) -> Result<(), FolderError> {
    if let Some(log) = row.extension.as_mut().and_then(|extension| extension.log.take()) {
        folder.write(ResultsFolder::LOCUST_LOG, client.redact(&log))?;
    }
    Ok(())
}

/// The problems that the engine reports.
pub(super) fn problems(client: &Client, row: &ResultRow) -> Vec<Problem> {
    let mut problems = row.extension.as_ref().map_or_else(Vec::new, |extension| extension.problems.clone());
    problems.iter_mut().for_each(|problem| hide_in(client, problem));
    problems
}

fn hide_in(client: &Client, problem: &mut Problem) {
    problem.message = client.redact(&problem.message);
    problem.detail = problem.detail.as_deref().map(|detail| client.redact(detail));
}

/// Takes secrets out of the names of endpoints, as in the CSV files.
fn hide_names(client: &Client, extension: &mut Extension) {
    let steady = extension.after_ramp_up.iter_mut().flat_map(|steady| &mut steady.endpoints);
    for endpoint in extension.endpoints.iter_mut().chain(steady) {
        endpoint.method = client.redact(&endpoint.method);
        endpoint.name = client.redact(&endpoint.name);
    }
}

/// Takes what a script may have repeated of its secrets out of everything a report shows.
fn hide_secrets(client: &Client, results: &mut Results) {
    for failure in &mut results.failures {
        failure.error = client.redact(&failure.error);
    }
    results.problems.iter_mut().for_each(|problem| hide_in(client, problem));
}

/// The CSV files as they came.
struct DownloadedFiles {
    stats: Option<Vec<u8>>,
    history: Option<Vec<u8>>,
    failures: Option<Vec<u8>>,
}

/// Builds the results. A file that is missing or cannot be read costs only its own data, and a note.
fn assemble(row: ResultRow, state: RunState, files: &DownloadedFiles, mut notes: Vec<String>) -> Results {
    let mut note = |text: String| notes.push(text);
    let stats = files.stats.as_ref().and_then(|content| {
        load(CsvFile::of(ResultsFolder::STATS, content), None, None).map_err(|error| note(error.to_string())).ok()
    });
    if stats.is_none() {
        note(
            "the service delivered no stats CSV that can be read: only totals are known, so that gates on single \
             endpoints and on most percentiles cannot be judged"
                .to_owned(),
        );
    }
    let mut results = stats.unwrap_or_else(|| totals(&row));
    match &files.history {
        Some(content) => match read_timeline(CsvFile::of(ResultsFolder::HISTORY, content)) {
            Ok(timeline) => results.timeline = timeline,
            Err(error) => note(error.to_string()),
        },
        None => note("the service delivered no history CSV: the course of the run is not known".to_owned()),
    }
    match &files.failures {
        Some(content) => match read_failures(ResultsFolder::FAILURES, content.as_slice()) {
            Ok(failures) => results.failures = failures,
            Err(error) => note(error.to_string()),
        },
        None if results.total.failures > 0 => {
            note("the service delivered no failures CSV: the kinds of the failures are not known".to_owned());
        }
        None => {}
    }
    if results.total.failures_unknown {
        note(
            "the service did not say how many requests failed: no gate but those on `requests` and `rps` can be judged"
                .to_owned(),
        );
    }
    if let Some(counted) = row.requests.filter(|counted| *counted != results.total.requests) {
        note(format!(
            "the service counted {}, its stats CSV {}",
            text::counted(counted, "request"),
            results.total.requests
        ));
    }
    if let Some(mut extension) = row.extension {
        notes.append(&mut extension.notes);
        exact::add(&mut results, extension);
    }
    if state == RunState::Finished {
        results.targets_passed = row.run_passed;
    } else if !results.problems.iter().any(|problem| problem.kind == ProblemKind::EndedEarly) {
        // Our own engine reports the end in more detail.
        let message = format!("the run did not complete ({state}); the measurements until then are kept");
        results.problems.push(Problem::new(ProblemKind::EndedEarly, message).with_detail(row.message));
    }
    results.notes = notes;
    results
}

/// What a run has measured while it goes on: the service's own totals, and every endpoint where our own engine says so.
pub(super) fn live_results(client: &Client, row: &ResultRow) -> Results {
    let mut results = totals(row);
    results.problems.clear();
    if let Some(mut extension) = row.extension.clone() {
        hide_names(client, &mut extension);
        exact::add(&mut results, extension);
    }
    results
}

/// What the service's own totals say, where there is no CSV.
fn totals(row: &ResultRow) -> Results {
    let mut total = Endpoint {
        name: "Aggregated".to_owned(),
        requests: row.requests.unwrap_or(0),
        failures: row.failures.map_or(0, |failures| failures.count),
        failures_unknown: row.failures.is_none(),
        requests_per_s: row.requests_per_s,
        failures_per_s: row.failures_per_s,
        ..Endpoint::default()
    };
    if total.requests > 0 {
        total.median_ms = row.median_ms;
        total.avg_ms = row.avg_ms;
        total.min_ms = row.min_ms;
        total.max_ms = row.max_ms;
        total.percentiles.extend(row.median_ms.map(|median| (Percentile::P50, median)));
        total.percentiles.extend(row.max_ms.map(|max| (Percentile::P100, max)));
    }
    let problems = (row.requests == Some(0)).then(Problem::nothing_sent).into_iter().collect();
    Results { problems, ..Results::new(total, Vec::new()) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn none() -> DownloadedFiles {
        DownloadedFiles { stats: None, history: None, failures: None }
    }

    #[test]
    fn without_csv_the_totals_are_kept_and_the_loss_is_said() {
        let row = ResultRow::read(json!({
            "run_status": 3, "run_passed": true, "requests": "1279", "failures": "13(1.02%)", "response_median": "26",
            "response_avg": "29", "response_min": "18", "response_max": "130", "reqs_per_second": "7.12"
        }));
        let results = assemble(row, RunState::Finished, &none(), Vec::new());
        let total = &results.total;
        assert_eq!((total.requests, total.failures, total.max_ms), (1279, 13, Some(130.0)));
        assert_eq!(total.percentile(Percentile::P50), Some(26.0));
        assert_eq!(total.percentile(Percentile::P95), None);
        assert_eq!(results.targets_passed, Some(true));
        insta::assert_snapshot!(results.notes.join("\n"), @"
        the service delivered no stats CSV that can be read: only totals are known, so that gates on single endpoints and on most percentiles cannot be judged
        the service delivered no history CSV: the course of the run is not known
        the service delivered no failures CSV: the kinds of the failures are not known
        ");
    }

    #[test]
    fn a_number_of_failures_that_cannot_be_read_is_unknown_and_not_zero() {
        let unreadable = [Value::Null, json!("N/A"), json!("(31.2%)"), json!({}), json!("-3")];
        for failures in unreadable {
            let row = ResultRow::read(json!({"run_status": 3, "requests": 1000, "failures": failures}));
            let results = assemble(row, RunState::Finished, &none(), Vec::new());
            assert!(results.total.failures_unknown, "{failures}");
            assert!(results.notes.iter().any(|note| note.contains("how many requests failed")), "{failures}");
        }
        let row = ResultRow::read(json!({"run_status": 3, "requests": 1000, "failures": "312(31.2%)"}));
        let known = assemble(row, RunState::Finished, &none(), Vec::new());
        assert_eq!((known.total.failures_unknown, known.total.failures), (false, 312));
    }

    #[test]
    fn a_file_that_cannot_be_read_costs_only_itself() {
        let files = DownloadedFiles {
            stats: Some(b"Type,Name,Request Count,Failure Count\nGET,/a,4,1\n,Aggregated,4,1\n".to_vec()),
            history: Some(b"...".to_vec()),
            failures: Some(b"Method,Name,Error,Occurrences\nGET,/a,E,1\n".to_vec()),
        };
        let row = ResultRow::read(json!({"run_status": 3, "requests": 5}));
        let results = assemble(row, RunState::Finished, &files, Vec::new());
        assert_eq!((results.total.requests, results.endpoints.len(), results.failures.len()), (4, 1, 1));
        insta::assert_snapshot!(results.notes.join("\n"), @"
        history.csv is not Locust's history CSV: its header has no column `Timestamp`
        the service counted 5 requests, its stats CSV 4
        ");
    }

    #[test]
    fn a_run_that_did_not_complete_is_never_a_pass() {
        let row = ResultRow::read(json!({"run_status": 5, "run_passed": true, "requests": 10}));
        let results = assemble(row, RunState::Cancelled, &none(), Vec::new());
        assert_eq!(results.problems[0].kind, ProblemKind::EndedEarly);
        assert_eq!(results.targets_passed, None);
        let nothing = assemble(ResultRow::read(json!({"requests": "0"})), RunState::Finished, &none(), Vec::new());
        assert_eq!(nothing.problems[0].kind, ProblemKind::NothingSent);
    }
}
