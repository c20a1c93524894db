//! Carrying a plan out, and saying how it ended.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use url::Url;

use super::guard::{check_own_hosts, check_target};
use super::preflight::{self, Preflight};
use super::service::{Service, log_event, stop_signals};
use super::stop_rules::StopRules;
use crate::config::Config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::gate::PlacedGate;
use crate::loadforge::{RunEnd, RunOutcome, RunPlan, Session, SessionError};
use crate::log::has_status_line;
use crate::results::ResultsFolder;
use crate::text::compact_duration;

/// Carries a plan out against a service; the run ends early when one of its stop rules is hit, where it has any.
pub(crate) async fn execute(
    service: &Service,
    plan: &RunPlan,
    folder: ResultsFolder,
    config: &Config,
    preflight: Preflight,
    watch: Option<(StopRules, &[PlacedGate])>,
) -> Result<RunEnd, CommandError> {
    check_own_hosts(config, plan)?;
    // Before anything is sent, so that no signal finds a run without somebody to cancel it.
    let stop = stop_signals()?;
    let mut observer = log_event;
    let mut session = Session::new(service.client.clone(), folder, &mut observer, stop);
    let target = session.resolve(plan).await?;
    // A saved test brings its own host, which is known only now; nothing is started yet.
    let host = target.fingerprint.host.as_deref().and_then(|host| host.parse::<Url>().ok());
    check_target(config, host.as_ref())?;
    if let Some(host) = host.as_ref().filter(|_| preflight == Preflight::Check) {
        tokio::select! {
            checked = preflight::check(plan, host) => checked?,
            signal = session.stop.signal() => return Err(SessionError::Stopped(signal).into()),
        }
    }
    session.live_line = has_status_line();
    if let Some((rules, gates)) = watch {
        session.watch = rules.watch(&target.fingerprint, gates);
    }
    Ok(session.run(plan, &target).await?)
}

/// How often a line is logged during a pause: CircleCI kills a job after 10 minutes without output.
const BEAT: Duration = Duration::from_secs(300);

/// Waits before a run, unless a signal asks to stop.
pub(crate) async fn pause(wait: Duration) -> Result<(), CommandError> {
    let mut stop = stop_signals()?;
    let end = Instant::now() + wait;
    tracing::info!("waiting {} before the next run", compact_duration(wait));
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = sleep(left.min(BEAT)) => {}
            signal = stop.signal() => {
                return Err(CommandError::new(signal.exit(), format!("stopped by {} while waiting", signal.name())));
            }
        }
        tracing::info!("{} left", compact_duration(end.saturating_duration_since(Instant::now())));
    }
}

/// Logs how the run ended and what is wrong with what it measured; returns the exit code that means.
pub(crate) fn report_outcome(ended: &RunEnd) -> Exit {
    let sentence = ended.sentence();
    match ended.outcome {
        RunOutcome::Finished | RunOutcome::Detached => tracing::info!("{sentence}"),
        RunOutcome::StoppedEarly => tracing::warn!("{sentence}; `gate` fails this run"),
        _ => tracing::error!("{sentence}"),
    }
    for problem in ended.results.iter().flat_map(|results| &results.problems).chain(&ended.problems) {
        // The sentence names the gravest one already.
        let already_logged = ended.message.as_ref() == Some(&problem.message) && ended.outcome != RunOutcome::Finished;
        match &problem.detail {
            Some(detail) if already_logged => tracing::warn!("{detail}"),
            None if already_logged => {}
            Some(detail) => tracing::warn!("{}\n{detail}", problem.message),
            None => tracing::warn!("{}", problem.message),
        }
    }
    ended.exit()
}
