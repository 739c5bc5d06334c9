//! The HTTP/2 guard as a stream: what hyper reads is weighed by [`Http2Guard`], not changed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::protocol::http2_guard::Http2Guard;

/// A stream whose reads fail when the client floods it with control frames.
pub(in crate::serve) struct CountedFrames<S> {
    stream: S,
    guard: Http2Guard,
    beginning: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> CountedFrames<S> {
    pub(in crate::serve) fn new(stream: S) -> Self {
        Self { stream, guard: Http2Guard::default(), beginning: Instant::now() }
    }

    fn note(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(sent)) = &result {
            self.guard.sent(*sent);
        }
        result
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for CountedFrames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = out.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, out))?;
        let received = out.filled().get(before..).unwrap_or_default();
        this.guard
            .received(received, || this.beginning.elapsed())
            .map_err(|flood| io::Error::new(io::ErrorKind::InvalidData, flood))?;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for CountedFrames<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
