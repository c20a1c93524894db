//! What can go wrong on the way from a plan to collected results.

use super::error::ApiError;
use super::plan::PlanError;
use super::stop::Signal;
use super::stopping::NotStopped;
use crate::error::Explain;
use crate::exit::Exit;
use crate::results::FolderError;
use crate::text::counted;

/// A run could not be started, followed or collected.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A call to the service failed for good.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The results folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The plan cannot be carried out.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No saved test has this name.
    #[error("there is no test named `{name}`{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoSuchTest {
        /// The name asked for.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// Several saved tests have this name.
    #[error("{} are named `{name}`: {}", counted(ids.len(), "test"), listed(ids))]
    SeveralTests {
        /// The name asked for.
        name: String,
        /// Their ids.
        ids: Vec<u64>,
    },
    /// One start may have created several runs.
    #[error("it is not known which run of test {test_id} was started: {} may be it", listed(runs))]
    Ambiguous {
        /// The test.
        test_id: u64,
        /// The runs.
        runs: Vec<u64>,
        /// Where each can be seen.
        places: Vec<String>,
    },
    /// A run may be from our start or from another pipeline's.
    #[error(
        "run {run_id} appeared after our start request, but the service does not say which test it is of: it may be \
         another pipeline's"
    )]
    Guessed {
        /// The test we asked to run.
        test_id: u64,
        /// The run.
        run_id: u64,
        /// Where it can be seen.
        place: String,
    },
    /// The start request may have got through, and no list of runs shows it.
    #[error("a run of test {test_id} may have been started: {cause}")]
    MaybeStarted {
        /// The test.
        test_id: u64,
        /// Why it is not known.
        cause: String,
    },
    /// A run was not seen to be cancelled.
    #[error("run {run_id} could not be cancelled and may go on: {cause}")]
    NotCancelled {
        /// The run.
        run_id: u64,
        /// Where it can be seen.
        place: String,
        /// Why not.
        cause: NotStopped,
    },
    /// The service refuses to show a run that it has started.
    #[error(
        "lost sight of run {run_id}, which {}: {cause}",
        if *cancelled { "was cancelled" } else { "may still be running" }
    )]
    LostSight {
        /// The run.
        run_id: u64,
        /// Where it can be seen.
        place: String,
        /// Whether the service showed it as cancelled.
        cancelled: bool,
        /// The refusal.
        cause: Box<ApiError>,
    },
    /// The time was over before the run was started.
    #[error("the overall timeout passed before the service started the run")]
    NotStartedInTime,
    /// The time was over before the run to wait for was found.
    #[error("the overall timeout passed before the service showed the run")]
    NotFoundInTime,
    /// The service did not answer until the time was over.
    #[error("the service did not answer until the overall timeout; run {run_id} may still be running: {cause}")]
    Unreachable {
        /// The run.
        run_id: u64,
        /// Where it can be seen.
        place: String,
        /// The cause.
        cause: String,
    },
    /// Somebody asked to stop while nothing was going on that needs an end.
    #[error("stopped by {}", .0.name())]
    Stopped(Signal),
    /// There is no run to work on.
    #[error("no run is recorded in the results folder")]
    NothingRecorded,
}

fn listed(ids: &[u64]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Explain for SessionError {
    fn exit(&self) -> Exit {
        match self {
            Self::Api(error) => error.exit(),
            Self::Folder(error) => error.exit(),
            Self::Plan(error) => error.exit(),
            Self::NoSuchTest { .. } | Self::SeveralTests { .. } | Self::NothingRecorded => Exit::Usage,
            Self::Stopped(signal) => signal.exit(),
            Self::LostSight { cause, .. } => cause.exit(),
            Self::NotCancelled { cause: NotStopped::Refused(error), .. } => error.exit(),
            Self::NotCancelled { .. } => Exit::Unavailable,
            Self::Ambiguous { .. }
            | Self::Guessed { .. }
            | Self::MaybeStarted { .. }
            | Self::NotStartedInTime
            | Self::NotFoundInTime
            | Self::Unreachable { .. } => Exit::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Api(error) => error.hint(),
            Self::Folder(error) => error.hint(),
            Self::Plan(error) => error.hint(),
            Self::NoSuchTest { .. } => Some("--test takes the name of a saved test, --test-id its id".to_owned()),
            Self::SeveralTests { .. } => Some("name one of them with --test-id".to_owned()),
            Self::Ambiguous { places, .. } => Some(format!(
                "look at {}; then use `wait --run-id N` with the right one; cancel the other if it is not needed",
                places.join(", ")
            )),
            Self::Guessed { test_id, run_id, place } => Some(format!(
                "look at {place}; if it is the run of test {test_id}, collect it with `wait --run-id {run_id}` or stop it \
                 with `cancel --run-id {run_id}`"
            )),
            Self::MaybeStarted { .. } => Some(
                "when the service is back, `run` in the same folder looks for it before it starts another, and `cancel` \
                 stops it"
                    .to_owned(),
            ),
            Self::LostSight { run_id, place, cancelled: false, cause } => Some(format!(
                "look at {place}; use `wait --run-id {run_id}` or `cancel --run-id {run_id}` once this is fixed{}",
                cause.hint().map(|hint| format!(": {hint}")).unwrap_or_default()
            )),
            Self::LostSight { cause, .. } => cause.hint(),
            Self::NotCancelled { run_id, place, .. } => {
                Some(format!("look at {place}; try again with `cancel --run-id {run_id}`"))
            }
            Self::NotStartedInTime => {
                Some("try again later; if the service did start it, running again continues with that run".to_owned())
            }
            Self::Unreachable { run_id, place, .. } => Some(format!(
                "look at {place}; when the service is back, use `wait --run-id {run_id}` or `cancel --run-id {run_id}`"
            )),
            Self::NothingRecorded => {
                Some("use `run` first, name its folder with --results, or name the run with --run-id".to_owned())
            }
            Self::Stopped(_) | Self::NotFoundInTime => None,
        }
    }
}
