//! The body of a worker's answer, and the credit that its pieces take up.
//!
//! A worker's thread may send so much of a streamed answer ([`CREDIT`]), and more when what it has
//! sent was taken by the body's reader ([`Change::Taken`]). So the front can read every link at any
//! time, whatever a client does, and holds no more of a body than its credit. Nothing here needs the
//! runtime that the links run on: the body may be read from any thread.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::{Notify, mpsc};

/// What a worker's thread may send of an answer before any of it is taken; a piece costs its length
/// and [`PIECE_COST`]. Workers know the number (`python/certkit_worker/wire.py`).
pub(super) const CREDIT: usize = 512 * 1024;

/// What a small piece takes up here beside its bytes.
pub(super) const PIECE_COST: usize = 64;

/// Credit goes back when so much of it has gathered: not a frame for each piece. A worker that waits
/// for room for its largest piece (128 KiB) always gets it.
const GIVE_BACK: usize = CREDIT / 4;

/// The body of an answer.
///
/// An `Err` means that the application broke off: the client's message must visibly break. Dropping
/// the body means that the client is gone: the application is stopped and its iterable closed.
#[derive(Debug)]
pub struct ResponseBody {
    source: BodySource,
    worker: u32,
}

#[derive(Debug)]
enum BodySource {
    Whole(Bytes),
    Stream(Pieces),
}

/// The pieces of a streamed body that its reader has not taken yet. An empty piece is the end; the
/// end of the channel without one is an answer that broke off.
#[derive(Debug)]
struct Pieces {
    pieces: mpsc::UnboundedReceiver<Bytes>,
    reader: Arc<ReaderState>,
}

/// What the reader of a body has done, for its link to know.
#[derive(Debug, Default)]
struct ReaderState {
    /// The cost of pieces that were taken and not given back yet.
    taken: AtomicUsize,
    is_gone: AtomicBool,
    changed: Notify,
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.reader.is_gone.store(true, Ordering::Release);
        self.reader.changed.notify_one();
    }
}

impl ResponseBody {
    /// A body that is all there, from the worker with this process id.
    pub(super) fn whole(body: Bytes, worker: u32) -> Self {
        Self { source: BodySource::Whole(body), worker }
    }

    /// A body that comes in pieces from the worker with this process id, and where to put them.
    pub(super) fn channel(worker: u32) -> (PieceSender, Self) {
        let (sender, pieces) = mpsc::unbounded_channel();
        let reader = Arc::<ReaderState>::default();
        let body = Pieces { pieces, reader: Arc::clone(&reader) };
        let body = Self { source: BodySource::Stream(body), worker };
        (PieceSender { pieces: sender, reader, credit: CREDIT }, body)
    }

    /// The process id of the worker that answers.
    pub fn worker(&self) -> u32 {
        self.worker
    }
}

/// Where the pieces of a streamed body go. Dropped without [`end`](Self::end), it breaks the body
/// off.
#[derive(Debug)]
pub(super) struct PieceSender {
    pieces: mpsc::UnboundedSender<Bytes>,
    reader: Arc<ReaderState>,
    /// What the worker may send before it gets more.
    credit: usize,
}

/// What the reader of a body has done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It has taken pieces that cost so much.
    Taken(u32),
    /// It wants no more.
    Gone,
}

/// A worker has sent more than it was given credit for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("more of an answer than there was credit for")]
pub(super) struct Overdrawn;

impl PieceSender {
    /// Hands on a piece; never waits.
    ///
    /// # Errors
    /// [`Overdrawn`].
    pub(super) fn send(&mut self, piece: Bytes) -> Result<(), Overdrawn> {
        self.credit = self.credit.checked_sub(piece.len() + PIECE_COST).ok_or(Overdrawn)?;
        // Without a reader it is thrown away.
        let _ = self.pieces.send(piece);
        Ok(())
    }

    /// Whether the worker has too little credit for its largest piece, and so may wait for more.
    pub(super) fn is_short(&self) -> bool {
        self.credit < GIVE_BACK + PIECE_COST
    }

    /// The body ends here.
    pub(super) fn end(self) {
        let _ = self.pieces.send(Bytes::new());
    }

    /// Waits until the reader is gone, or has taken enough to be told to the worker; the credit for
    /// that is given back here.
    pub(super) async fn changed(&mut self) -> Change {
        loop {
            if self.reader.is_gone.load(Ordering::Acquire) {
                return Change::Gone;
            }
            if self.reader.taken.load(Ordering::Acquire) >= GIVE_BACK {
                let taken = self.reader.taken.swap(0, Ordering::AcqRel);
                self.credit += taken;
                return Change::Taken(u32::try_from(taken).unwrap_or(u32::MAX));
            }
            self.reader.changed.notified().await;
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = match &mut self.source {
            BodySource::Whole(body) => std::mem::take(body),
            BodySource::Stream(Pieces { pieces, reader }) => match ready!(pieces.poll_recv(context)) {
                Some(piece) => {
                    let cost = piece.len() + PIECE_COST;
                    let before = reader.taken.fetch_add(cost, Ordering::AcqRel);
                    if before < GIVE_BACK && before + cost >= GIVE_BACK {
                        reader.changed.notify_one();
                    }
                    piece
                }
                None => {
                    self.source = BodySource::Whole(Bytes::new());
                    let error = io::Error::other("the application did not finish its answer");
                    return Poll::Ready(Some(Err(error)));
                }
            },
        };
        if piece.is_empty() {
            self.source = BodySource::Whole(piece);
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.source, BodySource::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            BodySource::Whole(body) => SizeHint::with_exact(body.len() as u64),
            BodySource::Stream(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_streamed_body_ends_or_breaks() {
        let (mut sender, body) = ResponseBody::channel(7);
        sender.send("a".into()).unwrap();
        sender.send("b".into()).unwrap();
        sender.end();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");

        let (mut sender, mut body) = ResponseBody::channel(7);
        sender.send("a".into()).unwrap();
        drop(sender);
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn credit_goes_back_when_pieces_are_taken() {
        let (mut sender, mut body) = ResponseBody::channel(7);
        let piece = || Bytes::from(vec![b'x'; CREDIT / 8 - PIECE_COST]);
        for _ in 0..8 {
            sender.send(piece()).unwrap();
        }
        assert_eq!(sender.send("x".into()), Err(Overdrawn));
        assert!(body.frame().await.unwrap().is_ok());
        let early = tokio::time::timeout(std::time::Duration::ZERO, sender.changed()).await;
        assert!(early.is_err(), "not for each piece");
        assert!(body.frame().await.unwrap().is_ok());
        assert_eq!(sender.changed().await, Change::Taken(u32::try_from(CREDIT / 4).unwrap()));
        sender.send(piece()).unwrap();
        sender.send(piece()).unwrap();
        assert_eq!(sender.send("x".into()), Err(Overdrawn));
        drop(body);
        assert_eq!(sender.changed().await, Change::Gone);
    }

    #[test]
    fn a_body_is_read_on_another_runtime() {
        let (mut sender, body) = ResponseBody::channel(7);
        let reader = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(body.collect()).unwrap().to_bytes().len()
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..40 {
                while sender.send(vec![b'x'; CREDIT / 4].into()).is_err() {
                    assert!(matches!(sender.changed().await, Change::Taken(_)));
                }
            }
            sender.end();
        });
        assert_eq!(reader.join().unwrap(), 10 * CREDIT);
    }
}
