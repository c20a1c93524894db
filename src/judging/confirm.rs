//! `gate --confirm`: when a row that compares with the history failed, the same test runs again, twice at most.

use std::time::Duration;

use super::repeat::{RepeatedRun, RunAgain, is_stopped};
use super::run_under_test::RunUnderTest;
use crate::baseline::{self, Combined, Cost};
use crate::config::{Config, DurationShare};
use crate::error::CommandError;
use crate::results::{Engine, Results, RunRecord};
use crate::verdict::{Confirmation, Outcome, Unit, Verdict};

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

/// What the runs of a build say together.
pub(super) struct Confirmed {
    pub(super) combined: Combined,
    /// The further runs, in their order.
    pub(super) further: Vec<RepeatedRun>,
    /// The command was asked to stop during a further run.
    pub(super) stopped: Option<CommandError>,
}

impl Confirmed {
    const fn of(combined: Combined) -> Self {
        Self { combined, further: Vec::new(), stopped: None }
    }
}

/// Runs the test again while the verdict asks for it, and fails only what further runs confirm. When a further run cannot
/// be had, what failed in the runs so far could not be judged.
///
/// # Errors
/// When the first run's files cannot be read.
pub(super) async fn confirm(
    first: Verdict,
    under_test: &mut RunUnderTest,
    repeat: &RunAgain<'_>,
    plan: ConfirmPlan,
) -> Result<Confirmed, CommandError> {
    let (most, on_inconclusive) = (plan.most_runs, repeat.by.options.on_inconclusive);
    let alone = |first| Ok(Confirmed::of(Combined::of_one_run(first, on_inconclusive)));
    if !baseline::needs_another(&first, &[], most.max(2)) {
        return alone(first);
    }
    if most < 2 {
        if repeat.record.identity.engine != Engine::Csv {
            tracing::info!("one run alone failed a comparison with the history; with --confirm further runs decide");
        }
        return alone(first);
    }
    let mut further: Vec<RepeatedRun> = Vec::new();
    let mut spent = Spent::default();
    while baseline::needs_another(&first, &verdicts(&further), most) {
        let number = further.len() + 2;
        let seconds = plan.duration_s(repeat.record.identity.engine, repeat.first_s());
        let next = repeat.cost(seconds, None);
        let left = most.saturating_sub(further.len() + 1);
        let all = match next.minutes {
            Some(minutes) if left > 1 => format!(", {} with all further runs", minutes * left as f64),
            _ => String::new(),
        };
        tracing::info!(
            "a comparison with the history failed; run {number} of at most {most} of this test ({next}{all})"
        );
        match one_more(under_test, repeat, &plan, number).await {
            Ok(again) => {
                spent.add(&again, repeat.cost(seconds, Some(again.results.total.requests)));
                tracing::info!("the further runs cost {} so far", spent.cost);
                further.push(again);
            }
            Err(fault) if !plan.asked && !is_stopped(&fault) => {
                tracing::info!("one run alone decides, because there is no further run: {fault}");
                return alone(repeat.by.with_most_runs(1).judge(under_test)?);
            }
            Err(fault) => {
                tracing::warn!("there is no further run to confirm with: {fault}");
                let missing = Some(fault.message.as_str());
                let mut combined = combined(&first, under_test, &further, repeat, most, missing)?;
                combined.verdict.confirmation = spent.confirmation();
                let stopped = is_stopped(&fault).then_some(fault);
                return Ok(Confirmed { combined, further, stopped });
            }
        }
    }
    let mut combined = combined(&first, under_test, &further, repeat, most, None)?;
    combined.verdict.confirmation = spent.confirmation();
    Ok(Confirmed { combined, further, stopped: None })
}

/// The verdict of the first run and the further ones.
fn combined(
    first: &Verdict,
    under_test: &RunUnderTest,
    further: &[RepeatedRun],
    repeat: &RunAgain<'_>,
    most: usize,
    missing: Option<&str>,
) -> Result<Combined, CommandError> {
    let runs: Vec<&Results> =
        std::iter::once(&under_test.results).chain(further.iter().map(|run| &run.results)).collect();
    let pooled = if further.is_empty() { None } else { Some(repeat.judge_together(under_test, &runs)?) };
    let on_inconclusive = repeat.by.options.on_inconclusive;
    Ok(baseline::combine(first, &verdicts(further), most, pooled.as_ref(), missing, on_inconclusive))
}

fn verdicts(further: &[RepeatedRun]) -> Vec<Verdict> {
    further.iter().map(|run| run.verdict.clone()).collect()
}

/// What the further runs were, and what they cost together.
#[derive(Default)]
struct Spent {
    runs: Vec<Option<u64>>,
    cost: Cost,
}

impl Spent {
    fn add(&mut self, run: &RepeatedRun, cost: Cost) {
        self.cost = if self.runs.is_empty() { cost } else { self.cost.plus(cost) };
        self.runs.push(run.run_id);
    }

    fn confirmation(&self) -> Option<Confirmation> {
        let run_id = *self.runs.first()?;
        let third_run_id = self.runs.get(1).copied().flatten();
        Some(Confirmation { run_id, third_run_id, cost: self.cost.to_string() })
    }
}

async fn one_more(
    under_test: &RunUnderTest,
    repeat: &RunAgain<'_>,
    confirm: &ConfirmPlan,
    number: usize,
) -> Result<RepeatedRun, CommandError> {
    let mut plan = repeat.plan(None)?;
    let seconds = confirm.duration_s(repeat.record.identity.engine, plan.duration.as_secs_f64());
    plan.duration = Duration::try_from_secs_f64(seconds).unwrap_or(plan.duration);
    let mut again = repeat.carry_out(&plan, under_test.folder.further_run(number), confirm.wait).await?;
    if confirm.share < 1.0 {
        leave_open_what_a_shorter_run_does_not_tell(&mut again.verdict);
    }
    Ok(again)
}

/// A shorter run spends more of its time starting users, so its throughput and its counts are not those of a whole run.
fn leave_open_what_a_shorter_run_does_not_tell(verdict: &mut Verdict) {
    let of_a_whole_run = |unit: Unit| matches!(unit, Unit::PerSecond | Unit::Count);
    for row in verdict.rows.iter_mut().filter(|row| row.baseline.is_some() && of_a_whole_run(row.unit)) {
        row.outcome = Outcome::Inconclusive;
        row.reason = "a shorter run has another throughput".into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfirmSection;
    use crate::results::{Build, Fingerprint, RunIdentity};

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
