//! The control run of `gate --control-host`: the same test against a known-good deployment.

use std::time::Duration;

use url::Url;

use super::confirm::Confirmed;
use super::repeat::{RepeatedRun, RunAgain, is_stopped};
use super::run_under_test::RunUnderTest;
use crate::baseline::ControlRun;
use crate::error::CommandError;
use crate::results::Results;
use crate::running;
use crate::verdict::{Row, Verdict};

/// Runs the test against the known-good deployment and lets that decide what is open; where the run cannot be had, it
/// stays open. The error is the command's being asked to stop.
pub(super) async fn decide(
    confirmed: Confirmed,
    under_test: &RunUnderTest,
    repeat: &RunAgain<'_>,
    host: &Url,
) -> (Verdict, Option<CommandError>) {
    let shown = running::shown_host(host);
    let seconds = repeat.first_s();
    tracing::info!(
        "the runs alone do not tell slow code from a slow environment; a control run against {shown} decides ({})",
        repeat.cost(seconds, None)
    );
    let verdict = |control: &RepeatedRun, confirmed: Confirmed| -> Verdict {
        let cost = repeat.cost(seconds, Some(control.results.total.requests));
        tracing::info!("the control run cost {cost}");
        let first = std::iter::once(&under_test.results);
        let runs: Vec<&Results> = first.chain(confirmed.further.iter().map(|run| &run.results)).collect();
        let control = ControlRun {
            host: shown.clone(),
            run_id: control.run_id,
            cost: cost.to_string(),
            results: &control.results,
            verdict: &control.verdict,
        };
        let waive = |row: &mut Row| repeat.by.waive_row(row);
        let verdict = confirmed.combined.by_control(repeat.by.gates(), &runs, &control, waive);
        if let Some(control) = &verdict.control {
            tracing::info!("{}", control.sentence);
        }
        verdict
    };
    match run(under_test, repeat, host).await {
        Ok(control) => (verdict(&control, confirmed), None),
        Err(fault) => {
            tracing::warn!("there is no control run: {fault}");
            let verdict = confirmed.combined.without_control(shown, &fault.message);
            (verdict, is_stopped(&fault).then_some(fault))
        }
    }
}

async fn run(under_test: &RunUnderTest, repeat: &RunAgain<'_>, host: &Url) -> Result<RepeatedRun, CommandError> {
    running::check_control(host, &repeat.plan(None)?)?;
    let plan = repeat.plan(Some(host))?;
    repeat.carry_out(&plan, under_test.folder.control(), Duration::ZERO).await
}
