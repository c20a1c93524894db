//! The demo shop on a thread of its own, so that the binary under test can be waited for.

use std::ops::Deref;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use loadforge_ci::demo::shop::{RunningShop, Shop, ShopConfig};
use tokio::sync::oneshot;

/// A healthy shop that is open for as long as this value lives.
pub(crate) struct OpenShop {
    shop: Arc<RunningShop>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OpenShop {
    pub(crate) fn new() -> Self {
        let (opened, shop) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                opened.send(Arc::new(Shop::start(ShopConfig::default()).await.unwrap())).unwrap();
                let _ = stopped.await;
            });
        });
        Self { shop: shop.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }
}

impl Deref for OpenShop {
    type Target = RunningShop;

    fn deref(&self) -> &RunningShop {
        &self.shop
    }
}

impl Drop for OpenShop {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}
