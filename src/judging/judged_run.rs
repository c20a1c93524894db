//! A results folder that `gate` has judged, read back for publishing.

use std::path::{Path, PathBuf};

use crate::circleci::CircleCi;
use crate::error::{CommandError, Explain};
use crate::report::{Background, Links, Story};
use crate::results::{Build, FolderError, Results, ResultsFolder, RunRecord};
use crate::verdict::Verdict;

/// What a judged folder holds.
pub(crate) struct JudgedRun {
    pub(crate) folder: ResultsFolder,
    pub(crate) verdict: Verdict,
    pub(crate) results: Results,
    pub(crate) run: Option<RunRecord>,
    pub(crate) links: Links,
    /// For the page; what is read back for publishing does without.
    pub(crate) background: Option<Background>,
    /// The stats CSV that was named, where files were.
    pub(super) stats: Option<PathBuf>,
}

impl JudgedRun {
    /// Reads a folder.
    ///
    /// # Errors
    /// When it was not judged yet, or a file of it cannot be read.
    pub(crate) fn read(path: &Path, ci: &CircleCi) -> Result<Self, CommandError> {
        let folder = ResultsFolder::new(path);
        let verdict = folder.read_json(ResultsFolder::VERDICT).map_err(|fault| not_judged(&fault, path))?;
        let results = folder.read_json(ResultsFolder::RESULTS)?;
        let run = folder.read_json_if_there(ResultsFolder::RUN)?;
        // The artifacts are those of the job that judged. Where it kept no links, only this job's page is sure to be there.
        let kept = folder.read_json_if_there(ResultsFolder::LINKS).ok().flatten();
        let links = kept.unwrap_or_else(|| Links { job: ci.build_url.clone(), ..Links::default() });
        Ok(Self { verdict, results, run, links, folder, background: None, stats: None })
    }

    /// The same without links to artifacts, because the results folder is not stored as one.
    pub(crate) fn without_artifacts(mut self) -> Self {
        self.links = Links { job: self.links.job, ..Links::default() };
        self
    }

    /// What the reports show.
    pub(crate) fn story(&self) -> Story<'_> {
        Story {
            verdict: &self.verdict,
            results: &self.results,
            run: self.run.as_ref(),
            links: &self.links,
            background: self.background.as_ref(),
        }
    }

    /// What the test is called: as the run names it, with the profile and the job that distinguish it from others of the same
    /// test, else as its folder is named.
    pub(crate) fn name(&self) -> String {
        match (&self.run, &self.verdict.judged) {
            (Some(run), _) => with_parts(&run.test, &leg(&run.identity.build)),
            (None, Some(files)) => files.clone(),
            (None, None) => file_name(self.folder.path()),
        }
    }
}

/// What the files are called that were judged in place of a run: by the stats file, and by what tells it from others of the
/// same name, the folder of the reports where one was named, the profile and the job's own name. The file's path is as it
/// was given; of an absolute one the folder and the name, because the rest differs from machine to machine.
pub(super) fn name_of_files(stats: &Path, folder: &Path, build: &Build) -> String {
    let parts: Vec<String> =
        stats.iter().filter(|part| *part != ".").map(|part| part.to_string_lossy().into_owned()).collect();
    let shown = if stats.is_absolute() { &parts[parts.len().saturating_sub(2)..] } else { &parts[..] };
    let text = shown.join("/");
    let text = text.strip_suffix(".gz").unwrap_or(&text);
    let name = ["_stats.csv", ".csv"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    let folder = file_name(folder);
    let mut parts = leg(build);
    if folder != USUAL_FOLDER {
        parts.insert(0, folder);
    }
    with_parts(name, &parts)
}

/// The results folder where none is named.
const USUAL_FOLDER: &str = "loadforge-results";

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into())
}

/// The named test, the profile and the job. The default names of the orb's jobs add no information; those of a matrix or a
/// `name:` do.
fn leg(build: &Build) -> Vec<String> {
    let usual = |job: &&String| ["load-test", "gate"].contains(&job.rsplit('/').next().unwrap_or_default());
    let parts = [build.profile.as_ref(), build.job_name.as_ref().filter(|job| !usual(job))];
    parts.into_iter().flatten().cloned().collect()
}

fn with_parts(name: &str, parts: &[String]) -> String {
    if parts.is_empty() { name.to_owned() } else { format!("{name} ({})", parts.join(", ")) }
}

fn not_judged(fault: &FolderError, path: &Path) -> CommandError {
    let hint = format!("judge it first: loadforge-ci gate --results {}", path.display());
    CommandError::new(fault.exit(), crate::error::chain(fault)).with_hint(hint)
}

/// Where a reader can go from the reports of a folder that is stored as the artifact folder of the same name.
pub(super) fn links(ci: &CircleCi, folder: &Path) -> Links {
    let folder = folder.to_string_lossy();
    let artifact = |file: &str| ci.artifact_url(&format!("{folder}/{file}"));
    Links {
        job: ci.build_url.clone(),
        report: artifact(ResultsFolder::REPORT),
        summary: artifact(ResultsFolder::SUMMARY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_prefix_and_by_what_tells_them_apart() {
        let text = |text: &str| Some(text.to_owned());
        let plain = Build::default();
        let leg = Build { profile: text("quick"), job_name: text("perf-eu"), ..Build::default() };
        let usual = Build { job_name: text("loadforge/gate"), ..Build::default() };
        for (stats, folder, build, name) in [
            ("out/checkout_stats.csv", "loadforge-results", &plain, "out/checkout"),
            ("./search_stats.csv.gz", "x/loadforge-results", &usual, "search"),
            ("/home/ci/project/out/checkout_stats.csv", "loadforge-results", &plain, "out/checkout"),
            ("stats.csv", "perf-results", &plain, "stats (perf-results)"),
            ("a_stats.csv", "perf-results/", &leg, "a (perf-results, quick, perf-eu)"),
        ] {
            assert_eq!(name_of_files(Path::new(stats), Path::new(folder), build), name);
        }
    }

    #[test]
    fn links_lead_to_the_artifacts_of_the_job() {
        let ci = CircleCi { job_id: Some("d1c9".into()), node_index: 1, ..CircleCi::default() };
        let links = links(&ci, Path::new("loadforge-results/"));
        let base = "https://output.circle-artifacts.com/output/job/d1c9/artifacts/1/loadforge-results";
        assert_eq!(links.report, Some(format!("{base}/report.html")));
        assert_eq!(links.summary, Some(format!("{base}/summary.md")));
        assert_eq!(links.job, None);
    }
}
