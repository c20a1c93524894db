//! `gate --confirm`: when a row that compares with the history failed, the same test runs again, twice at most.

use std::time::Duration;

use super::judge::Judging;
use super::run_under_test::RunUnderTest;
use crate::baseline::{self, Cost};
use crate::cli::GateCommandArgs;
use crate::config::{Config, DurationShare};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::RunOutcome;
use crate::results::{Build, Engine, ResultsFolder, RunRecord, load_generators};
use crate::running::{self, Preflight, Service};
use crate::verdict::{Confirmation, OnInconclusive, Outcome, Unit, Verdict};

/// Default number of confirming runs.
const FURTHER_RUNS: usize = 2;
/// LoadForge runs no shorter test, s.
const SHORTEST_S: f64 = 120.0;

/// How a failed comparison with the history is confirmed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ConfirmPlan {
    /// How many runs there may be, the first included.
    most_runs: usize,
    /// Whether the user asked for it. A default that cannot be applied is skipped.
    asked: bool,
    /// How long a further run is, as a share of the first.
    share: f64,
    wait: Duration,
}

impl ConfirmPlan {
    /// Flag over file over default: the local engine confirms by default, LoadForge only on request.
    pub(crate) fn of(flag: bool, config: &Config, run: Option<&RunRecord>) -> Self {
        let section = &config.confirm;
        let written = section.runs.map(|runs| runs as usize);
        let local = run.is_some_and(|run| run.identity.engine == Engine::Local && run.recipe.is_some());
        if run.is_some_and(|run| run.identity.engine == Engine::Csv) {
            if flag {
                tracing::warn!("--confirm has no effect with --from: only you can start this test again");
            }
            return Self { most_runs: 1, asked: false, share: 1.0, wait: Duration::ZERO };
        }
        let further = match (flag, written) {
            (true, None | Some(0)) => FURTHER_RUNS,
            (_, Some(runs)) => runs,
            (false, None) if local => FURTHER_RUNS,
            (false, None) => 0,
        };
        Self {
            most_runs: 1 + further,
            asked: flag || written.is_some(),
            share: section.duration.map_or(1.0, DurationShare::fraction),
            wait: section.wait.unwrap_or_default().to_std(),
        }
    }

    /// How many runs of a build there may be, the first included.
    pub(crate) const fn most_runs(&self) -> usize {
        self.most_runs
    }

    /// How long a further run is, s. LoadForge takes whole minutes, two at least.
    fn duration_s(&self, engine: Engine, first_s: f64) -> f64 {
        let shorter = first_s * self.share;
        match engine {
            Engine::Local | Engine::Csv => shorter,
            Engine::Loadforge => ((shorter / 60.0).ceil() * 60.0).max(SHORTEST_S).min(first_s),
        }
    }
}

/// A verdict that no further run can change any more.
pub(crate) struct Settled {
    pub(crate) verdict: Verdict,
    /// What an inconclusive row means for it.
    pub(crate) on_inconclusive: OnInconclusive,
    /// The command was asked to stop during a further run: what is measured is still written, and nothing more is done.
    pub(crate) stopped: Option<CommandError>,
}

/// Judges a run; runs the test again while the verdict asks for it, and fails only what further runs confirm. When a
/// further run cannot be had, what failed in the runs so far could not be judged.
///
/// # Errors
/// When the run's files cannot be read.
pub(crate) async fn settle(
    under_test: &mut RunUnderTest,
    by: &Judging<'_>,
    confirm: ConfirmPlan,
    arguments: &GateCommandArgs,
    build: &Build,
) -> Result<Settled, CommandError> {
    let most = confirm.most_runs;
    let first = by.judge(under_test)?;
    let asked = by.options.on_inconclusive;
    let settled =
        |verdict, on_inconclusive| Ok(Settled { verdict: with_evidence(verdict), on_inconclusive, stopped: None });
    let Some(record) = under_test.run.clone().filter(|_| baseline::needs_another(&first, &[], most.max(2))) else {
        return settled(first, asked);
    };
    if most < 2 {
        if record.identity.engine == Engine::Csv {
            return settled(first, asked);
        }
        tracing::info!("one run alone failed a comparison with the history; with --confirm further runs decide");
        return settled(first, asked);
    }
    let further = Further { record: &record, by, confirm, arguments, build };
    let mut verdicts = Vec::new();
    let mut spent = Spent::default();
    while baseline::needs_another(&first, &verdicts, most) {
        tracing::info!(
            "a comparison with the history failed; run {} of at most {most} of this test ({})",
            verdicts.len() + 2,
            further.cost(None)
        );
        match further.run(&under_test.folder, verdicts.len() + 2).await {
            Ok(again) => {
                spent.add(&again, further.cost(Some(again.requests)));
                tracing::info!("the further runs cost {} so far", spent.cost);
                verdicts.push(again.verdict);
            }
            Err(fault) if !confirm.asked && !is_stopped(&fault) => {
                tracing::info!("one run alone decides, because there is no further run: {fault}");
                return settled(by.with_most_runs(1).judge(under_test)?, asked);
            }
            Err(fault) => {
                tracing::warn!("there is no further run to confirm with: {fault}");
                let missing = Some(fault.message.as_str());
                let verdict = baseline::combine(&first, &verdicts, most, missing, asked);
                let on_inconclusive = baseline::policy(&first, &verdicts, most, asked);
                let stopped = is_stopped(&fault).then_some(fault);
                let verdict = Verdict { confirmation: spent.confirmation(), ..verdict };
                return Ok(Settled { verdict: with_evidence(verdict), on_inconclusive, stopped });
            }
        }
    }
    let verdict = baseline::combine(&first, &verdicts, most, None, asked);
    let on_inconclusive = baseline::policy(&first, &verdicts, most, asked);
    settled(Verdict { confirmation: spent.confirmation(), ..verdict }, on_inconclusive)
}

fn with_evidence(verdict: Verdict) -> Verdict {
    Verdict { evidence: baseline::evidence(&verdict), ..verdict }
}

const fn is_stopped(fault: &CommandError) -> bool {
    matches!(fault.exit, Exit::Interrupted | Exit::Terminated)
}

/// What the further runs were, and what they cost together.
#[derive(Default)]
struct Spent {
    runs: Vec<Option<u64>>,
    cost: Cost,
}

impl Spent {
    fn add(&mut self, run: &FurtherRun, cost: Cost) {
        self.cost = if self.runs.is_empty() { cost } else { self.cost.plus(cost) };
        self.runs.push(run.run_id);
    }

    fn confirmation(&self) -> Option<Confirmation> {
        let run_id = *self.runs.first()?;
        let third_run_id = self.runs.get(1).copied().flatten();
        Some(Confirmation { run_id, third_run_id, cost: self.cost.to_string() })
    }
}

/// A further run with its verdict.
struct FurtherRun {
    verdict: Verdict,
    run_id: Option<u64>,
    requests: u64,
}

/// How to run the test again.
struct Further<'a> {
    record: &'a RunRecord,
    by: &'a Judging<'a>,
    confirm: ConfirmPlan,
    arguments: &'a GateCommandArgs,
    build: &'a Build,
}

impl Further<'_> {
    async fn run(&self, first: &ResultsFolder, number: usize) -> Result<FurtherRun, CommandError> {
        let mut plan = running::plan_again(self.record, &self.arguments.gate.env, self.by.config, self.build)?;
        let seconds = self.confirm.duration_s(self.record.identity.engine, plan.duration.as_secs_f64());
        plan.duration = Duration::try_from_secs_f64(seconds).unwrap_or(plan.duration);
        let folder = first.further_run(number);
        forget_older(&folder, self.record)?;
        if !self.confirm.wait.is_zero() && !folder.file(ResultsFolder::RUN).exists() {
            running::pause(self.confirm.wait).await?;
        }
        let service = match self.record.identity.engine {
            // Files have no recipe, so there is no plan for them.
            Engine::Loadforge | Engine::Csv => Service::remote(&self.arguments.service)?,
            Engine::Local => Service::local(plan.local).await?,
        };
        let ended = running::execute(&service, &plan, folder.clone(), self.by.config, Preflight::Skip, None).await;
        service.close().await;
        let ended = ended?;
        let exit = running::report_outcome(&ended);
        if ended.outcome != RunOutcome::Finished {
            return Err(CommandError::new(exit, ended.sentence()));
        }
        let mut again = RunUnderTest::of_folder(folder)?;
        if let Some(run) = &mut again.run {
            // However long it was, it is compared with what the first run is compared with.
            run.fingerprint = self.record.fingerprint.clone();
        }
        let mut verdict = self.by.judge(&mut again)?;
        if self.confirm.share < 1.0 {
            leave_open_what_a_shorter_run_does_not_tell(&mut verdict);
        }
        Ok(FurtherRun { verdict, run_id: ended.run_id, requests: again.results.total.requests })
    }

    fn cost(&self, requests: Option<u64>) -> Cost {
        let servers = load_generators(&self.record.fingerprint.regions).max(1);
        let first_s = self.record.fingerprint.duration_s.unwrap_or_default() as f64;
        let seconds = self.confirm.duration_s(self.record.identity.engine, first_s);
        Cost::of(self.record.identity.engine, servers, seconds.round() as u64, requests)
    }
}

/// A shorter run spends more of its time starting users, so its throughput and its counts are not those of a whole run.
fn leave_open_what_a_shorter_run_does_not_tell(verdict: &mut Verdict) {
    let of_a_whole_run = |unit: Unit| matches!(unit, Unit::PerSecond | Unit::Count);
    for row in verdict.rows.iter_mut().filter(|row| row.baseline.is_some() && of_a_whole_run(row.unit)) {
        row.outcome = Outcome::Inconclusive;
        row.reason = "a shorter run has another throughput".into();
    }
}

/// Removes the record of a second run that began before the first one: it belongs to a first run that was replaced. A
/// later one is taken up, as a repeated step should.
fn forget_older(folder: &ResultsFolder, first: &RunRecord) -> Result<(), CommandError> {
    let recorded: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
    if recorded.is_some_and(|recorded| baseline::started(&recorded) < baseline::started(first)) {
        folder.remove(ResultsFolder::RUN)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfirmSection;
    use crate::results::{Fingerprint, RunIdentity};

    fn config(yaml: &str) -> Config {
        let confirm: ConfirmSection = serde_saphyr::from_str(yaml).unwrap();
        Config { confirm, ..Config::default() }
    }

    fn run(engine: Engine) -> RunRecord {
        let fingerprint = Fingerprint { engine, ..Fingerprint::default() };
        let recipe = serde_json::json!({ "test": { "id": 4217 }, "duration_s": 60.0, "timeout_s": 600.0 });
        let recipe = serde_json::from_value(recipe).unwrap();
        let identity =
            RunIdentity { engine, api_url: "http://127.0.0.1".into(), build: Build::default(), asked_at: None };
        RunRecord { recipe: Some(recipe), ..RunRecord::new(identity, "t", fingerprint) }
    }

    #[test]
    fn the_local_engine_confirms_unasked_and_loadforge_only_when_asked() {
        let most = |flag, yaml: &str, engine| ConfirmPlan::of(flag, &config(yaml), Some(&run(engine))).most_runs();
        assert_eq!((most(false, "{}", Engine::Loadforge), most(true, "{}", Engine::Loadforge)), (1, 3));
        assert_eq!(
            (most(false, "{ runs: 1 }", Engine::Loadforge), most(true, "{ runs: 1 }", Engine::Loadforge)),
            (2, 2)
        );
        assert_eq!((most(false, "{}", Engine::Local), most(false, "{ runs: 0 }", Engine::Local)), (3, 1));
        assert_eq!(most(true, "{ runs: 0 }", Engine::Local), 3);
        assert_eq!(ConfirmPlan::of(false, &config("{}"), None).most_runs(), 1);
    }

    #[test]
    fn a_further_run_may_be_shorter_in_whole_minutes_on_loadforge() {
        let plan = ConfirmPlan::of(true, &config("{ duration: 40% }"), None);
        assert_eq!(plan.duration_s(Engine::Loadforge, 600.0), 240.0);
        assert_eq!(plan.duration_s(Engine::Loadforge, 430.0), 180.0);
        assert_eq!(plan.duration_s(Engine::Loadforge, 150.0), 120.0);
        assert_eq!(plan.duration_s(Engine::Local, 30.0), 12.0);
        assert_eq!(ConfirmPlan::of(true, &config("{}"), None).duration_s(Engine::Loadforge, 150.0), 150.0);
    }
}
