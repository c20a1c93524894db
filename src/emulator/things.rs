//! Things by their ids, with a note of which changed since they were last saved.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// The things of one kind. Reading goes through the map; what is written is noted.
#[derive(Debug)]
pub(super) struct Things<T> {
    by_id: BTreeMap<u64, T>,
    changed: BTreeSet<u64>,
}

/// What changed: the thing, or `None` where it was removed.
pub(super) type Changes<T> = BTreeMap<u64, Option<T>>;

impl<T> Default for Things<T> {
    fn default() -> Self {
        Self { by_id: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<T> Deref for Things<T> {
    type Target = BTreeMap<u64, T>;

    fn deref(&self) -> &BTreeMap<u64, T> {
        &self.by_id
    }
}

impl<T: Serialize + for<'de> Deserialize<'de>> Things<T> {
    pub(super) fn insert(&mut self, id: u64, thing: T) {
        self.changed.insert(id);
        self.by_id.insert(id, thing);
    }

    pub(super) fn remove(&mut self, id: &u64) -> Option<T> {
        self.changed.insert(*id);
        self.by_id.remove(id)
    }

    pub(super) fn get_mut(&mut self, id: &u64) -> Option<&mut T> {
        let found = self.by_id.get_mut(id)?;
        self.changed.insert(*id);
        Some(found)
    }

    /// What changed since the last call.
    pub(super) fn take_changes(&mut self) -> BTreeMap<u64, Option<&T>> {
        std::mem::take(&mut self.changed).into_iter().map(|id| (id, self.by_id.get(&id))).collect()
    }

    /// Everything, as changes of nothing.
    pub(super) fn all(&self) -> BTreeMap<u64, Option<&T>> {
        self.by_id.iter().map(|(id, thing)| (*id, Some(thing))).collect()
    }

    /// Makes changes that were saved.
    pub(super) fn apply(&mut self, changes: Changes<T>) {
        for (id, thing) in changes {
            match thing {
                Some(thing) => self.by_id.insert(id, thing),
                None => self.by_id.remove(&id),
            };
        }
    }
}
