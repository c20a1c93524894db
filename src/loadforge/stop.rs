//! Being asked to stop: SIGINT, SIGTERM, SIGHUP.

use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::exit::Exit;

/// Which signal asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT (Ctrl-C).
    Interrupt,
    /// SIGTERM (a cancelled job).
    Terminate,
    /// SIGHUP (the terminal is gone).
    HangUp,
}

impl Signal {
    /// The exit code after it.
    #[must_use]
    pub const fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate | Self::HangUp => Exit::Terminated,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }
}

/// Tells when to stop.
#[derive(Debug)]
pub struct StopSignals(mpsc::Receiver<Signal>);

impl StopSignals {
    /// Listens to the process's signals from now on, instead of their ending it.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn on_signals() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let (sender, stop) = Self::channel();
        tokio::spawn(async move {
            loop {
                let signal = select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                    _ = hang_up.recv() => Signal::HangUp,
                };
                if sender.send(signal).await.is_err() {
                    return;
                }
            }
        });
        Ok(stop)
    }

    /// Stops when something is sent.
    #[must_use]
    pub fn channel() -> (mpsc::Sender<Signal>, Self) {
        let (sender, receiver) = mpsc::channel(4);
        (sender, Self(receiver))
    }

    /// Never stops.
    #[must_use]
    pub fn never() -> Self {
        Self::channel().1
    }

    /// The next signal; waits for ever when there will be none.
    pub async fn signal(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => pending().await,
        }
    }

    /// Does something that should not be left half done: when a signal comes it gets `grace` more time. Tells the
    /// signal, if one came, and what came out, if it came to an end.
    pub(super) async fn finish<T>(
        &mut self,
        grace: Duration,
        doing: impl Future<Output = T>,
    ) -> (Option<Signal>, Option<T>) {
        let mut doing = pin!(doing);
        select! {
            done = &mut doing => (None, Some(done)),
            signal = self.signal() => (Some(signal), timeout(grace, doing).await.ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_being_done_gets_its_grace() {
        let (sender, mut stop) = StopSignals::channel();
        assert_eq!(stop.finish(Duration::ZERO, async { 1 }).await, (None, Some(1)));
        sender.send(Signal::Terminate).await.unwrap();
        let (signal, done) = stop.finish(Duration::from_millis(1), pending::<()>()).await;
        assert_eq!((signal, done), (Some(Signal::Terminate), None));
        assert_eq!(Signal::HangUp.exit(), Exit::Terminated);
    }
}
