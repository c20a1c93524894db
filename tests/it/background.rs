//! A server on a thread of its own, so that the binary under test can be waited for.

use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// Serves for as long as this value lives.
pub(crate) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts a server; it sends its address once it is ready, and ends when it gets the stop signal.
    pub(crate) fn start<T: Send + 'static, F: Future<Output = ()>>(
        serve: impl FnOnce(Sender<T>, oneshot::Receiver<()>) -> F + Send + 'static,
    ) -> (Self, T) {
        let (said, known) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(said, stopped));
        });
        (Self { stop: Some(stop), thread: Some(thread) }, known.recv().unwrap())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}
