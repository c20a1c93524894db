//! The history of good runs, as the flags and the file describe it.

use std::path::Path;

use jiff::Timestamp;

use super::run_under_test::RunUnderTest;
use crate::baseline::{
    AddRules, ChangePoints, ComparableRuns, HistoryIndex, LearnedBaseline, Rules, RunHistory, ThisRun,
};
use crate::cli::BaselineArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::gate::Measure;
use crate::insight;
use crate::log;
use crate::results::Percentile;
use crate::verdict::Verdict;

/// Opens a history and logs which part of it cannot be used.
///
/// # Errors
/// When it exists and cannot be read.
pub(crate) fn open_history(folder: &Path) -> Result<RunHistory, CommandError> {
    let history = RunHistory::open(folder)?;
    warn_of(history.left_out(), folder);
    Ok(history)
}

/// The same by the heads of its lines, for what needs few of the runs.
///
/// # Errors
/// When it exists and cannot be read.
pub(crate) fn open_index(folder: &Path) -> Result<HistoryIndex, CommandError> {
    let index = HistoryIndex::open(folder)?;
    warn_of(index.left_out(), folder);
    Ok(index)
}

fn warn_of((damaged, newer): (usize, usize), folder: &Path) {
    if damaged > 0 {
        tracing::warn!("{damaged} damaged lines of the history in {} are left out", folder.display());
    }
    if newer > 0 {
        tracing::warn!("{newer} lines of the history in {} are of a later version and left out", folder.display());
    }
}

/// Which good runs count: flag over file over default.
pub(crate) fn rules(arguments: &BaselineArgs, config: &Config) -> Rules {
    let mut section = config.baseline.clone();
    section.branch = arguments.baseline_branch.clone().or(section.branch);
    section.runs = arguments.baseline_runs.or(section.runs);
    section.max_age = arguments.baseline_max_age.or(section.max_age);
    Rules::of(&section, Timestamp::now())
}

/// The runs of a history that a run is compared with. Failed runs tell since when something is slower and nothing else,
/// so a fault there is no reason not to judge.
///
/// # Errors
/// When the history cannot be read.
pub(super) fn comparable(index: &HistoryIndex, rules: &Rules, this: &ThisRun) -> Result<ComparableRuns, CommandError> {
    let failed = index.comparable_failed(rules, this).unwrap_or_else(|fault| {
        log::warn("builds that failed are left out of the search for changes", &fault);
        Vec::new()
    });
    Ok(index.comparable(rules, this)?.with_failed(failed))
}

/// Keeps a run that failed or could not be judged beside the history, so that later ones can say since when.
pub(crate) fn keep_failed(under_test: &RunUnderTest, verdict: &Verdict, index: &HistoryIndex, rules: &Rules) {
    let Some(record) = &under_test.run else { return };
    let rules = AddRules { branch: rules.branch.clone() };
    match index.keep_failed(record, &under_test.results, verdict.outcome, &rules) {
        Ok(true) => tracing::info!(
            "kept this run in {} of the history: it is no baseline, and it shows since when something is slower",
            HistoryIndex::FAILED
        ),
        Ok(false) => {}
        Err(fault) => log::warn("this run is not kept for the search for changes", &fault),
    }
}

/// The usual values, for findings; `None` when there is nothing to compare with.
pub(super) fn usual(judge: &LearnedBaseline<'_>, changes: &ChangePoints<'_>) -> Option<insight::UsualValues> {
    const P95: Measure = Measure::Percentile(Percentile::P95);
    let endpoints = judge.endpoints().map(|(key, runs)| {
        let median = |measure: Measure| judge.usual(&key, &measure);
        let usual = insight::Usual {
            p50_ms: median(Measure::Median),
            p95_ms: median(P95),
            error_rate: median(Measure::ErrorRate),
            requests_per_s: median(Measure::Rps),
            runs: u32::try_from(runs).unwrap_or(u32::MAX),
        };
        (key, usual)
    });
    let endpoints: std::collections::BTreeMap<_, _> = endpoints.collect();
    let courses = endpoints.keys().map(|key| (key.clone(), judge.course(key, &P95))).collect();
    (!endpoints.is_empty()).then(|| insight::UsualValues { endpoints, courses, changes: changes.slower() })
}
