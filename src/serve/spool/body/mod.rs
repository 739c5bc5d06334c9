//! A body that is taken as fast as it comes and given as fast as it is wanted.
//!
//! The reader has the first right: while it keeps up, it gets pieces straight from the source. A task
//! of its own ([`drive`]) takes what the reader does not: into memory, then into the file, then not at
//! all, so that the source waits. What comes next in order is always the front of the queue, or in a
//! write that is under way, or still at the source.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Spool;
use super::extent::{ExtentWriter, PendingRead};
use super::queue::PieceQueue;

/// Bodies of this size or less are not counted.
const SMALL: usize = 4 * 1024;

/// Pieces that are taken at once when the body begins: a short one is complete then.
const FIRST_PIECES: usize = 16;

/// Bytes of the first piece that is read from the file, or copied from what leaves memory soon.
const FIRST_COPY: usize = 4 * 1024;

/// A body over another one, `B`, which is dropped as soon as this is.
///
/// An error of the other one comes after all data before it. An error of its own is only that the file
/// cannot be read.
pub(in crate::serve) struct SpooledBody<B: Send + 'static> {
    form: Form<B>,
    /// Bytes of a piece for the reader.
    piece: usize,
}

enum Form<B: Send + 'static> {
    /// All of it.
    Whole(Bytes),
    Shared(Reader<B>),
}

struct Reader<B: Send + 'static> {
    shared: Arc<Shared<B>>,
    reading: Option<PendingRead>,
    /// Bytes of the next piece that takes memory of its own: twice the one before, so that a client that takes
    /// little holds little.
    copied: usize,
}

/// What reader and driver share. It is also what the source wakes: whichever of the two is there first
/// takes what has come.
struct Shared<B> {
    spool: Arc<Spool>,
    queue: Mutex<PieceQueue<B>>,
    wakers: Mutex<Wakers>,
}

#[derive(Default)]
struct Wakers {
    reader: Option<Waker>,
    driver: Option<Waker>,
}

/// What the driver does next.
enum Step {
    Write,
    End,
}

impl<B> SpooledBody<B>
where
    B: Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static,
{
    /// Takes what is here already; a task takes what comes later. Pieces for the reader have at most
    /// `piece` bytes. Needs a Tokio runtime.
    pub(in crate::serve) fn new(spool: &Arc<Spool>, source: B, piece: usize) -> Self {
        let mut queue = PieceQueue::new(Some(source));
        // Reader and driver ask again, with wakers of their own.
        let mut context = Context::from_waker(Waker::noop());
        let mut first = None;
        for _ in 0..FIRST_PIECES {
            let Poll::Ready(next) = queue.poll_source(&mut context) else { break };
            if first.is_none() && queue.is_empty() {
                first = next;
                continue;
            }
            let Some(next) = next else { break };
            first.take().into_iter().chain([next]).for_each(|piece| queue.push(spool, piece));
            if queue.is_beyond_memory() {
                break;
            }
        }
        // The usual answer: nothing, or one piece and the end.
        if queue.is_over() {
            return Self::whole(spool, first.unwrap_or_default(), piece);
        }
        first.into_iter().for_each(|piece| queue.push(spool, piece));
        Self::shared(spool, queue, piece)
    }

    fn whole(spool: &Arc<Spool>, body: Bytes, piece: usize) -> Self {
        if body.len() <= SMALL {
            return Self { form: Form::Whole(body), piece };
        }
        if let Some(share) = spool.memory.reserve(0, &body) {
            return Self { form: Form::Whole(share.with(body)), piece };
        }
        let mut queue = PieceQueue::new(None);
        queue.push(spool, body);
        Self::shared(spool, queue, piece)
    }

    fn shared(spool: &Arc<Spool>, queue: PieceQueue<B>, piece: usize) -> Self {
        let is_driven = !queue.has_ended() || queue.is_beyond_memory();
        let spool = Arc::clone(spool);
        let shared = Arc::new(Shared { spool, queue: Mutex::new(queue), wakers: Mutex::default() });
        if is_driven {
            tokio::spawn(drive(Arc::clone(&shared)));
        }
        Self { form: Form::Shared(Reader { shared, reading: None, copied: FIRST_COPY }), piece }
    }

    /// Changes the largest piece for the reader, in bytes.
    pub(in crate::serve) fn set_piece(&mut self, piece: usize) {
        self.piece = piece;
    }
}

impl<B> Body for SpooledBody<B>
where
    B: Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let piece = match &mut this.form {
            Form::Whole(body) if body.is_empty() => None,
            Form::Whole(body) => Some(Ok(body.split_to(body.len().min(this.piece)))),
            Form::Shared(reader) => ready!(reader.poll_piece(this.piece, cx)),
        };
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.form {
            Form::Whole(body) => body.is_empty(),
            Form::Shared(reader) => reader.shared.queue().is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.form {
            Form::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Form::Shared(_) => SizeHint::default(),
        }
    }
}

impl<B> Reader<B>
where
    B: Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static,
{
    fn poll_piece(&mut self, limit: usize, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let shared = &self.shared;
        keep(&mut shared.wakers().reader, cx.waker());
        let mut queue = shared.queue();
        let piece = match ready!(queue.poll_front(limit, &mut self.copied, &mut self.reading, cx)) {
            Some(piece) => Some(piece),
            None => {
                let waker = Waker::from(Arc::clone(shared));
                ready!(queue.poll_direct(&shared.spool, limit, &mut Context::from_waker(&waker)))
            }
        };
        let is_driven = !queue.has_ended() || queue.is_beyond_memory();
        drop(queue);
        if is_driven {
            shared.notify(|wakers| &mut wakers.driver);
        }
        Poll::Ready(piece)
    }
}

impl<B: Send + 'static> Drop for Reader<B> {
    fn drop(&mut self) {
        let rest = self.shared.queue().close();
        drop(rest);
        self.shared.notify(|wakers| &mut wakers.driver);
    }
}

/// Takes what the reader does not, until there is no more.
async fn drive<B>(shared: Arc<Shared<B>>)
where
    B: Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static,
{
    let mut writer = ExtentWriter::new(Arc::clone(&shared.spool.file));
    while let Step::Write = poll_fn(|cx| shared.poll_step(cx)).await {
        // It is never closed.
        let permit = shared.spool.writes.acquire().await;
        let pieces = shared.begin_write();
        if pieces.is_empty() {
            continue;
        }
        let written = writer.write(pieces.clone()).await;
        drop(permit);
        shared.queue().end_write(&shared.spool, written, pieces);
        shared.notify(|wakers| &mut wakers.reader);
    }
}

impl<B> Shared<B>
where
    B: Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static,
{
    /// Fills memory until there is something to write.
    fn poll_step(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<Step> {
        keep(&mut self.wakers().driver, cx.waker());
        let (step, has_come) = self.fill();
        if has_come {
            self.notify(|wakers| &mut wakers.reader);
        }
        step
    }

    /// What to do next, and whether there is something new for the reader.
    fn fill(self: &Arc<Self>) -> (Poll<Step>, bool) {
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        let mut queue = self.queue();
        let mut has_come = false;
        loop {
            if queue.is_beyond_memory() {
                let step = match queue.may_write(&self.spool) {
                    true => Poll::Ready(Step::Write),
                    false if queue.has_ended() => Poll::Ready(Step::End),
                    // The reader wakes the driver when it has taken some.
                    false => Poll::Pending,
                };
                return (step, has_come);
            }
            if queue.has_ended() {
                return (Poll::Ready(Step::End), has_come);
            }
            let Poll::Ready(next) = queue.poll_source(&mut context) else {
                return (Poll::Pending, has_come);
            };
            has_come = true;
            if let Some(piece) = next {
                queue.push(&self.spool, piece);
            }
        }
    }

    fn begin_write(self: &Arc<Self>) -> Vec<Bytes> {
        let waker = Waker::from(Arc::clone(self));
        self.queue().begin_write(&mut Context::from_waker(&waker))
    }
}

impl<B> Shared<B> {
    /// Wakes one of the two. Nothing is locked meanwhile: a waker may be the last that holds a task.
    fn notify(&self, which: impl FnOnce(&mut Wakers) -> &mut Option<Waker>) {
        let waker = which(&mut self.wakers()).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn queue(&self) -> MutexGuard<'_, PieceQueue<B>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locked after the queue, if both are: the source may wake while it is asked.
    fn wakers(&self) -> MutexGuard<'_, Wakers> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader is woken first, so that it gets the piece itself where one thread runs both.
impl<B: Send + 'static> Wake for Shared<B> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let (reader, driver) = {
            let mut wakers = self.wakers();
            (wakers.reader.take(), wakers.driver.take())
        };
        reader.into_iter().chain(driver).for_each(Waker::wake);
    }
}

fn keep(kept: &mut Option<Waker>, waker: &Waker) {
    match kept {
        Some(kept) => kept.clone_from(waker),
        None => *kept = Some(waker.clone()),
    }
}

#[cfg(test)]
mod tests;
