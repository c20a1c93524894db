//! `gate --confirm`: when a row that compares with the history failed, the same test runs once more.

use super::judge::Judging;
use super::run_under_test::RunUnderTest;
use crate::baseline::{self, Cost};
use crate::cli::GateCommandArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::RunOutcome;
use crate::results::{Build, Engine, ResultsFolder, RunRecord, load_generators};
use crate::running::{self, Service};
use crate::verdict::{Confirmation, Verdict};

/// A verdict that no second run can change any more.
pub(crate) struct Settled {
    pub(crate) verdict: Verdict,
    /// The command was asked to stop during the second run: what is measured is still written, and nothing more is done.
    pub(crate) stopped: Option<CommandError>,
}

/// Runs the test once more if the verdict asks for it, and fails only what fails twice. When the second run cannot be
/// had, what failed in the first one alone could not be judged.
pub(crate) async fn settle(
    first: Verdict,
    under_test: &RunUnderTest,
    by: &Judging<'_>,
    arguments: &GateCommandArgs,
    build: &Build,
) -> Settled {
    let settled = |verdict| Settled { verdict, stopped: None };
    let Some(record) = under_test.run.as_ref().filter(|_| baseline::needs_confirmation(&first)) else {
        return settled(first);
    };
    if !arguments.gate.confirm {
        tracing::info!("one run alone failed a comparison with the history; with --confirm a second run decides");
        return settled(first);
    }
    tracing::info!("a comparison with the history failed; running the test once more ({})", cost(record, None));
    let on_inconclusive = by.options.on_inconclusive;
    match second(record, under_test, by, arguments, build).await {
        Ok((second, confirmation)) => {
            let verdict = baseline::combine(&first, &second, on_inconclusive);
            settled(Verdict { confirmation: Some(confirmation), ..verdict })
        }
        Err(fault) => {
            tracing::warn!("there is no second run to confirm with: {fault}");
            let verdict = baseline::unconfirmed(&first, &fault.message, on_inconclusive);
            let stopped = matches!(fault.exit, Exit::Interrupted | Exit::Terminated).then_some(fault);
            Settled { verdict, stopped }
        }
    }
}

async fn second(
    record: &RunRecord,
    under_test: &RunUnderTest,
    by: &Judging<'_>,
    arguments: &GateCommandArgs,
    build: &Build,
) -> Result<(Verdict, Confirmation), CommandError> {
    let plan = running::plan_again(record, &arguments.gate.env, by.config, build)?;
    let folder = under_test.folder.second_run();
    forget_older(&folder, record)?;
    let service = match record.identity.engine {
        Engine::Loadforge => Service::remote(&arguments.service)?,
        Engine::Local => Service::local(plan.local).await?,
    };
    let ended = running::execute(&service, &plan, folder.clone(), by.config).await;
    service.close().await;
    let ended = ended?;
    let exit = running::report_outcome(&ended);
    if ended.outcome != RunOutcome::Finished {
        return Err(CommandError::new(exit, ended.sentence()));
    }
    let mut again = RunUnderTest::of_folder(folder)?;
    let verdict = by.judge(&mut again)?;
    let confirmation =
        Confirmation { run_id: ended.run_id, cost: cost(record, Some(again.results.total.requests)).to_string() };
    tracing::info!("the second run cost {}", confirmation.cost);
    Ok((verdict, confirmation))
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

fn cost(record: &RunRecord, requests: Option<u64>) -> Cost {
    let servers = load_generators(&record.fingerprint.regions).max(1);
    Cost::of(record.identity.engine, servers, record.fingerprint.duration_s.unwrap_or_default(), requests)
}
