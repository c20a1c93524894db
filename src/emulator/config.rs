//! How a server is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::engine::LoadEngine;
use super::replay::ReplayPace;
use crate::locust::process::ProgressSink;

/// How a server is set up. [`ServerConfig::default`] is what `run --engine local` uses: a free loopback port, real Locust,
/// nothing kept. It takes any token; `run` names a random one.
pub struct ServerConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who is let in.
    pub tokens: TokenPolicy,
    /// How long a minute of a run's duration takes, s. Above 0, at most an hour.
    pub seconds_per_minute: f64,
    /// Whether a duration must be whole minutes from 2 to 720, as LoadForge has it; else any time above 0 will do.
    pub whole_minutes: bool,
    /// How long a run is launching before load is sent; at most an hour.
    pub provisioning: Duration,
    /// What makes the load.
    pub engine: EngineChoice,
    /// The file that hosts, tests, files and runs are kept in. Without it they end with the server.
    pub state: Option<PathBuf>,
    /// The folder that runs work in and leave their results in. Without it, `FILE.d` beside the state file, or a
    /// temporary one.
    pub work_dir: Option<PathBuf>,
    /// Maximum number of concurrent runs; more are queued.
    pub parallel_runs: usize,
    /// How long requests under way at the end of a run may take to finish.
    pub stop_timeout: Duration,
    /// Where a line about what takes a while goes (the installation of Locust).
    pub progress: ProgressSink,
    /// What goes wrong on purpose.
    pub faults: InjectedFaults,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tokens: TokenPolicy::Any,
            seconds_per_minute: 60.0,
            whole_minutes: false,
            provisioning: Duration::from_secs(1),
            engine: EngineChoice::Locust { processes: None, cache_dir: None },
            state: None,
            work_dir: None,
            parallel_runs: 4,
            stop_timeout: Duration::from_secs(30),
            progress: Arc::new(|line| tracing::info!("{line}")),
            faults: InjectedFaults::default(),
        }
    }
}

/// Who is let in.
#[derive(Debug, Clone, Default)]
pub enum TokenPolicy {
    /// Any token is accepted. Only on a loopback address.
    #[default]
    Any,
    /// Whoever shows this token.
    Fixed(SecretString),
}

/// What makes the load.
#[derive(Clone)]
pub enum EngineChoice {
    /// Real Locust on this machine.
    Locust {
        /// Processes that send load; `None` means one per CPU.
        processes: Option<u32>,
        /// Where Locust is installed when it is missing; `None` means this user's cache folder.
        cache_dir: Option<PathBuf>,
    },
    /// Recorded files, see [`Replay`](super::Replay).
    Replay {
        /// The folder with the recording.
        folder: PathBuf,
        /// How long a run takes.
        pace: ReplayPace,
    },
    /// An engine of one's own.
    Custom(Arc<dyn LoadEngine>),
}

/// What goes wrong on purpose, for tests of clients.
#[derive(Debug, Clone, Default)]
pub struct InjectedFaults {
    /// The next so many starts do start a run, but the answer breaks off.
    pub lost_start_answers: u32,
    /// The next requests, of any kind, are answered with these statuses, in this order.
    pub answer_next_with: Vec<u16>,
    /// Runs end with this `run_status` after they were launched, and send no load.
    pub end_code: Option<u8>,
    /// Results carry none of the CSV fields.
    pub without_csv: bool,
    /// Results carry no `x_loadforge_ci`, as LoadForge's own.
    pub without_extension: bool,
    /// Results and lists carry no `test_id`, as LoadForge's documented examples.
    pub without_test_id: bool,
}
