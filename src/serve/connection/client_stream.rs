//! The socket of one client: TCP or unix, with its first bytes readable again, its stalls noted,
//! and a way to break off so that the client notices.

use std::io;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::activity::Activity;
use super::unread;

#[derive(Debug)]
pub(in crate::serve) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket on its way from the thread that accepted it to the one that drives it.
#[derive(Debug)]
pub(in crate::serve) enum AcceptedSocket {
    Here(Socket),
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl AcceptedSocket {
    /// The current runtime watches it no more.
    ///
    /// # Errors
    /// When the system cannot.
    pub(in crate::serve) fn take_off(self) -> io::Result<Self> {
        Ok(match self {
            Self::Here(Socket::Tcp(socket)) => Self::Tcp(socket.into_std()?),
            Self::Here(Socket::Unix(socket)) => Self::Unix(socket.into_std()?),
            off @ (Self::Tcp(_) | Self::Unix(_)) => off,
        })
    }

    /// The current runtime watches it from now on.
    ///
    /// # Errors
    /// When the system cannot.
    pub(in crate::serve) fn register(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Here(socket) => socket,
            Self::Tcp(socket) => Socket::Tcp(TcpStream::from_std(socket)?),
            Self::Unix(socket) => Socket::Unix(UnixStream::from_std(socket)?),
        })
    }
}

/// A socket that notes in its [`Activity`] when the client takes nothing. Dropped after an answer
/// broke off, it resets the connection.
///
/// A unix socket resets only if something is unread that the other end has sent. So the last byte of a request stays
/// unread until more comes, or the connection ends well.
#[derive(Debug)]
pub(in crate::serve) struct ClientStream {
    socket: Socket,
    /// Bytes that were given to the reader and still are in the queue of a unix socket.
    unread: usize,
    /// Bytes that were read to see what is spoken, to be read again.
    first: Bytes,
    /// What an answer that broke off ends with, instead of a reset.
    alert: &'static [u8],
    activity: Arc<Activity>,
}

impl ClientStream {
    pub(in crate::serve) fn new(socket: Socket, activity: Arc<Activity>) -> Self {
        activity.watches(match &socket {
            Socket::Tcp(socket) => socket.as_raw_fd(),
            Socket::Unix(socket) => socket.as_raw_fd(),
        });
        Self { socket, unread: 0, first: Bytes::new(), alert: b"", activity }
    }

    /// The first byte, without taking it; `None` when the client closed without one.
    pub(in crate::serve) async fn first_byte(&mut self) -> io::Result<Option<u8>> {
        // A ClientHello fits, so TLS gets its first record whole.
        let mut space = [0; 2048];
        let length = self.read(&mut space).await?;
        self.first = Bytes::copy_from_slice(space.get(..length).unwrap_or_default());
        Ok(self.first.first().copied())
    }

    /// Reads more behind the first bytes, without taking any; whether there was more.
    pub(in crate::serve) async fn more_first_bytes(&mut self) -> io::Result<bool> {
        let mut all = std::mem::take(&mut self.first).to_vec();
        let mut space = [0; 2048];
        let length = self.read(&mut space).await?;
        all.extend_from_slice(space.get(..length).unwrap_or_default());
        self.first = all.into();
        Ok(length > 0)
    }

    /// What was read together with the first byte.
    pub(in crate::serve) fn first_bytes(&self) -> &Bytes {
        &self.first
    }

    /// Bytes that were read too early; nothing else may have been put back before.
    pub(in crate::serve) fn put_back(&mut self, bytes: Vec<u8>) {
        self.first = bytes.into();
    }

    /// TLS is spoken with a front server, to which a reset looks like a proper end (nginx 1.22: measured). What cannot be
    /// decrypted does not: here an alert of an internal error (RFC 8446 section 6).
    pub(in crate::serve) fn breaks_off_in_tls(&mut self) {
        self.alert = b"\x15\x03\x03\x00\x02\x02\x50";
    }

    /// They were read by somebody else.
    pub(in crate::serve) fn take_first_bytes(&mut self) {
        self.first.clear();
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        // A plain close would look like the proper end of an answer without length.
        match &self.socket {
            Socket::Tcp(socket) if self.activity.is_broken() && !self.alert.is_empty() => {
                let _ = socket.try_write(self.alert);
            }
            Socket::Tcp(socket) if self.activity.is_broken() => {
                let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
            }
            Socket::Unix(socket) if !self.activity.is_broken() => {
                let _ = unread::take(socket, &mut self.unread, 0);
            }
            Socket::Tcp(_) | Socket::Unix(_) => {}
        }
        self.activity.leave();
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let length = self.first.len().min(out.remaining());
            out.put_slice(self.first.get(..length).unwrap_or_default());
            self.first.advance(length);
            return Poll::Ready(Ok(()));
        }
        let this = &mut *self;
        match &mut this.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, out),
            Socket::Unix(socket) => {
                unread::poll_read(socket, &mut this.unread, this.activity.is_received(), cx, out)
            }
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.note(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.note(result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

impl ClientStream {
    fn note(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Ready(Ok(bytes)) => self.activity.write_goes_on(*bytes),
            Poll::Ready(Err(_)) => self.activity.write_goes_on(0),
            Poll::Pending => self.activity.write_waits(),
        }
        result
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Self::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            Self::Unix(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
