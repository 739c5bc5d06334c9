//! The body of a request on its way to an upstream.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::serve::request::body::Buffered;
use crate::serve::worker::RequestBody;

/// First what is in memory, then the rest.
#[derive(Debug)]
pub(super) struct SentBody {
    first: Bytes,
    rest: Option<RequestBody>,
    length: Option<u64>,
    sent: Sent,
}

/// How many bytes were taken so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<AtomicU64>);

impl Sent {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl SentBody {
    pub(super) fn new(body: Buffered) -> Self {
        Self { first: body.first, rest: body.rest, length: body.length, sent: Sent::default() }
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent.clone()
    }

    /// Whether all of it is in memory.
    pub(super) fn is_in_memory(&self) -> bool {
        self.rest.is_none()
    }

    /// Another one with the same bytes, if all of them are in memory.
    pub(super) fn again(&self) -> Option<Self> {
        let first = self.is_in_memory().then(|| self.first.clone())?;
        Some(Self { first, rest: None, length: self.length, sent: Sent::default() })
    }

    /// The body again, if nothing of it was taken.
    pub(super) fn into_buffered(self) -> Buffered {
        Buffered { first: self.first, rest: self.rest, length: self.length, fault: Default::default() }
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let frame = if this.first.is_empty() {
            match &mut this.rest {
                Some(rest) => ready!(Pin::new(rest).poll_frame(cx)),
                None => None,
            }
        } else {
            Some(Ok(Frame::data(std::mem::take(&mut this.first))))
        };
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            this.sent.0.fetch_add(length, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(length) => SizeHint::with_exact(length.saturating_sub(self.sent.bytes())),
            None => SizeHint::default(),
        }
    }
}
