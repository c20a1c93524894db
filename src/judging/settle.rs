//! From one run to a verdict that nothing can change any more: further runs confirm what failed, and a control run decides
//! where the environment may explain it.

use super::confirm::{ConfirmPlan, confirm};
use super::control;
use super::judge::Judging;
use super::repeat::RunAgain;
use super::run_under_test::RunUnderTest;
use crate::baseline;
use crate::cli::GateCommandArgs;
use crate::error::CommandError;
use crate::results::Build;
use crate::verdict::{OnInconclusive, Verdict};

/// A verdict that no further run can change any more.
pub(crate) struct Settled {
    pub(crate) verdict: Verdict,
    /// What an inconclusive row means for it.
    pub(crate) on_inconclusive: OnInconclusive,
    /// The command was asked to stop during a further run: what is measured is still written, and nothing more is done.
    pub(crate) stopped: Option<CommandError>,
}

/// What `gate` may run besides.
pub(crate) struct FurtherRuns {
    /// How failed comparisons with the history are confirmed.
    pub(crate) confirm: ConfirmPlan,
    /// The known-good deployment.
    pub(crate) control: Option<url::Url>,
}

/// Judges a run; runs the test again while the verdict asks for it, and fails only what further runs confirm. When a
/// further run cannot be had, what failed in the runs so far could not be judged. What the environment may explain is
/// decided by a run against the known-good deployment, where one is named.
///
/// # Errors
/// When the run's files cannot be read.
pub(crate) async fn settle(
    under_test: &mut RunUnderTest,
    by: &Judging<'_>,
    further: FurtherRuns,
    arguments: &GateCommandArgs,
    build: &Build,
) -> Result<Settled, CommandError> {
    let first = by.judge(under_test)?;
    let Some(record) = under_test.run.clone() else {
        return Ok(Settled {
            verdict: with_evidence(first),
            on_inconclusive: by.options.on_inconclusive,
            stopped: None,
        });
    };
    let repeat = RunAgain { record: &record, by, arguments, build };
    let confirmed = confirm(first, under_test, &repeat, further.confirm).await?;
    let on_inconclusive = confirmed.combined.on_inconclusive;
    let (verdict, stopped) =
        match further.control.filter(|_| confirmed.stopped.is_none() && confirmed.combined.wants_control()) {
            Some(host) => control::decide(confirmed, under_test, &repeat, &host).await,
            None => (confirmed.combined.verdict, confirmed.stopped),
        };
    Ok(Settled { verdict: with_evidence(verdict), on_inconclusive, stopped })
}

fn with_evidence(verdict: Verdict) -> Verdict {
    Verdict { evidence: baseline::evidence(&verdict), ..verdict }
}
