//! A results folder that `gate` has judged, read back for publishing.

use std::path::Path;

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
        Ok(Self { verdict, results, run, links, folder, background: None })
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
        let Some(run) = &self.run else {
            return self.folder.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        };
        let Build { profile, job_name, .. } = &run.identity.build;
        // The default names of the orb's jobs add no information; those of a matrix or a `name:` do.
        let usual = |job: &&String| ["load-test", "gate"].contains(&job.rsplit('/').next().unwrap_or_default());
        let parts = [profile.as_ref(), job_name.as_ref().filter(|job| !usual(job))];
        let leg: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        if leg.is_empty() { run.test.clone() } else { format!("{} ({})", run.test, leg.join(", ")) }
    }
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
    fn links_lead_to_the_artifacts_of_the_job() {
        let ci = CircleCi { job_id: Some("d1c9".into()), node_index: 1, ..CircleCi::default() };
        let links = links(&ci, Path::new("loadforge-results/"));
        let base = "https://output.circle-artifacts.com/output/job/d1c9/artifacts/1/loadforge-results";
        assert_eq!(links.report, Some(format!("{base}/report.html")));
        assert_eq!(links.summary, Some(format!("{base}/summary.md")));
        assert_eq!(links.job, None);
    }
}
