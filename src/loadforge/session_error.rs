//! What can go wrong on the way from a plan to collected results.

use super::error::ApiError;
use super::plan::PlanError;
use super::stop::Signal;
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
    /// Several runs may have come of one start.
    #[error("it is not known which run of test {test_id} was started: {} may be it", listed(runs))]
    Ambiguous {
        /// The test.
        test_id: u64,
        /// The runs.
        runs: Vec<u64>,
    },
    /// The time was over before the run was started.
    #[error("the overall timeout passed before the service started the run")]
    NotStartedInTime,
    /// The service did not answer until the time was over.
    #[error("the service did not answer until the overall timeout; run {run_id} may still be going on: {cause}")]
    Unreachable {
        /// The run.
        run_id: u64,
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
            Self::Ambiguous { .. } | Self::NotStartedInTime | Self::Unreachable { .. } => Exit::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Api(error) => error.hint(),
            Self::Folder(error) => error.hint(),
            Self::Plan(error) => error.hint(),
            Self::NoSuchTest { .. } => Some("--test takes the name of a saved test, --test-id its id".to_owned()),
            Self::SeveralTests { .. } => Some("name one of them with --test-id".to_owned()),
            Self::Ambiguous { .. } => Some(
                "look at them in LoadForge, then use `wait --run-id N` with the right one; cancel the other if nobody \
                 needs it"
                    .to_owned(),
            ),
            Self::NotStartedInTime => {
                Some("try again later; if the service did start it, running again continues with that run".to_owned())
            }
            Self::Unreachable { run_id, .. } => {
                Some(format!("when the service is back, use `wait --run-id {run_id}` or `cancel --run-id {run_id}`"))
            }
            Self::NothingRecorded => {
                Some("use `run` first, name its folder with --results, or name the run with --run-id".to_owned())
            }
            Self::Stopped(_) => None,
        }
    }
}
