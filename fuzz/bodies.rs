//! What each fuzz target does with an input. The targets hand these functions to libFuzzer, which needs nightly;
//! `tests/it/fuzz.rs` compiles them on stable and runs them over seeds and their mutations with every `cargo test`.

use std::fs;
use std::sync::LazyLock;

use loadforge_ci::baseline::HistoryLine;
use loadforge_ci::gate::{Gate, NoHistory, Options, PlacedGate, StopRule, judge};
use loadforge_ci::loadforge::wire::ResultRow;
use loadforge_ci::report::{Links, Story, markdown};
use loadforge_ci::results::{Endpoint, Results};
use loadforge_ci::series::StatsHistory;
use loadforge_ci::verdict::{Origin, Verdict};

fn endpoint(method: &str, name: &str) -> Endpoint {
    Endpoint { method: method.into(), name: name.into(), requests: 100, ..Endpoint::default() }
}

static RESULTS: LazyLock<Results> =
    LazyLock::new(|| Results::new(endpoint("", "Aggregated"), vec![endpoint("GET", "/a")]));

static GATES: LazyLock<Vec<PlacedGate>> = LazyLock::new(|| {
    ["p95 < 1s after ramp-up", "rps of \"**\" > 1/s in 99% of windows", "drift(avg) < 5%", "drift(p95) of \"**\" < 5%"]
        .map(|text| PlacedGate { gate: text.parse().expect("a gate"), origin: Origin::Flag })
        .into()
});

static VERDICT: LazyLock<Verdict> = LazyLock::new(|| judge(&GATES, &RESULTS, None, &NoHistory, &Options::default()));

/// No text makes the gate parser panic, and what it understands is read back from its own spelling.
pub(crate) fn gate(text: &str) {
    match text.parse::<Gate>() {
        Ok(gate) => assert_eq!(gate.to_string().parse::<Gate>().as_ref(), Ok(&gate)),
        Err(error) => assert!(error.span().end <= error.text().len() && !error.to_string().is_empty()),
    }
    // Stop rules share the parser's words and add their own.
    match text.parse::<StopRule>() {
        Ok(rule) => assert_eq!(rule.to_string().parse::<StopRule>().as_ref(), Ok(&rule)),
        Err(error) => assert!(error.span().end <= error.text().len() && !error.to_string().is_empty()),
    }
}

/// No stats file makes its reader panic.
pub(crate) fn stats_csv(bytes: &[u8]) {
    let _ = loadforge_ci::locust::read_stats("stats.csv", bytes);
}

/// No history file makes the gates over windows panic.
pub(crate) fn history_csv(bytes: &[u8]) {
    let history = StatsHistory::text("history.csv", bytes);
    let verdict = judge(&GATES, &RESULTS, Some(history), &NoHistory, &Options::default());
    assert!(!verdict.rows.is_empty());
}

/// No failures file makes its reader panic.
pub(crate) fn failures_csv(bytes: &[u8]) {
    for failure in loadforge_ci::locust::read_failures("failures.csv", bytes).unwrap_or_default() {
        let _ = failure.kind();
    }
}

/// A line of the history of good runs that is understood is written and read back as the same.
pub(crate) fn baseline_line(text: &str) {
    if let HistoryLine::Run(run) = HistoryLine::parse(text) {
        let written = serde_json::to_string(&run).expect("a run can be written");
        assert_eq!(HistoryLine::parse(&written), HistoryLine::Run(run));
    }
}

/// No script makes `lint` panic, and what it finds is inside the script.
pub(crate) fn lint(source: &str) {
    for found in loadforge_ci::lint::check(source).unwrap_or_default() {
        assert!(found.line >= 1 && found.column >= 1 && found.line <= source.lines().count().max(1) + 1, "{found:?}");
    }
}

/// No answer of the service makes the reader of a run's result panic.
pub(crate) fn api_result(text: &[u8]) {
    if let Ok(value) = loadforge_ci::json::read(text) {
        let row = ResultRow::read(value);
        let _ = (row.state(), row.has_numbers());
    }
}

/// No configuration file makes its reader panic.
pub(crate) fn config(text: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("loadforge.yml");
    fs::write(&file, text).expect("the file can be written");
    let environment = [("HOST".to_owned(), "https://staging.example.com".to_owned())];
    if let Err(error) =
        loadforge_ci::config::load(Some(&file), Default::default(), environment, loadforge_ci::config::Variables::All)
    {
        assert!(!error.to_string().is_empty());
    }
}

/// Nothing in the record of a run makes its reader panic: a script may write there too.
pub(crate) fn launcher_lines(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let record = folder.path().join("record");
    fs::create_dir(&record).expect("the folder can be made");
    fs::write(record.join("local.ndjson"), bytes).expect("the file can be written");
    let record = loadforge_ci::locust::process::recover(folder.path());
    assert!(!format!("{record:?}").is_empty());
}

/// No template makes its renderer panic or print without end.
pub(crate) fn template(text: &str) {
    let links = Links::default();
    let story = Story { verdict: &VERDICT, results: &RESULTS, run: None, links: &links, background: None };
    if let Ok(summary) = markdown::summary(&story, Some(("fuzz.md", text))) {
        assert!(summary.len() <= 32 << 20);
    }
}
