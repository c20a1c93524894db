//! Running the test of a recorded run again, into a folder inside the first run's, and judging it by the same gates.

use std::time::Duration;

use super::judge::Judging;
use super::run_under_test::RunUnderTest;
use crate::baseline::{self, Cost};
use crate::cli::GateCommandArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::{RunOutcome, RunPlan};
use crate::report::Background;
use crate::results::{Build, Engine, Results, ResultsFolder, RunRecord, load_generators};
use crate::running::{self, Preflight, Service};
use crate::verdict::Verdict;

/// What is needed to run the test of a recorded run again.
pub(super) struct RunAgain<'a> {
    /// The first run.
    pub(super) record: &'a RunRecord,
    pub(super) by: &'a Judging<'a>,
    pub(super) arguments: &'a GateCommandArgs,
    pub(super) build: &'a Build,
}

/// One more run of the test, judged by the same gates.
pub(super) struct RepeatedRun {
    pub(super) verdict: Verdict,
    pub(super) results: Results,
    pub(super) run_id: Option<u64>,
}

impl RunAgain<'_> {
    /// The plan of the first run once more, against another deployment where one is named.
    ///
    /// # Errors
    /// When the record does not say how, the script is gone, or a variable is not set any more.
    pub(super) fn plan(&self, control: Option<&url::Url>) -> Result<RunPlan, CommandError> {
        running::plan_again(self.record, &self.arguments.gate.env, self.by.config, self.build, control)
    }

    /// Runs a plan into a folder of its own and judges it; a run that was begun there since the first run is taken up.
    /// `wait` passes before a new one.
    ///
    /// # Errors
    /// When the run cannot be had: refused, stopped, not completed, or its files cannot be read.
    pub(super) async fn carry_out(
        &self,
        plan: &RunPlan,
        folder: ResultsFolder,
        wait: Duration,
    ) -> Result<RepeatedRun, CommandError> {
        forget_older(&folder, self.record)?;
        if !wait.is_zero() && !folder.file(ResultsFolder::RUN).exists() {
            running::pause(wait).await?;
        }
        let service = match self.record.identity.engine {
            // Files have no recipe, so there is no plan for them.
            Engine::Loadforge | Engine::Csv => Service::remote(&self.arguments.service)?,
            Engine::Local => Service::local(plan.local).await?,
        };
        let ended = running::execute(&service, plan, folder.clone(), self.by.config, Preflight::Skip, None).await;
        service.close().await;
        let ended = ended?;
        let exit = running::report_outcome(&ended);
        if ended.outcome != RunOutcome::Finished {
            return Err(CommandError::new(exit, ended.sentence()));
        }
        let mut again = RunUnderTest::of_folder(folder)?;
        if let Some(run) = &mut again.run {
            // However long it was and whatever it hit, it is compared with what the first run is compared with.
            run.fingerprint = self.record.fingerprint.clone();
        }
        let verdict = self.by.judge(&mut again)?;
        Ok(RepeatedRun { verdict, results: again.results, run_id: ended.run_id })
    }

    /// The verdict on the failed requests of several runs together. Rows of other measures say nothing in it.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub(super) fn judge_together(&self, first: &RunUnderTest, runs: &[&Results]) -> Result<Verdict, CommandError> {
        let mut together = RunUnderTest {
            folder: first.folder.clone(),
            results: baseline::pooled(runs),
            run: first.run.clone(),
            stats: None,
            history: None,
            lacks_timeline: false,
            background: Background::default(),
        };
        self.by.judging_together().judge(&mut together)
    }

    /// What a run of so many seconds costs.
    pub(super) fn cost(&self, seconds: f64, requests: Option<u64>) -> Cost {
        let servers = load_generators(&self.record.fingerprint.regions).max(1);
        Cost::of(self.record.identity.engine, servers, seconds.round() as u64, requests)
    }

    /// How long the first run was, s.
    pub(super) fn first_s(&self) -> f64 {
        self.record.fingerprint.duration_s.unwrap_or_default() as f64
    }
}

/// Removes the record of a further run that began before the first one: it belongs to a first run that was replaced. A
/// later one is taken up, as a repeated step should.
fn forget_older(folder: &ResultsFolder, first: &RunRecord) -> Result<(), CommandError> {
    let recorded: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
    if recorded.is_some_and(|recorded| baseline::started(&recorded) < baseline::started(first)) {
        folder.remove(ResultsFolder::RUN)?;
    }
    Ok(())
}

/// Whether the command was asked to stop.
pub(super) const fn is_stopped(fault: &CommandError) -> bool {
    matches!(fault.exit, Exit::Interrupted | Exit::Terminated)
}
