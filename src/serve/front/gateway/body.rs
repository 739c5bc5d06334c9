//! What a front server sends: read from the socket, decoded, and the body of a request made of it.

use std::borrow::Cow;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf, ReadHalf};
use tokio::sync::oneshot;

use super::codec::{BodyProgress, GatewayCodec};

/// Bytes that are asked of the socket at a time, at least and at most.
const LEAST_READ: usize = 2 * 1024;
const MOST_READ: usize = 16 * 1024;

/// Bytes of replies that may wait until a piece of the response has been sent. A front server that asks for more asks
/// for nothing else.
const MOST_REPLIES: usize = 16 * 1024;

/// The reading half of a connection, with the decoder of what comes.
pub(super) struct Incoming<C, S> {
    pub(super) codec: C,
    pub(super) reader: ReadHalf<S>,
    /// Not decoded yet.
    pub(super) received: BytesMut,
    /// What follows cannot be the next request: the body broke off.
    is_broken: bool,
}

/// Replies to a front server that come up while the body is read, for the driver to send.
#[derive(Debug, Default)]
pub(super) struct Replies {
    waiting: Mutex<Vec<u8>>,
    driver: AtomicWaker,
}

impl<C: GatewayCodec, S: AsyncRead> Incoming<C, S> {
    pub(super) fn new(codec: C, reader: ReadHalf<S>) -> Self {
        Self { codec, reader, received: BytesMut::new(), is_broken: false }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Reads more, of which at least `needed` bytes must come; 0 when the front server has ended its half.
    pub(super) async fn more(&mut self, needed: usize) -> io::Result<usize>
    where
        S: AsyncRead + Unpin,
    {
        std::future::poll_fn(|cx| self.poll_more(cx, needed)).await
    }

    fn poll_more(&mut self, cx: &mut Context<'_>, needed: usize) -> Poll<io::Result<usize>> {
        let start = self.received.len();
        self.received.resize(start + needed.clamp(LEAST_READ, MOST_READ), 0);
        let mut space = ReadBuf::new(self.received.get_mut(start..).unwrap_or_default());
        let polled = Pin::new(&mut self.reader).poll_read(cx, &mut space);
        let read = space.filled().len();
        self.received.truncate(start + read);
        ready!(polled)?;
        Poll::Ready(Ok(read))
    }

    fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        replies: Option<&Replies>,
    ) -> Poll<io::Result<BodyProgress>> {
        let mut told = Vec::new();
        loop {
            let progress = self.codec.decode_body(&mut self.received, &mut told);
            if !told.is_empty() {
                replies.map_or(Ok(()), |replies| replies.add(&mut told))?;
            }
            match progress.map_err(invalid)? {
                BodyProgress::Incomplete { needed } => {
                    if ready!(self.poll_more(cx, needed))? == 0 {
                        // Never silently short: the application must not take half a body for a whole one.
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
                progress => return Poll::Ready(Ok(progress)),
            }
        }
    }

    /// Waits until the front server wants no response any more. Waiting may end at any time.
    pub(super) async fn abandoned(&mut self, replies: Option<&Replies>) -> io::Result<()> {
        std::future::poll_fn(|cx| {
            loop {
                match ready!(self.poll_body(cx, replies))? {
                    BodyProgress::Aborted => return Poll::Ready(Ok(())),
                    // It has ended. More of it is none of the request's.
                    BodyProgress::Data(_) | BodyProgress::End | BodyProgress::Incomplete { .. } => {}
                }
            }
        })
        .await
    }
}

impl Replies {
    /// # Errors
    /// Too many wait already.
    fn add(&self, replies: &mut Vec<u8>) -> io::Result<()> {
        let mut waiting = self.waiting();
        if waiting.len() + replies.len() > MOST_REPLIES {
            return Err(invalid("the front server asks too much".into()));
        }
        waiting.append(replies);
        drop(waiting);
        self.driver.wake();
        Ok(())
    }

    /// Those that wait now.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.waiting())
    }

    /// Waits until there are some.
    pub(super) async fn arrive(&self) {
        std::future::poll_fn(|cx| {
            self.driver.register(cx.waker());
            if self.waiting().is_empty() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn invalid(reason: Cow<'static, str>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// The body of a request, straight from the socket. Dropped, it gives the socket back.
pub(super) struct GatewayBody<C: GatewayCodec, S: AsyncRead> {
    incoming: Option<Incoming<C, S>>,
    replies: Option<Arc<Replies>>,
    /// Bytes that are still to come, where the head says how many.
    left: Option<u64>,
    /// Decoded, and not taken yet.
    first: Bytes,
    has_ended: bool,
    give_back: Option<oneshot::Sender<Incoming<C, S>>>,
}

impl<C: GatewayCodec, S: AsyncRead> GatewayBody<C, S> {
    /// The body that follows, of which the head says that it has `length` bytes; and where the rest is given back.
    pub(super) fn new(
        mut incoming: Incoming<C, S>,
        length: Option<u64>,
        replies: Option<Arc<Replies>>,
    ) -> (Self, oneshot::Receiver<Incoming<C, S>>) {
        incoming.codec.begin_body(length);
        let (give_back, given_back) = oneshot::channel();
        let mut body = Self {
            incoming: None,
            replies,
            left: length,
            first: Bytes::new(),
            has_ended: false,
            give_back: Some(give_back),
        };
        // Most requests have no body, and their end is here already.
        let mut told = Vec::new();
        match incoming.codec.decode_body(&mut incoming.received, &mut told) {
            Ok(BodyProgress::End) => body.has_ended = true,
            Ok(BodyProgress::Data(data)) => body.first = data,
            Ok(BodyProgress::Aborted) | Err(_) => incoming.is_broken = true,
            Ok(BodyProgress::Incomplete { .. }) => {}
        }
        if let Some(replies) = &body.replies {
            let _ = replies.add(&mut told);
        }
        body.incoming = Some(incoming);
        (body, given_back)
    }

    fn takes(&mut self, data: Bytes) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

impl<C: GatewayCodec + Unpin, S: AsyncRead> Body for GatewayBody<C, S> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if !this.first.is_empty() {
            let first = std::mem::take(&mut this.first);
            return this.takes(first);
        }
        let Some(incoming) = this.incoming.as_mut().filter(|_| !this.has_ended) else {
            return Poll::Ready(None);
        };
        if incoming.is_broken {
            this.has_ended = true;
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        let error = match ready!(incoming.poll_body(cx, this.replies.as_deref())) {
            Ok(BodyProgress::Data(data)) => return this.takes(data),
            Ok(BodyProgress::Aborted) => io::ErrorKind::ConnectionAborted.into(),
            Ok(BodyProgress::End | BodyProgress::Incomplete { .. }) => {
                this.has_ended = true;
                return Poll::Ready(None);
            }
            Err(error) => error,
        };
        incoming.is_broken = true;
        this.has_ended = true;
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended && self.first.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl<C: GatewayCodec, S: AsyncRead> Drop for GatewayBody<C, S> {
    fn drop(&mut self) {
        if let (Some(mut incoming), Some(give_back)) = (self.incoming.take(), self.give_back.take()) {
            incoming.is_broken |= !self.has_ended;
            // After an abort of the connection there is no receiver.
            let _ = give_back.send(incoming);
        }
    }
}
