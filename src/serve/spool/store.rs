//! A body that is stored as a whole before anybody reads it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

use super::Spool;
use super::block_file::BLOCK;
use super::extent::{Extent, ExtentWriter, PendingRead};
use super::memory::MemoryShare;

/// Smaller pieces are copied together: each may be all that is left of a buffer of 8 KiB or more.
const SMALL: usize = 8 * 1024;

/// Where the pieces of a body go, one after the other.
#[derive(Debug)]
pub(in crate::serve) struct BodyStore {
    spool: Arc<Spool>,
    writer: ExtentWriter,
    body: StoredBody,
    /// Not written yet: less than a block, and only while there is memory.
    pending: Vec<Bytes>,
    /// The last ones of it, which are small.
    small: BytesMut,
    share: MemoryShare,
}

impl BodyStore {
    pub(super) fn new(spool: &Arc<Spool>) -> Self {
        Self {
            spool: Arc::clone(spool),
            writer: ExtentWriter::new(Arc::clone(&spool.file)),
            body: StoredBody { extents: VecDeque::new(), reading: None, left: 0 },
            pending: Vec::new(),
            small: BytesMut::new(),
            share: spool.memory.share(),
        }
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// The file cannot be written to, which is logged already.
    pub(in crate::serve) async fn add(&mut self, piece: Bytes) -> io::Result<()> {
        if piece.len() < SMALL {
            self.small.extend_from_slice(&piece);
        } else {
            self.close_small();
            self.pending.push(piece);
        }
        let length = self.pending.iter().map(Bytes::len).sum::<usize>() + self.small.len();
        if length < BLOCK && self.share.grow(length) {
            return Ok(());
        }
        self.write().await
    }

    /// The whole body.
    ///
    /// # Errors
    /// The file cannot be written to, which is logged already.
    pub(in crate::serve) async fn finish(mut self) -> io::Result<StoredBody> {
        self.write().await?;
        Ok(self.body)
    }

    fn close_small(&mut self) {
        if !self.small.is_empty() {
            self.pending.push(std::mem::take(&mut self.small).freeze());
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        self.close_small();
        // It is never closed.
        let _permit = self.spool.writes.acquire().await;
        let extents = self.writer.write(std::mem::take(&mut self.pending)).await?;
        self.share = self.spool.memory.share();
        for extent in extents {
            self.body.left += extent.len() as u64;
            let rest = match self.body.extents.back_mut() {
                Some(last) => last.join(extent),
                None => Some(extent),
            };
            self.body.extents.extend(rest);
        }
        Ok(())
    }
}

/// A body in the file. It never waits for a client.
#[derive(Debug)]
pub(in crate::serve) struct StoredBody {
    extents: VecDeque<Extent>,
    reading: Option<PendingRead>,
    left: u64,
}

impl StoredBody {
    /// Bytes that were not read yet.
    pub(in crate::serve) fn len(&self) -> u64 {
        self.left
    }
}

impl Body for StoredBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let Some(extent) = this.extents.front_mut() else { return Poll::Ready(None) };
        let piece = ready!(extent.poll_take(BLOCK, &mut this.reading, cx));
        let is_over = extent.is_empty();
        match &piece {
            Ok(piece) => this.left = this.left.saturating_sub(piece.len() as u64),
            // What follows would have a gap before it.
            Err(_) => this.extents.clear(),
        }
        if is_over {
            this.extents.pop_front();
        }
        Poll::Ready(Some(piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::serve::config::Buffers;

    #[tokio::test]
    async fn a_body_is_read_as_it_was_stored() {
        let folder = tempfile::tempdir().unwrap();
        for memory in [0, 10_000, 1 << 20] {
            let spool =
                Spool::new(&Buffers { memory, folder: Some(folder.path().to_owned()), ..Buffers::default() });
            let mut store = spool.store();
            let mut wanted = Vec::new();
            for number in 0..200_usize {
                let piece = vec![number as u8; number * 37];
                wanted.extend_from_slice(&piece);
                store.add(piece.into()).await.unwrap();
            }
            let stored = store.finish().await.unwrap();
            assert_eq!(spool.memory.used(), 0);
            assert_eq!(stored.len(), wanted.len() as u64);
            assert!(stored.collect().await.unwrap().to_bytes() == wanted);
        }
    }

    #[tokio::test]
    async fn small_pieces_do_not_keep_the_buffers_they_came_in() {
        struct Buffer {
            bytes: Vec<u8>,
            _held: Arc<()>,
        }
        impl AsRef<[u8]> for Buffer {
            fn as_ref(&self) -> &[u8] {
                &self.bytes
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(&Buffers { folder: Some(folder.path().to_owned()), ..Buffers::default() });
        let (mut store, buffers) = (spool.store(), Arc::new(()));
        for length in [100, SMALL, 200, 300] {
            let buffer = Bytes::from_owner(Buffer {
                bytes: vec![length as u8; 2 * SMALL],
                _held: Arc::clone(&buffers),
            });
            store.add(buffer.slice(..length)).await.unwrap();
        }
        assert_eq!(Arc::strong_count(&buffers), 2, "that of the large piece");
        let stored = store.finish().await.unwrap().collect().await.unwrap().to_bytes();
        let pieces = [100, SMALL, 200, 300].map(|length| vec![length as u8; length]);
        assert!(stored == pieces.concat());
    }

    #[tokio::test]
    async fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap().path().join("missing");
        let spool = Spool::new(&Buffers { folder: Some(folder), ..Buffers::default() });
        let mut store = spool.store();
        store.add("abc".into()).await.unwrap();
        assert_eq!(store.finish().await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
