//! `signal`: the verdict for CircleCI's release validation. What goes wrong here is said and never changes the verdict's
//! exit code, unless the signal is required.

use secrecy::SecretString;

use crate::circleci::CircleCi;
use crate::clean;
use crate::cli::SignalArgs;
use crate::error::{CommandError, Explain};
use crate::exit::Exit;
use crate::log::warn;
use crate::redact;
use crate::release::{Hook, HookPauses, Judged, ReleaseSignal, SentSignal, SignalError, SignalLog, SignalStatus};
use crate::results::{ConfigChoice, ResultsFolder, RunRecord, RunState};
use crate::running::{self, Asking};
use crate::verdict::Verdict;

/// The longest reason, characters.
const LONGEST_REASON: usize = 300;

/// The organization that CircleCI names.
const ORGANIZATION: &str = "CIRCLE_ORGANIZATION_ID";

pub(super) async fn run(arguments: &SignalArgs) -> Result<Exit, CommandError> {
    let ci = running::environment(&arguments.build.build);
    let folder = ResultsFolder::new(&arguments.results);
    let (judged, reason) = outcome(arguments, &folder, &ci)?;
    let Some(status) = arguments.firing_on.status(judged) else {
        tracing::warn!(
            "no signal is sent: {reason}. Without a signal the release passes unchecked; --firing-on fires for this too"
        );
        return Ok(Exit::Passed);
    };
    let signal = ReleaseSignal {
        component_name: arguments.component.clone(),
        env: arguments.environment.clone(),
        version: arguments.version.clone(),
        project_id: arguments.project_id.clone(),
        namespace: arguments.namespace.clone(),
        status,
        signal_name: arguments.signal_name.clone(),
        reason,
        link: ci.build_url.clone(),
    };
    match send(arguments, &folder, &ci, &signal).await {
        Ok(()) => Ok(Exit::Passed),
        Err(fault) if arguments.signal_required => Err(fault.into()),
        Err(fault) => {
            warn("the signal was not delivered, which does not change the verdict", &fault);
            Ok(Exit::Passed)
        }
    }
}

/// What became of the load test, and why.
fn outcome(arguments: &SignalArgs, folder: &ResultsFolder, ci: &CircleCi) -> Result<(Judged, String), CommandError> {
    let reason = |text: &str| redact::hide(&clean::sentence(text, LONGEST_REASON)).into_owned();
    let mut recorded: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
    if let Some(record) = &mut recorded {
        Asking::of(&arguments.build, ConfigChoice::default(), ci).admit(record, folder, None)?;
    }
    if let Some(fault) = recorded.as_ref().and_then(running::failed) {
        return Ok((Judged::Incomplete, reason(&fault.message)));
    }
    let verdict: Option<Verdict> = folder.read_json_if_there(ResultsFolder::VERDICT)?;
    if let Some(verdict) = verdict {
        return Ok((Judged::Verdict(verdict.outcome), reason(&verdict.sentence)));
    }
    let place = folder.path().display();
    match recorded {
        None => Ok((Judged::Incomplete, reason(&format!("no load test was started: {place} holds none")))),
        Some(record) => match record.state().filter(|state| state.is_end() && *state != RunState::Finished) {
            Some(state) => Ok((Judged::Incomplete, reason(&format!("the load test did not complete: {state}")))),
            None => Err(CommandError::usage(format!("the run in {place} is not judged yet"))
                .with_hint(format!("judge it first: loadforge-ci gate --results {place}"))),
        },
    }
}

/// Sends the signal, once in an attempt: it is written down before, and a note that is left over means that an earlier
/// process may have sent it.
async fn send(
    arguments: &SignalArgs,
    folder: &ResultsFolder,
    ci: &CircleCi,
    signal: &ReleaseSignal,
) -> Result<(), SendError> {
    let variable = &arguments.signal_secret_env;
    let secret = std::env::var(variable).ok().map(SecretString::from);
    let organization = arguments.organization_id.clone().or_else(|| std::env::var(ORGANIZATION).ok());
    let organization = organization.as_deref().map(str::trim).filter(|id| !matches!(*id, "" | "<nil>"));
    let hook = Hook::new(&arguments.circleci_url, organization, secret, variable, HookPauses::default())?;
    let mut log = SignalLog::read(folder)?;
    let mut note = SentSignal::of(&attempt(folder, ci)?, signal);
    if let Some(earlier) = log.earlier(&note).filter(|_| !arguments.resend) {
        if earlier.delivered {
            let (status, at) = (earlier.status.name(), earlier.at);
            tracing::info!("this attempt has sent its signal already: `{status}` at {at}");
            return Ok(());
        }
        return Err(SignalError::MayBeSent { at: earlier.at }.into());
    }
    log.note(folder, &note)?;
    if let Err(fault) = hook.send(signal).await {
        if fault.is_undelivered() {
            log.forget(folder, &note)?;
        }
        return Err(fault.into());
    }
    note.delivered = true;
    log.note(folder, &note)?;
    let ReleaseSignal { component_name, env, signal_name, status, .. } = signal;
    let effect = match status {
        SignalStatus::Firing => "which fails the release",
        SignalStatus::Resolved => "which lets the release go on",
    };
    tracing::info!("sent the signal `{}` ({signal_name}) for {component_name} in {env}, {effect}", status.name());
    Ok(())
}

/// The attempt that sends the signal: the job, or outside CircleCI the run.
fn attempt(folder: &ResultsFolder, ci: &CircleCi) -> Result<String, SendError> {
    if let Some(job) = &ci.job_id {
        return Ok(job.clone());
    }
    let record: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN)?;
    let run = record.and_then(|record| Some(format!("{}@{}", record.run_id?, record.identity.asked_at?)));
    Ok(run.unwrap_or_else(|| folder.path().display().to_string()))
}

/// Why the signal was not sent.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Signal(#[from] SignalError),
    #[error(transparent)]
    Folder(#[from] crate::results::FolderError),
}

impl Explain for SendError {
    fn exit(&self) -> Exit {
        match self {
            Self::Signal(fault) => fault.exit(),
            Self::Folder(fault) => fault.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Signal(fault) => fault.hint(),
            Self::Folder(fault) => fault.hint(),
        }
    }
}
