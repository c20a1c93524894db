//! What all requests share.

use std::sync::{Mutex, MutexGuard};

use super::account::Tokens;
use super::counter::Counters;
use super::data::ShopData;
use super::fault::ActiveFaults;
use super::lock::locked;

/// What all requests share.
#[derive(Debug)]
pub(super) struct ShopState {
    pub(super) store: Mutex<ShopData>,
    pub(super) tokens: Tokens,
    pub(super) counters: Counters,
    pub(super) faults: ActiveFaults,
}

impl ShopState {
    pub(super) fn store(&self) -> MutexGuard<'_, ShopData> {
        locked(&self.store)
    }
}
