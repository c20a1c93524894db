//! Locking the shop's shared data.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock that survives a panic of another holder: the data is a demo's and stays usable.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
