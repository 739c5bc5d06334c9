//! What is written to the blocks of the file, and read again in the same order.
//!
//! The runtime never waits for the disk: what is in the page cache is read at once, all else happens
//! on threads that may block.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::block_file::{BLOCK, Block, BlockFile};

/// Pieces that are smaller on average are copied together before they are written.
const SMALL: usize = 8 * 1024;

/// Bytes in one block of the file.
#[derive(Debug)]
pub(super) struct Extent {
    block: Arc<Block>,
    offset: usize,
    length: usize,
}

/// A read that the disk has not answered yet.
pub(super) type PendingRead = JoinHandle<io::Result<Bytes>>;

/// Writes the pieces of one body. They fill one block after the other.
#[derive(Debug)]
pub(super) struct ExtentWriter {
    file: Arc<BlockFile>,
    /// The block that is not full, and how far it is.
    tail: Option<(Arc<Block>, usize)>,
}

/// What is to be written, cut at the ends of blocks.
type Plan = Vec<(Bytes, Extent)>;

impl ExtentWriter {
    pub(super) fn new(file: Arc<BlockFile>) -> Self {
        Self { file, tail: None }
    }

    /// Writes pieces, in this order.
    ///
    /// # Errors
    /// The file cannot be written to, which is logged already. Nothing was stored.
    pub(super) async fn write(&mut self, pieces: Vec<Bytes>) -> io::Result<Vec<Extent>> {
        let plan = self.plan(together(pieces)).ok_or_else(|| io::Error::from(io::ErrorKind::StorageFull))?;
        let write = move || {
            for (piece, extent) in &plan {
                extent.block.write(extent.offset, piece)?;
            }
            Ok(plan.into_iter().map(|(_, extent)| extent).collect())
        };
        let written = spawn_blocking(write).await.unwrap_or_else(|error| Err(io::Error::other(error)));
        if written.is_err() {
            self.tail = None;
        }
        written
    }

    fn plan(&mut self, pieces: Vec<Bytes>) -> Option<Plan> {
        let mut plan = Plan::new();
        for mut piece in pieces {
            while !piece.is_empty() {
                let (block, offset) = match self.tail.take() {
                    Some(tail) => tail,
                    None => (Arc::new(self.file.allocate()?), 0),
                };
                let part = piece.split_to(piece.len().min(BLOCK - offset));
                let (length, end) = (part.len(), offset + part.len());
                if end < BLOCK {
                    self.tail = Some((Arc::clone(&block), end));
                }
                plan.push((part, Extent { block, offset, length }));
            }
        }
        Some(plan)
    }
}

/// Small pieces as one: each would be a system call.
fn together(pieces: Vec<Bytes>) -> Vec<Bytes> {
    let length: usize = pieces.iter().map(Bytes::len).sum();
    if pieces.len() < 2 || length / pieces.len() >= SMALL {
        return pieces;
    }
    vec![pieces.concat().into()]
}

impl Extent {
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Takes `next` in if it follows this in the file; gives it back if not.
    pub(super) fn join(&mut self, next: Self) -> Option<Self> {
        if Arc::ptr_eq(&self.block, &next.block) && self.offset + self.length == next.offset {
            self.length += next.length;
            return None;
        }
        Some(next)
    }

    /// Takes at most `limit` bytes off the beginning. `reading` is what the disk is asked for
    /// meanwhile; it has to be kept for the next call.
    pub(super) fn poll_take(
        &mut self,
        limit: usize,
        reading: &mut Option<PendingRead>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Bytes>> {
        let wanted = self.length.min(limit);
        let read = match reading {
            Some(read) => read,
            None => {
                let mut space = vec![0; wanted];
                if let Some(length) = self.block.read_now(self.offset, &mut space) {
                    space.truncate(length);
                    return Poll::Ready(Ok(self.took(space.into())));
                }
                let (block, offset) = (Arc::clone(&self.block), self.offset);
                reading.insert(spawn_blocking(move || {
                    block.read(offset, &mut space)?;
                    Ok(space.into())
                }))
            }
        };
        let read = ready!(Pin::new(read).poll(cx));
        *reading = None;
        let bytes = read.unwrap_or_else(|error| Err(io::Error::other(error)))?;
        Poll::Ready(Ok(self.took(bytes)))
    }

    fn took(&mut self, bytes: Bytes) -> Bytes {
        self.offset += bytes.len();
        self.length -= bytes.len().min(self.length);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn pieces_of_any_size_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ExtentWriter::new(Arc::new(BlockFile::new(folder.path().to_owned())));
        let pieces: Vec<_> = [1, BLOCK - 1, 3, 2 * BLOCK, 70_000, 5].into_iter().enumerate().collect();
        let piece = |(number, length): &(usize, usize)| Bytes::from(vec![*number as u8; *length]);
        let mut extents: Vec<Extent> = Vec::new();
        for two in pieces.chunks(3) {
            for extent in writer.write(two.iter().map(piece).collect()).await.unwrap() {
                let rest = match extents.last_mut() {
                    Some(last) => last.join(extent),
                    None => Some(extent),
                };
                extents.extend(rest);
            }
        }
        let mut read = Vec::new();
        for extent in &mut extents {
            let mut reading = None;
            while !extent.is_empty() {
                read.extend(poll_fn(|cx| extent.poll_take(10_000, &mut reading, cx)).await.unwrap());
            }
        }
        assert_eq!(read, pieces.iter().map(piece).collect::<Vec<_>>().concat());
        assert_eq!(extents.len(), read.len().div_ceil(BLOCK), "blocks are full");
    }
}
