//! The connections of one thread, so that the longest idle ones can be found when there is no room
//! for another.
//!
//! Only the beginning and the end of a connection take the lock; whether it idles, and since when,
//! is asked of each [`Activity`] when it matters.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::activity::Activity;

#[derive(Debug, Default)]
pub(in crate::serve) struct Registry(Mutex<HashMap<usize, Arc<Activity>>>);

impl Registry {
    pub(in crate::serve) fn add(&self, activity: &Arc<Activity>) {
        self.connections().insert(key(activity), Arc::clone(activity));
    }

    pub(in crate::serve) fn remove(&self, activity: &Arc<Activity>) {
        self.connections().remove(&key(activity));
    }

    /// Those that have been idle since before `limit`, each with its time; not those that are being
    /// closed already.
    pub(in crate::serve) fn idle_before(&self, limit: Instant) -> Vec<(Instant, Arc<Activity>)> {
        let connections = self.connections();
        let idle = connections.values().filter_map(|activity| Some((activity.idle_since()?, activity)));
        idle.filter(|(since, _)| *since <= limit).map(|(since, activity)| (since, activity.clone())).collect()
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Arc<Activity>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its address, which no other has as long as it is kept here.
fn key(activity: &Arc<Activity>) -> usize {
    Arc::as_ptr(activity) as usize
}
