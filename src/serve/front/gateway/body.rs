//! The body of a request that a front server sends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf, ReadHalf};
use tokio::sync::oneshot;

use crate::serve::connection::client_stream::ClientStream;

/// The reading half of a connection after a body, and how many bytes of the body are unread.
pub(super) type GivenBack = (ReadHalf<ClientStream>, u64);

/// A body of known length, straight from the socket. Dropped, it gives the socket back.
pub(super) struct GatewayBody {
    reader: Option<ReadHalf<ClientStream>>,
    left: u64,
    give_back: Option<oneshot::Sender<GivenBack>>,
}

impl GatewayBody {
    /// The next `length` bytes, and where the reader is given back.
    pub(super) fn new(reader: ReadHalf<ClientStream>, length: u64) -> (Self, oneshot::Receiver<GivenBack>) {
        let (give_back, given_back) = oneshot::channel();
        (Self { reader: Some(reader), left: length, give_back: Some(give_back) }, given_back)
    }
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let (Some(reader), 1..) = (&mut this.reader, this.left) else {
            return Poll::Ready(None);
        };
        let mut space = [0; 16 * 1024];
        let length = usize::try_from(this.left).unwrap_or(usize::MAX).min(space.len());
        let mut buffer = ReadBuf::new(space.get_mut(..length).unwrap_or_default());
        ready!(Pin::new(reader).poll_read(cx, &mut buffer))?;
        if buffer.filled().is_empty() {
            // Never silently short: the application must not take half a body for a whole one.
            this.left = 0;
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        this.left = this.left.saturating_sub(buffer.filled().len() as u64);
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(buffer.filled())))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for GatewayBody {
    fn drop(&mut self) {
        if let (Some(reader), Some(give_back)) = (self.reader.take(), self.give_back.take()) {
            // After an abort of the connection there is no receiver.
            let _ = give_back.send((reader, self.left));
        }
    }
}
