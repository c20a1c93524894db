//! The server itself.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener as _;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::archive::Archive;
use super::config::{EngineChoice, ServerConfig, TokenPolicy};
use super::connections::BoundedListener;
use super::engine::LoadEngine;
use super::locust_engine::LocustEngine;
use super::replay::{Replay, ReplayError};
use super::state::ServerState;
use super::store::Store;
use super::{api, lifecycle};
use crate::error::Explain;
use crate::exit::Exit;
use crate::locust::process::{ProcessError, cache_folder};

/// The longest a minute of a run may take, s.
const LONGEST_MINUTE: f64 = 3600.0;

/// How long connections may take to end at a shutdown.
const CLOSING: Duration = Duration::from_secs(2);

/// How long runs may take to end at a shutdown; their processes are killed then.
const STOPPING: Duration = Duration::from_secs(10);

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// The address is taken or not ours.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// A minute must take time, and not too much of it.
    #[error("a minute cannot take {0} s")]
    Minute(f64),
    /// Whoever reaches the server could run scripts on this machine.
    #[error("refused to listen on {0} for any token: anyone who reaches it could run code on this machine")]
    Open(SocketAddr),
    /// The system gave no random bytes for a token.
    #[error("the system has no random bytes for a token")]
    Randomness,
    /// The state file cannot be read or written.
    #[error("failed to use the state file {path}")]
    State {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The folder for the runs cannot be used.
    #[error("failed to prepare the folder for the runs")]
    WorkDir(#[source] io::Error),
    /// The recording cannot be played back.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// There is no folder for Locust.
    #[error(transparent)]
    Locust(#[from] ProcessError),
}

impl Explain for EmulatorError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { .. } => Some("--listen ADDRESS:PORT names another; port 0 takes a free one".into()),
            Self::Minute(_) => Some(format!("--seconds-per-minute takes a number above 0, at most {LONGEST_MINUTE}")),
            Self::Open(_) => Some(
                "name the variable that holds the token with --token-env, or listen on a loopback address such as \
                 127.0.0.1:8800"
                    .into(),
            ),
            Self::Randomness => None,
            Self::State { .. } => {
                Some("--state FILE names a file this user can write, or one that such a server wrote before".into())
            }
            Self::WorkDir(_) => Some("the disk may be full, or the folder not writable".into()),
            Self::Replay(_) => Some(
                "the folder needs run_stats.csv, run_stats_history.csv and run_failures.csv, as `locust --csv run` \
                 writes them"
                    .into(),
            ),
            Self::Locust(error) => error.hint(),
        }
    }
}

/// The LoadForge-compatible server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts serving in the background and returns once requests are answered.
    ///
    /// # Errors
    /// When the address, the state file, the folders or the recording cannot be used.
    pub async fn start(config: ServerConfig) -> Result<RunningServer, EmulatorError> {
        if !(config.seconds_per_minute > 0.0 && config.seconds_per_minute <= LONGEST_MINUTE) {
            return Err(EmulatorError::Minute(config.seconds_per_minute));
        }
        if !config.listen.ip().is_loopback() && matches!(config.tokens, TokenPolicy::Any) {
            return Err(EmulatorError::Open(config.listen));
        }
        let engine: Arc<dyn LoadEngine> = match &config.engine {
            EngineChoice::Locust { processes, cache_dir } => {
                let cache = cache_dir.clone().map_or_else(cache_folder, Ok)?;
                Arc::new(LocustEngine::new(cache, *processes, config.stop_timeout, Arc::clone(&config.progress)))
            }
            EngineChoice::Replay { folder, pace } => Arc::new(Replay::open(folder, *pace)?),
            EngineChoice::Custom(engine) => Arc::clone(engine),
        };
        let work_dir = config.work_dir.clone().or_else(|| {
            config.state.as_ref().map(|state| {
                let mut name = state.clone().into_os_string();
                name.push(".d");
                name.into()
            })
        });
        let archive = Archive::open(work_dir).map_err(EmulatorError::WorkDir)?;
        let store = Store::open(config.state.clone())
            .map_err(|source| EmulatorError::State { path: config.state.clone().unwrap_or_default(), source })?;
        let address = config.listen;
        let listen_error = |source| EmulatorError::Listen { address, source };
        let listener = BoundedListener::bind(address).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;

        let app = Arc::new(ServerState::new(store, archive, engine, &config));
        lifecycle::recover(&app);
        let (close, closing) = oneshot::channel::<()>();
        let serve = axum::serve(listener, api::router(Arc::clone(&app))).with_graceful_shutdown(async {
            // A sender that was dropped means the same.
            let _ = closing.await;
        });
        let task = tokio::spawn(async {
            if let Err(error) = serve.await {
                tracing::warn!("the server ended: {error}");
            }
        });
        Ok(RunningServer { addr, app, close: Some(close), task })
    }
}

/// A running server. Dropping it stops it at once, with every run.
pub struct RunningServer {
    addr: SocketAddr,
    app: Arc<ServerState>,
    close: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl RunningServer {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL of API v2, as `--api-url` and LOADFORGE_API_URL take it.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}{}", self.addr, api::V2)
    }

    /// Stops the runs under way (they count as cancelled), waits until none of their processes is left, and ends.
    pub async fn shutdown(mut self) {
        if let Some(close) = self.close.take() {
            let _ = close.send(());
        }
        for mut run in self.app.stop_all() {
            if timeout(STOPPING, &mut run).await.is_err() {
                run.abort();
            }
        }
        // Connections that a client keeps open are not waited for.
        let _ = timeout(CLOSING, &mut self.task).await;
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.task.abort();
        for run in self.app.stop_all() {
            run.abort();
        }
    }
}
