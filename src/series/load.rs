//! Locust's files as [`Results`], wherever they come from: a service's answer, or a folder on disk.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::plan::SeriesPlan;
use super::source::StatsHistory;
use crate::locust::{CsvError, read_failures, read_stats};
use crate::results::{Problem, Results, Timeline};
use crate::text::counted;

/// One CSV file: its name for errors, and its content.
pub struct CsvFile<'a> {
    name: String,
    content: Box<dyn Read + 'a>,
}

impl<'a> CsvFile<'a> {
    /// A file whose content is already in memory.
    #[must_use]
    pub fn of(name: impl Into<String>, content: &'a [u8]) -> Self {
        Self { name: name.into(), content: Box::new(content) }
    }

    /// A file on disk, read as a stream.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, CsvError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Ok(Self { name, content: Box::new(file) }),
            Err(source) => Err(CsvError::Read { file: name, source: source.into() }),
        }
    }
}

/// Reads the files of a finished run: stats, and history and failures where they exist. The history is read as a
/// stream and kept as a bounded timeline.
///
/// A run that sent nothing gets the problem [`Problem::nothing_sent`].
///
/// # Errors
/// When a file is not what Locust writes; the error names the file, line and column.
pub fn load(
    stats: CsvFile<'_>,
    history: Option<CsvFile<'_>>,
    failures: Option<CsvFile<'_>>,
) -> Result<Results, Arc<CsvError>> {
    let CsvFile { name: stats_name, content } = stats;
    let stats = read_stats(&stats_name, content)?;
    let nothing_sent = stats.total.requests == 0 && stats.endpoints.iter().all(|endpoint| endpoint.requests == 0);
    Ok(Results {
        failures: failures.map_or(Ok(Vec::new()), |file| read_failures(&file.name, file.content))?,
        timeline: history.map_or(Ok(Timeline::default()), read_timeline)?,
        problems: nothing_sent.then(Problem::nothing_sent).into_iter().collect(),
        notes: odd_cells(&stats_name, stats.odd_cells).into_iter().collect(),
        ..Results::new(stats.total, stats.endpoints)
    })
}

/// The note about cells that were left out.
fn odd_cells(file: &str, count: u64) -> Option<String> {
    let cells = counted(count, "cell");
    (count > 0).then(|| format!("{cells} of {file} negative, NaN or infinite, and left out"))
}

/// Reads the timeline of a run from the rows about all requests together.
///
/// # Errors
/// When it is not Locust's history CSV.
pub fn read_timeline(history: CsvFile<'_>) -> Result<Timeline, Arc<CsvError>> {
    let mut plan = SeriesPlan::default();
    plan.want_timeline();
    plan.read(Some(StatsHistory::stream(history.name, history.content))).timeline
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::ProblemKind;

    const STATS: &str = "Type,Name,Request Count,Failure Count,95%\n";

    #[test]
    fn the_three_files_become_results() {
        let stats = format!("{STATS}GET,/a,10,1,7\n,Aggregated,10,1,7\n");
        let history = "Timestamp,User Count,Type,Name,Total Request Count,Total Failure Count\n\
                       100,1,,Aggregated,0,0\n101,2,GET,/a,5,0\n101,2,,Aggregated,5,0\n";
        let failures = "Method,Name,Error,Occurrences\nGET,/a,E,1\n";
        let results = load(
            CsvFile::of("s", stats.as_bytes()),
            Some(CsvFile::of("h", history.as_bytes())),
            Some(CsvFile::of("f", failures.as_bytes())),
        )
        .unwrap();
        assert_eq!((results.total.requests, results.endpoints.len(), results.failures.len()), (10, 1, 1));
        assert_eq!(results.timeline.points.iter().map(|point| point.users).collect::<Vec<_>>(), [1, 2]);
        assert!(results.problems.is_empty());
    }

    #[test]
    fn a_run_that_sent_nothing_is_a_problem() {
        let stats = format!("{STATS},Aggregated,0,0,N/A\n");
        let results = load(CsvFile::of("s", stats.as_bytes()), None, None).unwrap();
        assert_eq!(results.problems[0].kind, ProblemKind::NothingSent);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = CsvFile::open(Path::new("no/such_stats.csv")).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "failed to read no/such_stats.csv");
    }
}
