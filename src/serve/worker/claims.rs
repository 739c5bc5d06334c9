//! Which request each thread of a worker is running, read from memory that both sides share.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Where a worker's threads write which request they are running: 8 bytes each, little endian.
pub(super) struct Claims {
    file: File,
    threads: usize,
}

impl Claims {
    pub(super) fn new(file: File, threads: usize) -> Self {
        Self { file, threads }
    }

    /// The newest request that a thread has begun, which may be answered already; 0 if it has begun
    /// none.
    pub(super) fn of(&self, slot: usize) -> u64 {
        let mut bytes = [0; 8];
        // Reading a memory file does not fail; if it did, the request would count as not begun.
        let _ = self.file.read_exact_at(&mut bytes, 8 * slot as u64);
        u64::from_le_bytes(bytes)
    }

    /// The claims of all threads.
    pub(super) fn all(&self) -> impl Iterator<Item = u64> {
        (0..self.threads).map(|slot| self.of(slot))
    }
}
