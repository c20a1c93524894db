//! The demo shop, for tests that run the binary against it.

use std::ops::Deref;
use std::sync::Arc;

use loadforge_ci::demo::shop::{RunningShop, Shop, ShopConfig};

use crate::background::Background;

/// A healthy shop that is open for as long as this value lives.
pub(crate) struct OpenShop {
    shop: Arc<RunningShop>,
    _serving: Background,
}

impl OpenShop {
    pub(crate) fn new() -> Self {
        let (serving, shop) = Background::start(async |opened, stopped| {
            opened.send(Arc::new(Shop::start(ShopConfig::default()).await.unwrap())).unwrap();
            let _ = stopped.await;
        });
        Self { shop, _serving: serving }
    }
}

impl Deref for OpenShop {
    type Target = RunningShop;

    fn deref(&self) -> &RunningShop {
        &self.shop
    }
}
