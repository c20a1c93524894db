//! Judging a run together with the attempts at its commit before it, as flags and file say.

use jiff::Timestamp;

use super::judge::Judging;
use super::judged_run::JudgedRun;
use crate::attempts::{AttemptsFile, JobAttempt, RecordedAttempts, counted, judge_together};
use crate::baseline::{RunName, started};
use crate::circleci::CircleCi;
use crate::cli::GateCommandArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::gate;
use crate::loadforge::sha256;
use crate::log::warn;
use crate::redact;
use crate::results::{Build, Fingerprint};
use crate::verdict::{AttemptsPolicy, OnInconclusive};

/// The attempts at this commit: those that were kept, and where this one is added.
pub(crate) struct Attempts {
    file: AttemptsFile,
    recorded: RecordedAttempts,
    policy: AttemptsPolicy,
    build: Build,
}

impl Attempts {
    /// Reads the attempts beside the history. `None` where the commit does not say what is measured: outside CI, git
    /// names the last commit of a working tree that may have changed since. There `--commit` or `--attempts` asks for it.
    ///
    /// # Errors
    /// When they are there and cannot be read.
    pub(crate) fn of(
        arguments: &GateCommandArgs,
        config: &Config,
        ci: &CircleCi,
        build: &Build,
    ) -> Result<Option<Self>, CommandError> {
        let asked = arguments.gate.attempts;
        let policy = asked.or(config.attempts).unwrap_or_default();
        let names_its_code = ci.present || ci.job_id.is_some() || arguments.build.build.commit.is_some();
        if build.commit.is_none() || !(names_its_code || asked.is_some()) {
            return Ok(None);
        }
        let file = AttemptsFile::beside_history(&arguments.folder.history);
        let recorded = file.read()?;
        if recorded.damaged > 0 {
            tracing::warn!("{} damaged lines in {} are left out", recorded.damaged, file.path().display());
        }
        Ok(Some(Self { file, recorded, policy, build: build.clone() }))
    }

    /// Judges a run together with the attempts before it, unless only the last one counts, and keeps it for the next one,
    /// whatever its verdict.
    pub(crate) fn count_in(self, judged: &mut JudgedRun, by: &Judging<'_>, on_inconclusive: OnInconclusive) {
        gate::unwaive(&mut judged.verdict, &by.config.waivers);
        let mut attempt = attempt(judged, self.build);
        // Of this attempt alone, with its waivers.
        by.waive(&mut judged.verdict, on_inconclusive);
        attempt.verdict = judged.verdict.outcome;
        if self.policy == AttemptsPolicy::Together {
            let earlier = counted(&self.recorded.attempts, &attempt);
            if !earlier.is_empty() {
                gate::unwaive(&mut judged.verdict, &by.config.waivers);
                let gates: Vec<String> =
                    by.gates.iter().map(|placed| redact::hide(&placed.gate.to_string()).into_owned()).collect();
                judge_together(&mut judged.verdict, &earlier, &gates);
                by.waive(&mut judged.verdict, on_inconclusive);
                log(judged);
            }
        }
        attempt.together = judged.verdict.outcome;
        if let Err(fault) = self.file.add(attempt) {
            warn("another attempt at this commit would be judged without this one", &fault);
        }
    }
}

fn log(judged: &JudgedRun) {
    if let Some(attempts) = &judged.verdict.attempts {
        tracing::info!("{}", attempts.sentence);
    }
}

/// This attempt, before waivers.
fn attempt(judged: &JudgedRun, build: Build) -> JobAttempt {
    let recorded = judged.run.as_ref();
    let run = recorded.and_then(RunName::of).map(|name| {
        let at = recorded.and_then(started).map_or_else(String::new, |at| at.to_string());
        format!("{} {} {at}", name.api, name.id)
    });
    let measured = || serde_json::to_string(&(&judged.results.total, &judged.results.endpoints)).unwrap_or_default();
    let of_files = || Fingerprint {
        test: judged.stats.as_deref().map_or_else(String::new, |stats| stats.display().to_string()),
        ..Fingerprint::default()
    };
    let recipe = recorded.map_or_else(of_files, |record| record.fingerprint.clone());
    let run = run.unwrap_or_else(|| sha256(&measured()));
    JobAttempt::new(run, Timestamp::now(), build, recipe, &judged.verdict)
}
