//! `gate --confirm`: when a row that compares with the history failed, the same test runs once more.

use super::case::Case;
use super::gate::Bench;
use super::plan;
use super::run::{execute, told};
use super::service::Service;
use crate::baseline::{self, Cost};
use crate::circleci::CircleCi;
use crate::cli::ServiceArgs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::loadforge::Outcome;
use crate::results::{Engine, ResultsFolder, RunRecord};
use crate::verdict::{Confirmation, Verdict};

/// The folder of the second run inside the first one's.
const FOLDER: &str = "confirm";

/// Runs the test once more if the verdict asks for it, and fails only what fails twice. When the second run cannot be
/// had, the first verdict stands, and it is said why.
///
/// # Errors
/// When the command was asked to stop meanwhile.
pub(super) async fn settle(
    first: Verdict,
    case: &Case,
    bench: &Bench<'_>,
    service: &ServiceArgs,
    ci: &CircleCi,
) -> Result<Verdict, Failure> {
    if !baseline::needs_confirmation(&first) {
        return Ok(first);
    }
    let Some(record) = &case.run else {
        tracing::warn!("--confirm needs a run that can be repeated; files named with --from cannot");
        return Ok(first);
    };
    tracing::info!("a comparison with the history failed; running the test once more ({})", cost(record, None));
    match second(record, case, bench, service, ci).await {
        Ok((second, confirmation)) => {
            let mut verdict = baseline::combine(&first, &second, bench.options.on_inconclusive);
            verdict.confirmation = Some(confirmation);
            Ok(verdict)
        }
        Err(fault) if matches!(fault.exit, Exit::Interrupted | Exit::Terminated) => Err(fault),
        Err(fault) => {
            tracing::warn!("not confirmed, the first verdict stands: {fault}");
            Ok(first)
        }
    }
}

async fn second(
    record: &RunRecord,
    case: &Case,
    bench: &Bench<'_>,
    arguments: &ServiceArgs,
    ci: &CircleCi,
) -> Result<(Verdict, Confirmation), Failure> {
    let plan = plan::again(record, ci)?;
    let folder = ResultsFolder::new(case.folder.file(FOLDER));
    let service = match record.engine {
        Engine::Loadforge => Service::remote(arguments)?,
        Engine::Local => Service::local(None, 60.0).await?,
    };
    let ended = execute(&service, &plan, folder.clone(), bench.config).await;
    service.close().await;
    let ended = ended?;
    let exit = told(&ended);
    if ended.outcome != Outcome::Finished {
        return Err(Failure::new(exit, ended.sentence()));
    }
    let again = Case::of_folder(folder)?;
    let verdict = bench.judge(&again);
    let confirmation =
        Confirmation { run_id: ended.run_id, cost: cost(record, Some(again.results.total.requests)).to_string() };
    tracing::info!("the second run cost {}", confirmation.cost);
    Ok((verdict, confirmation))
}

fn cost(record: &RunRecord, requests: Option<u64>) -> Cost {
    let servers = record.fingerprint.regions.values().sum::<u32>().max(1);
    Cost::of(record.engine, servers, record.fingerprint.duration_s.unwrap_or_default(), requests)
}
