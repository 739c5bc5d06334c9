//! The slowest rate at which a client may take its answers.
//!
//! Only time counts in which the client lets bytes wait: an event stream or a long poll may be silent
//! for as long as it likes. All times are milliseconds.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The slowest that an answer may be taken, in bytes per second.
const SLOWEST: u64 = 1024;

/// What a client has taken and how long it took, since it was last fast enough.
#[derive(Debug)]
pub(super) struct WriteRate {
    /// So much time may pass until it has taken what the slowest rate gives in it.
    window: u64,
    waited: AtomicU64,
    taken: AtomicU64,
    /// When the wait began that is not over.
    since: AtomicU64,
}

impl WriteRate {
    pub(super) fn new(window: Duration) -> Self {
        let window = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        Self { window, waited: AtomicU64::new(0), taken: AtomicU64::new(0), since: AtomicU64::new(0) }
    }

    /// The client takes nothing from now on: when that has lasted too long.
    pub(super) fn waits(&self, now: u64) -> u64 {
        self.since.store(now, Relaxed);
        let left = self.window.saturating_sub(self.waited.load(Relaxed));
        now.saturating_add(left)
    }

    /// After a wait the client took so many bytes.
    pub(super) fn goes_on(&self, now: u64, bytes: usize) {
        self.waited.fetch_add(now.saturating_sub(self.since.load(Relaxed)), Relaxed);
        self.takes(bytes);
    }

    /// The client took so many bytes.
    pub(super) fn takes(&self, bytes: usize) {
        if self.waited.load(Relaxed) == 0 {
            return;
        }
        let taken = self.taken.fetch_add(bytes as u64, Relaxed).saturating_add(bytes as u64);
        if taken >= self.window.saturating_mul(SLOWEST) / 1000 {
            self.waited.store(0, Relaxed);
            self.taken.store(0, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_does_not_count_as_taking() {
        let rate = WriteRate::new(Duration::from_secs(30));
        assert_eq!(rate.waits(1000), 31_000);
        rate.goes_on(11_000, 100);
        assert_eq!(rate.waits(11_000), 31_000);
        rate.goes_on(30_000, 100);
        // It had nothing to take for an hour.
        assert_eq!(rate.waits(3_600_000), 3_601_000);
    }

    #[test]
    fn who_takes_enough_begins_anew() {
        let rate = WriteRate::new(Duration::from_secs(30));
        for round in 0..100 {
            let now = round * 29_000;
            assert_eq!(rate.waits(now), now + 30_000);
            rate.goes_on(now + 29_000, 30 * 1024 - 100);
            rate.takes(100);
        }
    }
}
