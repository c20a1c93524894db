//! What all requests share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::archive::Archive;
use super::config::{InjectedFaults, TokenPolicy};
use super::engine::LoadEngine;
use super::store::Store;
use super::token::same;

/// The longest time a run may be launching.
const LONGEST_PROVISIONING: Duration = Duration::from_secs(3600);

/// What all requests share.
pub(super) struct ServerState {
    pub(super) store: Store,
    pub(super) archive: Archive,
    pub(super) engine: Arc<dyn LoadEngine>,
    pub(super) tokens: TokenPolicy,
    /// Whether it listens on loopback alone; then requests must name a loopback address too.
    pub(super) loopback: bool,
    pub(super) seconds_per_minute: f64,
    pub(super) whole_minutes: bool,
    pub(super) provisioning: Duration,
    pub(super) places: Semaphore,
    pub(super) faults: InjectedFaults,
    pub(super) trouble: Mutex<Trouble>,
    active: Mutex<BTreeMap<u64, Active>>,
}

/// The faults that are used up.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    pub(super) lost_start_answers: u32,
    pub(super) answers: VecDeque<u16>,
}

/// A run under way.
struct Active {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl ServerState {
    pub(super) fn new(
        store: Store,
        archive: Archive,
        engine: Arc<dyn LoadEngine>,
        config: &super::ServerConfig,
    ) -> Self {
        let trouble = Trouble {
            lost_start_answers: config.faults.lost_start_answers,
            answers: config.faults.answer_next_with.iter().copied().collect(),
        };
        Self {
            store,
            archive,
            engine,
            tokens: config.tokens.clone(),
            loopback: config.listen.ip().is_loopback(),
            seconds_per_minute: config.seconds_per_minute,
            whole_minutes: config.whole_minutes,
            provisioning: config.provisioning.min(LONGEST_PROVISIONING),
            places: Semaphore::new(config.parallel_runs.max(1)),
            faults: config.faults.clone(),
            trouble: Mutex::new(trouble),
            active: Mutex::default(),
        }
    }

    /// Whether this token is let in.
    pub(super) fn lets_in(&self, token: &SecretString) -> bool {
        match &self.tokens {
            TokenPolicy::Any => !token.expose_secret().is_empty(),
            TokenPolicy::Fixed(right) => same(right, token),
        }
    }

    /// The next fault, if one is due.
    pub(super) fn next_trouble<T>(&self, take: impl FnOnce(&mut Trouble) -> T) -> T {
        take(&mut self.trouble.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a run under way, so that it can be stopped.
    pub(super) fn begin(&self, run: u64, stop: watch::Sender<bool>, task: JoinHandle<()>) {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.retain(|_, run| !run.task.is_finished());
        active.insert(run, Active { stop, task });
    }

    /// Asks a run to stop.
    pub(super) fn stop(&self, run: u64) {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = active.get(&run) {
            run.stop.send_replace(true);
        }
    }

    /// Asks all runs to stop and gives their tasks to wait for.
    pub(super) fn stop_all(&self) -> Vec<JoinHandle<()>> {
        let active = std::mem::take(&mut *self.active.lock().unwrap_or_else(PoisonError::into_inner));
        active
            .into_values()
            .map(|run| {
                run.stop.send_replace(true);
                run.task
            })
            .collect()
    }
}

/// A time as LoadForge writes it: whole seconds with six digits behind them.
pub(super) fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}
