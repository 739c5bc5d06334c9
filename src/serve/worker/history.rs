//! What the workers of each place have done since the server was started, over all generations.

use std::ops::AddAssign;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sys::clock::{Clock, SystemClock};

/// What a worker, or one of its threads, has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Requests that are finished.
    pub requests: u64,
    /// Those of them in which the application failed.
    pub exceptions: u64,
    /// Bytes of its answers.
    pub sent: u64,
    /// Time in which requests ran; several may have run at once.
    pub time: Duration,
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.exceptions += other.exceptions;
        self.sent += other.sent;
        self.time += other.time;
    }
}

/// What is known of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What workers have done there that are gone.
    pub work: Work,
    /// How many workers have loaded the application there.
    pub spawns: u64,
    /// When the last one had, in seconds since 1970.
    pub last_spawn: i64,
    /// Requests that took too long.
    pub timeouts: u64,
}

/// All places. Only the beginning and the end of workers, and requests that took too long, take the lock.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Vec<Past>>);

impl History {
    /// A worker has loaded the application.
    pub(super) fn spawned(&self, place: usize) {
        let now = SystemClock.now().unix_timestamp();
        self.change(place, |past| {
            past.spawns += 1;
            past.last_spawn = now;
        });
    }

    pub(super) fn timed_out(&self, place: usize) {
        self.change(place, |past| past.timeouts += 1);
    }

    /// A worker is gone that has done this.
    pub(super) fn done(&self, place: usize, work: Work) {
        self.change(place, |past| past.work += work);
    }

    pub(super) fn of(&self, place: usize) -> Past {
        self.places().get(place).copied().unwrap_or_default()
    }

    fn change(&self, place: usize, change: impl FnOnce(&mut Past)) {
        let mut places = self.places();
        if places.len() <= place {
            places.resize(place + 1, Past::default());
        }
        places.get_mut(place).map(change);
    }

    fn places(&self) -> MutexGuard<'_, Vec<Past>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_what_their_workers_did() {
        let history = History::default();
        let work = Work { requests: 2, exceptions: 1, sent: 10, time: Duration::from_secs(1) };
        history.spawned(2);
        history.done(2, work);
        history.spawned(2);
        history.done(2, work);
        history.timed_out(2);
        let past = history.of(2);
        assert_eq!((past.spawns, past.timeouts, past.work.requests, past.work.sent), (2, 1, 4, 20));
        assert!(past.last_spawn > 1_700_000_000);
        assert_eq!([history.of(0), history.of(7)], [Past::default(); 2]);
    }
}
