//! Where bodies wait, so that a slow client holds no worker: in memory while there is some, then in
//! one temporary file.
//!
//! | file | what it does |
//! |---|---|
//! | `memory` | the bytes of memory for all bodies together |
//! | `block_file` | the file: opened when it is needed first, cut into blocks, given back to the disk |
//! | `extent` | what is written to the blocks and read again, without holding up the runtime |
//! | `queue` | the pieces of one body, in order, wherever they are |
//! | `body` | [`SpooledBody`]: a body that is taken as fast as it comes and given as fast as it is wanted |
//!
//! All bodies share the file, so that thousands that wait cost one descriptor. It never has a name that
//! others see, and is gone with the process.

mod block_file;
mod body;
mod extent;
mod memory;
mod queue;
mod store;

use std::sync::Arc;

use tokio::sync::Semaphore;

use self::block_file::BlockFile;
pub(in crate::serve) use self::body::SpooledBody;
use self::memory::MemoryBudget;
pub(in crate::serve) use self::memory::{MemoryShare, WORTH_A_LOOK};
pub(in crate::serve) use self::store::BodyStore;
use super::config::Buffers;

/// Writes to the file at a time. What is being written is in memory that no budget counts.
const WRITES: usize = 4;

/// One for all bodies of a server, on all of its threads.
#[derive(Debug)]
pub(in crate::serve) struct Spool {
    memory: Arc<MemoryBudget>,
    file: Arc<BlockFile>,
    /// Bytes of one body that may wait in the file.
    file_limit: u64,
    writes: Semaphore,
}

impl Spool {
    /// Nothing is opened yet.
    pub(in crate::serve) fn new(buffers: &Buffers) -> Arc<Self> {
        let folder = buffers.folder.clone().unwrap_or_else(std::env::temp_dir);
        Arc::new(Self {
            memory: Arc::new(MemoryBudget::new(buffers.memory)),
            file: Arc::new(BlockFile::new(folder)),
            file_limit: buffers.file,
            writes: Semaphore::new(WRITES),
        })
    }

    /// Where a body goes that has to be complete before it is read.
    pub(in crate::serve) fn store(self: &Arc<Self>) -> BodyStore {
        BodyStore::new(self)
    }

    /// Bytes of memory that bodies had at most since the last call, if worth it, and have now.
    pub(in crate::serve) fn peak(&self) -> (usize, usize) {
        self.memory.peak()
    }

    /// A share of the memory for a body that is kept elsewhere; nothing to begin with.
    pub(in crate::serve) fn share(&self) -> MemoryShare {
        self.memory.share()
    }
}
