//! The frames on a worker thread's stream: `u32 length | kind | ...`, little endian.
//!
//! | kind | to the front | | kind | to the worker |
//! |---|---|---|---|---|
//! | `R` | a marshalled list of whole answers `(id, status, headers, body)` | | `B` | id, a piece of the request's body; empty: its end |
//! | `F` | id, such a list, perhaps empty: the thread is done with the message of this request | | `A` | id: the client is gone |
//! | `H` | id, marshalled `(status, headers)`: head of a streamed answer | | `W` | id, u32: so much more credit for the answer |
//! | `D` | id, a piece of its body | | | |
//! | `E` | id: its end | | | |
//! | `X` | id: the application failed | | | |
//! | `P` | id, u32: give me at most so many bytes of the request's body | | | |
//! | `N` | id: this request, and all after it in its message, are not begun | | | |
//!
//! `C` and a reason, only over a worker's control stream, asks for a reload of the code.
//!
//! To the worker over its control stream: `S`, u32: the thread of this number is to say at once which
//! of its answers are finished and which of its requests have not begun. `T`, u32: the stacks of all threads are to be
//! logged, that of the thread of this number first.
//!
//! Credit is counted in bytes of pieces, [`PIECE_COST`](super::body::PIECE_COST) more for each piece;
//! an exchange begins with [`CREDIT`](super::body::CREDIT). Whatever else is to flow from a worker in
//! pieces (messages of ASGI, of WebSocket) can be counted alike, by its id.
//!
//! An id is 8 bytes. A thread runs one request at a time, so frames of two streamed answers never
//! mix. `R` and `N` may also come over a worker's control stream, when a thread was asked for them
//! while it is busy.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The largest frame that a worker may send: whole answers of a full message, or the head of one
/// answer.
pub(super) const FRAME_LIMIT: usize = 1024 * 1024;

/// The largest piece of a streamed answer.
const CHUNK: usize = 128 * 1024;

/// The largest piece of a request's body in one frame: what the front holds of a body that is being
/// asked for.
pub(super) const PIECE_LIMIT: usize = 64 * 1024;

/// Frames of this size keep the buffer they were read into; smaller ones are copied out of it, so
/// that one small body waiting for a slow client does not hold a large buffer.
pub(super) const OWN_BUFFER: usize = 16 * 1024;

/// A frame from a worker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A marshalled list of whole answers.
    Answers(Bytes),
    /// The same, perhaps empty; the thread is done with the message of this request.
    Finished(u64, Bytes),
    /// The head of a streamed answer, marshalled.
    Head(u64, Bytes),
    /// A piece of its body.
    Data(u64, Bytes),
    End(u64),
    Failed(u64),
    /// At most so many bytes of the request's body are wanted.
    Pull(u64, usize),
    /// This request, and all after it in its message, were not begun and will not be.
    NotBegun(u64),
    /// The code is to be loaded again, for this reason.
    Reload(Bytes),
}

impl Frame {
    /// Parses a frame (without its length); `None` if it is malformed.
    pub(super) fn parse(mut bytes: Bytes) -> Option<Self> {
        let kind = bytes.try_get_u8().ok()?;
        match kind {
            b'R' => return Some(Self::Answers(bytes)),
            b'C' => return Some(Self::Reload(bytes)),
            _ => {}
        }
        let id = bytes.try_get_u64_le().ok()?;
        match (kind, bytes.len()) {
            (b'F', _) => Some(Self::Finished(id, bytes)),
            (b'H', 1..) => Some(Self::Head(id, bytes)),
            (b'D', 1..=CHUNK) => Some(Self::Data(id, bytes)),
            (b'E', 0) => Some(Self::End(id)),
            (b'X', 0) => Some(Self::Failed(id)),
            (b'N', 0) => Some(Self::NotBegun(id)),
            (b'P', 4) => Some(Self::Pull(id, bytes.try_get_u32_le().ok()? as usize)),
            _ => None,
        }
    }
}

/// The bytes before a piece of `length` bytes of a request's body.
pub(super) fn body_head(id: u64, length: usize) -> [u8; 13] {
    head(b'B', id, length)
}

/// The frame that says that the client is gone.
pub(super) fn client_gone(id: u64) -> [u8; 13] {
    head(b'A', id, 0)
}

/// The frame that gives a worker more credit for an answer.
pub(super) fn credit(id: u64, cost: u32) -> [u8; 17] {
    let mut out = [0; 17];
    out[..13].copy_from_slice(&head(b'W', id, 4));
    out[13..].copy_from_slice(&cost.to_le_bytes());
    out
}

/// The frame, on a control stream, that asks a thread for what need not wait.
pub(super) fn ask(slot: u32) -> [u8; 9] {
    order(b'S', slot)
}

/// The frame, on a control stream, that has the stacks of all threads logged.
pub(super) fn log_stacks(slot: u32) -> [u8; 9] {
    order(b'T', slot)
}

fn order(kind: u8, slot: u32) -> [u8; 9] {
    let mut out = [0; 9];
    out[..4].copy_from_slice(&5u32.to_le_bytes());
    out[4] = kind;
    out[5..].copy_from_slice(&slot.to_le_bytes());
    out
}

fn head(kind: u8, id: u64, length: usize) -> [u8; 13] {
    let mut out = [0; 13];
    // Pieces are at most PIECE_LIMIT long.
    let total = u32::try_from(length + 9).unwrap_or(u32::MAX);
    out[..4].copy_from_slice(&total.to_le_bytes());
    out[4] = kind;
    out[5..].copy_from_slice(&id.to_le_bytes());
    out
}

/// Reads frames; dropping a future of it in the middle loses nothing.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    inner: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, buffer: BytesMut::with_capacity(OWN_BUFFER) }
    }

    /// The next frame without its length, if all of it was read already.
    ///
    /// # Errors
    /// `InvalidData` for a length that no frame has.
    pub(super) fn buffered(&mut self) -> io::Result<Option<Bytes>> {
        let Some(length) = self.buffer.first_chunk().copied().map(u32::from_le_bytes) else {
            return Ok(None);
        };
        let length = length as usize;
        if length == 0 || length > FRAME_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes")));
        }
        let Some(missing) = (length + 4).checked_sub(self.buffer.len()).filter(|missing| *missing > 0) else {
            self.buffer.advance(4);
            if length >= OWN_BUFFER {
                return Ok(Some(self.buffer.split_to(length).freeze()));
            }
            let frame = Bytes::copy_from_slice(self.buffer.get(..length).unwrap_or_default());
            self.buffer.advance(length);
            return Ok(Some(frame));
        };
        self.buffer.reserve(missing);
        Ok(None)
    }

    /// The next frame without its length; `None` at the end, also in the middle of a frame.
    ///
    /// # Errors
    /// What the stream says, and `InvalidData` as [`buffered`](Self::buffered).
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(frame) = self.buffered()? {
                return Ok(Some(frame));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// Waits for more bytes, whatever they are; false at the end of the stream.
    ///
    /// # Errors
    /// What the stream says.
    pub(super) async fn more(&mut self) -> io::Result<bool> {
        if self.buffer.capacity() == self.buffer.len() {
            self.buffer.reserve(OWN_BUFFER);
        }
        Ok(self.inner.read_buf(&mut self.buffer).await? > 0)
    }

    /// Throws away what comes; false at the end of the stream, which an error is too.
    pub(super) async fn discard(&mut self) -> bool {
        self.buffer.clear();
        matches!(self.more().await, Ok(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: u8, rest: &[u8]) -> Vec<u8> {
        let mut out = u32::try_from(rest.len() + 1).unwrap().to_le_bytes().to_vec();
        out.push(kind);
        out.extend_from_slice(rest);
        out
    }

    async fn read_all(bytes: &[u8]) -> (Vec<Bytes>, bool) {
        let mut reader = FrameReader::new(bytes);
        let mut frames = Vec::new();
        loop {
            match reader.next().await {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, true),
                Err(_) => return (frames, false),
            }
        }
    }

    #[tokio::test]
    async fn frames_one_after_the_other() {
        let id = 7u64.to_le_bytes();
        let mut bytes = frame(b'E', &id);
        let large = vec![b'x'; OWN_BUFFER * 3];
        bytes.extend(frame(b'D', &[&id[..], &large].concat()));
        bytes.extend(frame(b'P', &[&id[..], &5u32.to_le_bytes()].concat()));
        let (frames, clean) = read_all(&bytes).await;
        assert!(clean);
        let parsed: Vec<_> = frames.into_iter().map(Frame::parse).collect();
        let expected = [Frame::End(7), Frame::Data(7, large.into()), Frame::Pull(7, 5)].map(Some);
        assert_eq!(parsed, expected);
    }

    #[tokio::test]
    async fn lengths_that_no_frame_has() {
        assert_eq!(read_all(&0u32.to_le_bytes()).await, (vec![], false));
        let too_long = u32::try_from(FRAME_LIMIT + 1).unwrap().to_le_bytes();
        assert_eq!(read_all(&too_long).await, (vec![], false));
    }

    #[test]
    fn what_is_no_frame() {
        let id = [0; 8];
        assert_eq!(Frame::parse(Bytes::new()), None);
        assert_eq!(Frame::parse(Bytes::from_static(b"D1234567")), None);
        assert_eq!(Frame::parse([&b"D12345678"[..], &[0; CHUNK + 1]].concat().into()), None);
        for (kind, rest) in [
            (b'D', &b""[..]),
            (b'E', b"x"),
            (b'X', b"x"),
            (b'N', b"x"),
            (b'P', b"xyz"),
            (b'H', b""),
            (b'Q', b""),
        ] {
            let bytes = [&[kind][..], &id, rest].concat();
            assert_eq!(Frame::parse(bytes.into()), None, "{}", char::from(kind));
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (frames, _) = runtime.block_on(read_all(&bytes));
            for frame in frames {
                let _ = Frame::parse(frame);
            }
        }
    }
}
