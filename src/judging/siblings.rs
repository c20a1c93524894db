//! The history and the failures that Locust wrote beside a stats file.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::locust::read_failures;
use crate::results::Results;
use crate::series::{CsvFile, read_timeline};

/// A history is written each second and the stats once more at the end, so that it may be short of some requests.
const LEAST_SHARE: f64 = 0.5;

/// The files beside `PREFIX_stats.csv`, or beside `stats.csv` of a results folder, that exist.
pub(super) struct Siblings {
    pub(super) history: Option<PathBuf>,
    pub(super) failures: Option<PathBuf>,
}

impl Siblings {
    pub(super) fn of(stats: &Path) -> Self {
        let name = stats.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let names = match name.split_once("_stats.csv") {
            Some((prefix, rest)) if rest.is_empty() || rest == ".gz" => {
                Some([format!("{prefix}_stats_history.csv{rest}"), format!("{prefix}_failures.csv{rest}")])
            }
            _ => (name == "stats.csv").then(|| ["history.csv".to_owned(), "failures.csv".to_owned()]),
        };
        let [history, failures] = names.unwrap_or_default();
        let there = |name: String| Some(stats.with_file_name(&name)).filter(|path| !name.is_empty() && path.is_file());
        Self { history: there(history), failures: there(failures) }
    }

    /// Takes what belongs to these results, as far as its numbers say, and logs it: the failures into the results, the
    /// history as a path.
    pub(super) fn take_into(self, results: &mut Results) -> Option<PathBuf> {
        if let Some(path) = self.failures {
            let read = File::open(&path).ok().and_then(|file| read_failures(&path.display().to_string(), file).ok());
            let failures = read.filter(|failures| {
                let total = failures.iter().fold(0_u64, |sum, failure| sum.saturating_add(failure.occurrences));
                let known = |method: &str, name: &str| {
                    results.endpoints.iter().any(|endpoint| endpoint.method == method && endpoint.name == name)
                };
                total <= results.total.failures && failures.iter().all(|failure| known(&failure.method, &failure.name))
            });
            log(&path, failures.is_some(), "--failures-csv");
            results.failures = failures.unwrap_or_default();
        }
        self.history.filter(|path| {
            let timeline = CsvFile::open(path).ok().and_then(|file| read_timeline(file).ok());
            let last = timeline.and_then(|timeline| timeline.points.last().map(|point| point.total_requests));
            let requests = results.total.requests;
            let belongs = last.is_some_and(|last| last <= requests && last as f64 >= requests as f64 * LEAST_SHARE);
            log(path, belongs, "--history-csv");
            belongs
        })
    }
}

fn log(path: &Path, belongs: bool, flag: &str) {
    let path = path.display();
    if belongs {
        tracing::info!("judging with {path}, which belongs to the stats");
    } else {
        tracing::info!(
            "leaving out {path}: its numbers are of another run; name it with {flag} to use it all the same"
        );
    }
}
