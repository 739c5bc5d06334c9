//! The bytes of memory for all bodies together.
//!
//! A body may have an eighth of what is free at that moment, not of the whole: one body alone gets
//! much, many get less each, and something is always left for the next one. (The same is done with the
//! packet memory of network switches: Choudhury and Hahne, "Dynamic queue length thresholds for
//! shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998.)

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;

/// The part of the free memory that one body may have.
const SHARE: usize = 8;

/// Less is not worth giving back.
pub(in crate::serve) const WORTH_A_LOOK: usize = 8 << 20;

/// What a piece costs besides its bytes, so that single bytes do not wait in any number.
const OVERHEAD: usize = 128;

#[derive(Debug)]
pub(super) struct MemoryBudget {
    limit: usize,
    used: AtomicUsize,
    /// The most that was in use since the last look, if it is worth looking at.
    peak: AtomicUsize,
}

/// A part of the budget that is in use until this is dropped.
#[derive(Debug)]
pub(in crate::serve) struct MemoryShare {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl MemoryBudget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }

    /// A share for `piece`, if a body that has `own` bytes in memory may have it.
    pub(super) fn reserve(self: &Arc<Self>, own: usize, piece: &Bytes) -> Option<MemoryShare> {
        let bytes = piece.len() + OVERHEAD;
        let after = |used: usize| {
            let free = self.limit.saturating_sub(used);
            (own.saturating_add(bytes) <= free / SHARE).then(|| used.saturating_add(bytes))
        };
        let before = self.used.fetch_update(Relaxed, Relaxed, after).ok()?;
        self.note(before.saturating_add(bytes));
        Some(MemoryShare { budget: Arc::clone(self), bytes })
    }

    fn note(&self, used: usize) {
        if used >= WORTH_A_LOOK {
            self.peak.fetch_max(used, Relaxed);
        }
    }

    /// The most that was in use since the last call, if it is worth it, and what is in use now.
    pub(super) fn peak(&self) -> (usize, usize) {
        (self.peak.swap(0, Relaxed), self.used.load(Relaxed))
    }

    /// A share for what is in memory already, whether there is room or not.
    pub(super) fn overdraw(self: &Arc<Self>, piece: &Bytes) -> MemoryShare {
        let bytes = piece.len() + OVERHEAD;
        let before = self.used.fetch_add(bytes, Relaxed);
        self.note(before.saturating_add(bytes));
        MemoryShare { budget: Arc::clone(self), bytes }
    }

    /// A share of nothing, to begin with.
    pub(super) fn share(self: &Arc<Self>) -> MemoryShare {
        MemoryShare { budget: Arc::clone(self), bytes: 0 }
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.used.load(Relaxed)
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Relaxed);
    }
}

impl MemoryShare {
    /// Makes it a share for `bytes`, if one body may have so many.
    pub(in crate::serve) fn grow(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let after = |used: usize| {
            let free = self.budget.limit.saturating_sub(used);
            (bytes <= free / SHARE).then(|| used.saturating_add(more))
        };
        let before = self.budget.used.fetch_update(Relaxed, Relaxed, after);
        if let Ok(before) = before {
            self.bytes += more;
            self.budget.note(before.saturating_add(more));
        }
        before.is_ok()
    }

    /// The piece, with its share in use until the last of its bytes is dropped, wherever they are.
    pub(in crate::serve) fn with(self, piece: Bytes) -> Bytes {
        Bytes::from_owner(SharedPiece { piece, _share: self })
    }
}

struct SharedPiece {
    piece: Bytes,
    _share: MemoryShare,
}

impl AsRef<[u8]> for SharedPiece {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bodies_get_less_each_and_something_is_left() {
        let budget = Arc::new(MemoryBudget::new(1 << 20));
        let piece = Bytes::from(vec![0; 1024 - OVERHEAD]);
        let mut held = Vec::new();
        let mut fill = || {
            let mut own = 0;
            while let Some(share) = budget.reserve(own, &piece) {
                held.push(share.with(piece.clone()));
                own += piece.len() + OVERHEAD;
            }
            own
        };
        let first = fill();
        assert!((100 << 10..=128 << 10).contains(&first), "{first}");
        for _ in 0..20 {
            let next = fill();
            assert!(next > 0 && next <= first, "{next}");
        }
        let last = held.pop().unwrap();
        held.clear();
        let part = last.slice(..1);
        drop(last);
        assert_eq!(budget.used(), 1024, "until the last byte is gone");
        drop(part);
        assert_eq!(budget.used(), 0);
        let over = budget.overdraw(&Bytes::from(vec![0; 2 << 20]));
        assert!(budget.reserve(0, &piece).is_none());
        drop(over);
        assert!(budget.reserve(0, &piece).is_some());
    }
}
