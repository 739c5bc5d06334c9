//! The pieces of one body between its source and its reader, in order.
//!
//! Those that have no room in memory ([`Piece::Beyond`]) are always the last: they wait to be written to
//! the file, and nothing is taken from the source meanwhile.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;

use super::Spool;
use super::extent::{Extent, PendingRead};

/// The most bytes that are read from the file at a time.
const READ: usize = 64 * 1024;

/// Bytes that are written to the file at a time.
const WRITE: usize = 256 * 1024;

pub(super) struct PieceQueue<B> {
    /// `None` when nothing more comes from it.
    source: Option<B>,
    /// What ended it, for after the last piece.
    error: Option<io::Error>,
    pieces: VecDeque<Piece>,
    /// Bytes in memory, and in the file.
    in_memory: usize,
    in_file: u64,
    /// Bytes in memory that have no room there.
    beyond: usize,
    /// What comes after the pieces is being written.
    is_writing: bool,
}

enum Piece {
    Memory(Bytes),
    Beyond(Bytes),
    File(Extent),
}

impl<B> PieceQueue<B> {
    pub(super) fn new(source: Option<B>) -> Self {
        Self {
            source,
            error: None,
            pieces: VecDeque::new(),
            in_memory: 0,
            in_file: 0,
            beyond: 0,
            is_writing: false,
        }
    }

    /// Whether the reader has had everything.
    pub(super) fn is_over(&self) -> bool {
        self.source.is_none() && self.error.is_none() && self.pieces.is_empty() && !self.is_writing
    }

    /// Whether nothing comes after what is in the queue.
    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        self.source.is_none() && !self.is_writing
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.source.is_none()
    }

    /// Whether something waits to be written to the file.
    pub(super) fn is_beyond_memory(&self) -> bool {
        self.beyond > 0
    }

    /// Whether it may be.
    pub(super) fn may_write(&self, spool: &Spool) -> bool {
        self.in_file.saturating_add(self.beyond as u64) <= spool.file_limit && spool.file.is_usable()
    }

    /// Gives up everything. What comes back is to be dropped when nothing is locked.
    pub(super) fn close(&mut self) -> impl Sized + use<B> {
        self.beyond = 0;
        (self.source.take(), std::mem::take(&mut self.pieces))
    }

    /// Adds a piece: in memory if there is room.
    pub(super) fn push(&mut self, spool: &Spool, piece: Bytes) {
        if self.beyond == 0
            && let Some(share) = spool.memory.reserve(self.in_memory, &piece)
        {
            self.in_memory += piece.len();
            self.pieces.push_back(Piece::Memory(share.with(piece)));
        } else {
            self.push_beyond(spool, piece);
        }
    }

    fn push_beyond(&mut self, spool: &Spool, piece: Bytes) {
        self.beyond += piece.len();
        let share = spool.memory.overdraw(&piece);
        self.pieces.push_back(Piece::Beyond(share.with(piece)));
    }

    fn push_file(&mut self, extent: Extent) {
        self.in_file += extent.len() as u64;
        let rest = match self.pieces.back_mut() {
            Some(Piece::File(last)) => last.join(extent),
            _ => Some(extent),
        };
        self.pieces.extend(rest.map(Piece::File));
    }

    /// At most `limit` bytes off the front, and at most `copied` where they take memory of their own, which
    /// doubles it; `None` when the queue is empty.
    pub(super) fn poll_front(
        &mut self,
        limit: usize,
        copied: &mut usize,
        reading: &mut Option<PendingRead>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        let (taken, counter, is_empty) = match self.pieces.front_mut() {
            None => return Poll::Ready(None),
            Some(Piece::File(extent)) => {
                let taken = match ready!(extent.poll_take(limit.min(*copied), reading, cx)) {
                    Ok(taken) => taken,
                    Err(error) => {
                        // What follows would have a gap before it.
                        drop(self.close());
                        return Poll::Ready(Some(Err(error)));
                    }
                };
                self.in_file = self.in_file.saturating_sub(taken.len() as u64);
                *copied = doubled(*copied);
                (taken, None, extent.is_empty())
            }
            Some(Piece::Memory(bytes)) => {
                let taken = bytes.split_to(bytes.len().min(limit));
                (taken, Some(&mut self.in_memory), bytes.is_empty())
            }
            Some(Piece::Beyond(bytes)) => {
                let taken = part(bytes, limit.min(*copied));
                *copied = doubled(*copied);
                (taken, Some(&mut self.beyond), bytes.is_empty())
            }
        };
        if let Some(counter) = counter {
            *counter = counter.saturating_sub(taken.len());
        }
        if is_empty {
            self.pieces.pop_front();
        }
        Poll::Ready(Some(Ok(taken)))
    }
}

fn doubled(copied: usize) -> usize {
    copied.saturating_mul(2).min(READ)
}

/// The first `limit` bytes, as a copy: the reader may keep them for long, and what they are a part of
/// leaves memory soon.
fn part(bytes: &mut Bytes, limit: usize) -> Bytes {
    if bytes.len() <= limit { std::mem::take(bytes) } else { Bytes::copy_from_slice(&bytes.split_to(limit)) }
}

impl<B> PieceQueue<B>
where
    B: Body<Data = Bytes, Error = io::Error> + Unpin,
{
    /// The next piece from the source; `None` at its end.
    pub(super) fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while let Some(source) = &mut self.source {
            match ready!(Pin::new(source).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // There are no trailers (PEP 3333).
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Poll::Ready(Some(data));
                    }
                }
                Some(Err(error)) => {
                    self.error = Some(error);
                    self.source = None;
                }
                None => self.source = None,
            }
        }
        Poll::Ready(None)
    }

    /// What comes next from the source, for a reader that has had all pieces before it.
    pub(super) fn poll_direct(
        &mut self,
        spool: &Spool,
        limit: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if self.is_writing {
            return Poll::Pending;
        }
        let Some(mut piece) = ready!(self.poll_source(cx)) else {
            return Poll::Ready(self.error.take().map(Err));
        };
        if piece.len() > limit {
            let rest = piece.split_off(limit);
            self.push(spool, rest);
            // The reader may keep it for long, and the rest leaves memory soon.
            if self.is_beyond_memory() {
                piece = Bytes::copy_from_slice(&piece);
            }
        }
        Poll::Ready(Some(Ok(piece)))
    }

    /// What is to be written now: what has no room, and what the source has besides. Nothing, if the
    /// reader was faster.
    pub(super) fn begin_write(&mut self, cx: &mut Context<'_>) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        while let Some(Piece::Beyond(piece)) =
            self.pieces.pop_back_if(|last| matches!(last, Piece::Beyond(_)))
        {
            pieces.push(piece);
        }
        pieces.reverse();
        if pieces.is_empty() {
            return pieces;
        }
        let mut length = std::mem::take(&mut self.beyond);
        while length < WRITE
            && let Poll::Ready(Some(piece)) = self.poll_source(cx)
        {
            length += piece.len();
            pieces.push(piece);
        }
        self.is_writing = true;
        pieces
    }

    /// Adds what was written, or back what could not be: then the source has to wait for the reader.
    pub(super) fn end_write(&mut self, spool: &Spool, written: io::Result<Vec<Extent>>, pieces: Vec<Bytes>) {
        self.is_writing = false;
        match written {
            Ok(extents) => extents.into_iter().for_each(|extent| self.push_file(extent)),
            Err(_) => pieces.into_iter().for_each(|piece| self.push_beyond(spool, piece)),
        }
    }
}
