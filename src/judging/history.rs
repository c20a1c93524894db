//! The history of good runs, as the flags and the file describe it.

use std::path::Path;

use jiff::Timestamp;

use crate::baseline::{HistoryIndex, LearnedBaseline, Rules, RunHistory};
use crate::cli::BaselineArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::gate::Measure;
use crate::insight;
use crate::results::Percentile;

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

/// The usual values, for findings; `None` when there is nothing to compare with.
pub(super) fn usual(judge: &LearnedBaseline<'_>) -> Option<insight::UsualValues> {
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
    (!endpoints.is_empty()).then_some(insight::UsualValues { endpoints, courses })
}
