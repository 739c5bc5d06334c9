//! The HTTP/1.1 guard as a stream: what hyper reads has passed [`Guard`], and what has not is
//! answered here.
//!
//! A rejected client first gets the responses to its earlier requests: while one of them is
//! pending, hyper gets no more bytes; when all are sent it sees the end of the stream and closes,
//! and the rejection is sent last.
//!
//! After an upgrade (a 101) all bytes pass untouched, and the connection ends when none comes or
//! goes for too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant, SystemTime};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::activity::{Activity, Overdue};
use crate::protocol::http1_guard::{Guard, Limits};
use crate::sys::clock::{Clock, SystemClock};

/// Bytes that are read and discarded after the last response, so that the client can read it:
/// closing while bytes of the client are unread makes the system reset the connection, and the
/// response is lost. curl 7.88 loses it with 64 KiB when it uploads 3 MB to an application that
/// refuses without reading.
const LINGER_BYTES: usize = 16 << 20;
const LINGER_TIME: Duration = Duration::from_secs(10);

/// A stream whose input is guarded.
pub(in crate::serve) struct Guarded<S> {
    stream: S,
    guard: Guard,
    activity: Arc<Activity>,
    /// Received, not clean yet: an incomplete head.
    held: BytesMut,
    /// Clean, not handed out yet.
    ready: BytesMut,
    /// Heads that were handed out.
    heads: usize,
    rejected: Option<RejectedClient>,
    /// Whether bytes were written that a flush has not confirmed.
    unflushed: bool,
    /// Waits for the end of the responses that come before the rejection.
    waiting: Option<Waker>,
    closing: Closing,
    /// After an upgrade.
    tunnel: Option<Tunnel>,
}

/// Deadline of an upgraded connection.
struct Tunnel {
    last_byte: Instant,
    timer: Pin<Box<Sleep>>,
}

/// Why the client is rejected.
#[derive(Clone, Debug)]
struct RejectedClient {
    status: u16,
    reason: String,
}

enum Closing {
    NotYet,
    /// hyper has seen the end of the stream; the rejection follows its last response.
    Rejecting,
    Writing(BytesMut),
    Flushing,
    ShuttingDown {
        linger: bool,
    },
    Lingering {
        left: usize,
        timer: Pin<Box<Sleep>>,
    },
    Closed,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guarded<S> {
    pub(in crate::serve) fn new(stream: S, limits: Limits, activity: Arc<Activity>) -> Self {
        activity.notes_sends();
        Self {
            stream,
            guard: Guard::new(limits),
            activity,
            held: BytesMut::new(),
            ready: BytesMut::new(),
            heads: 0,
            rejected: None,
            unflushed: false,
            waiting: None,
            closing: Closing::NotYet,
            tunnel: None,
        }
    }

    /// Reads straight into hyper's buffer: the usual way, for a head that comes in one piece is
    /// never copied.
    fn poll_read_direct(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
        let received = out.filled().get(before..).unwrap_or_default();
        if received.is_empty() {
            return Poll::Ready(Ok(true));
        }
        let clean = self.check(received);
        let received = out.filled().get(before..).unwrap_or_default();
        let unclean = received.get(clean..).unwrap_or_default();
        if !unclean.is_empty() {
            self.held.extend_from_slice(unclean);
            out.set_filled(before + clean);
        }
        Poll::Ready(Ok(clean > 0))
    }

    /// Reads behind what is held already.
    fn poll_read_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [0; 16 * 1024];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Ok(true));
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(buffer.filled());
        let clean = self.check(&held);
        self.ready = held.split_to(clean);
        self.held = held;
        Poll::Ready(Ok(false))
    }

    /// How many of these bytes are clean.
    fn check(&mut self, bytes: &[u8]) -> usize {
        let progress = self.guard.check(bytes);
        self.activity.receives(self.guard.between_messages());
        self.heads += progress.heads;
        if progress.heads > 0 {
            self.activity.head_came();
        }
        if let Some(rejection) = progress.rejection {
            self.rejected =
                Some(RejectedClient { status: rejection.status(), reason: rejection.to_string() });
        }
        progress.clean
    }

    /// After an upgrade: what was held is not a request, and nothing is refused any more.
    fn poll_read_tunnel(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.ready.unsplit(self.held.split());
        if !self.ready.is_empty() {
            self.hand_out(out);
            return Poll::Ready(Ok(()));
        }
        let result = Pin::new(&mut self.stream).poll_read(cx, out);
        ready!(self.tunnel(cx, result.is_ready()))?;
        result
    }

    /// Ready at once after a byte, otherwise when none came for too long.
    fn tunnel(&mut self, cx: &mut Context<'_>, moves: bool) -> Poll<io::Result<()>> {
        let now = Instant::now();
        let timeout = self.activity.tunnel_timeout();
        let tunnel = self
            .tunnel
            .get_or_insert_with(|| Tunnel { last_byte: now, timer: Box::pin(tokio::time::sleep(timeout)) });
        if moves {
            tunnel.last_byte = now;
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(tunnel.timer.as_mut().poll(cx));
            let deadline = tunnel.last_byte + timeout;
            if deadline <= now {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            tunnel.timer.as_mut().reset(deadline.into());
        }
    }

    /// Notes a write.
    fn wrote(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if self.activity.is_upgraded() {
            ready!(self.tunnel(cx, result.is_ready()))?;
        }
        if result.is_pending() {
            self.activity.sends_wait();
        }
        result
    }

    fn hand_out(&mut self, out: &mut ReadBuf<'_>) {
        let length = self.ready.len().min(out.remaining());
        out.put_slice(self.ready.get(..length).unwrap_or_default());
        self.ready.advance(length);
    }

    /// Passes nothing more on: an error for a malformed body, else the end once all responses are
    /// sent.
    fn poll_rejected(&mut self, rejected: &RejectedClient, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.guard.in_body() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, rejected.reason.clone())));
        }
        if self.activity.ended() < self.heads || self.unflushed {
            self.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.closing = Closing::Rejecting;
        self.activity.reject(rejected.status);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.activity.is_upgraded() {
            return this.poll_read_tunnel(cx, out);
        }
        loop {
            if !this.ready.is_empty() {
                this.hand_out(out);
                return Poll::Ready(Ok(()));
            }
            if let Some(rejected) = this.rejected.clone() {
                return this.poll_rejected(&rejected, cx);
            }
            let result =
                if this.held.is_empty() { this.poll_read_direct(cx, out) } else { this.poll_read_held(cx) };
            match result {
                Poll::Ready(Ok(true)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(false)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if this.held.is_empty() {
                        return Poll::Pending;
                    }
                    this.activity.head_waits();
                    if this.activity.overdue(Instant::now()) != Some(Overdue::Head) {
                        return Poll::Pending;
                    }
                    this.activity.head_came();
                    let reason = "timed out waiting for the request header fields".to_owned();
                    this.rejected = Some(RejectedClient { status: 408, reason });
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.unflushed = true;
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.unflushed = true;
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if result.is_pending() {
            self.activity.sends_wait();
        }
        ready!(result)?;
        self.activity.all_sent();
        self.unflushed = false;
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.closing {
                Closing::NotYet => {
                    // An upgraded connection says for itself when it has ended.
                    let linger = !this.guard.between_messages() && !this.activity.is_upgraded();
                    this.closing = Closing::ShuttingDown { linger };
                }
                Closing::Rejecting => {
                    let answer = this.rejected.as_ref().map(RejectedClient::response).unwrap_or_default();
                    this.closing = Closing::Writing(answer);
                }
                Closing::Writing(answer) if answer.is_empty() => this.closing = Closing::Flushing,
                Closing::Writing(answer) => {
                    let written = ready!(Pin::new(&mut this.stream).poll_write(cx, answer))?;
                    answer.advance(written.min(answer.len()));
                }
                Closing::Flushing => {
                    ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
                    this.closing = Closing::ShuttingDown { linger: true };
                }
                Closing::ShuttingDown { linger } => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                    this.closing = if *linger {
                        let timer = Box::pin(tokio::time::sleep(LINGER_TIME));
                        Closing::Lingering { left: LINGER_BYTES, timer }
                    } else {
                        Closing::Closed
                    };
                }
                Closing::Lingering { left, timer } => {
                    let mut space = [0; 16 * 1024];
                    let mut buffer = ReadBuf::new(&mut space);
                    let is_over = match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                        Poll::Ready(Ok(())) => {
                            let received = buffer.filled().len();
                            *left = left.saturating_sub(received);
                            received == 0 || *left == 0
                        }
                        Poll::Ready(Err(_)) => true,
                        Poll::Pending => {
                            ready!(timer.as_mut().poll(cx));
                            true
                        }
                    };
                    if is_over {
                        this.closing = Closing::Closed;
                    }
                }
                Closing::Closed => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl RejectedClient {
    fn response(&self) -> BytesMut {
        let status = http::StatusCode::from_u16(self.status).unwrap_or(http::StatusCode::BAD_REQUEST);
        let phrase = status.canonical_reason().unwrap_or_default();
        // RFC 9110 section 6.6.1: a server with a clock sends the date.
        let date = httpdate::fmt_http_date(SystemTime::from(SystemClock.now()));
        let text = format!("{}\n", self.reason);
        let answer = format!(
            "HTTP/1.1 {} {phrase}\r\nDate: {date}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
            self.status,
            text.len()
        );
        BytesMut::from(answer.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response, StatusCode, header};
    use http_body_util::Empty;
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::serve::config::Limits as Times;

    /// A server that answers its one request with 101 and sends back what comes then.
    fn echo(activity: &Arc<Activity>) -> DuplexStream {
        let (client, server) = tokio::io::duplex(64);
        let stream = Guarded::new(server, Limits::default(), Arc::clone(activity));
        let activity = Arc::clone(activity);
        let upgrade = service_fn(move |mut request: Request<Incoming>| {
            activity.request_begins();
            tokio::spawn(async move {
                let tunnel = TokioIo::new(hyper::upgrade::on(&mut request).await.unwrap());
                let (mut reader, mut writer) = tokio::io::split(tunnel);
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
                let _ = writer.shutdown().await;
            });
            activity.upgrade();
            activity.request_ends();
            let response = Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header(header::CONNECTION, "upgrade")
                .header(header::UPGRADE, "echo");
            std::future::ready(Ok::<_, Infallible>(response.body(Empty::<bytes::Bytes>::new()).unwrap()))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), upgrade).with_upgrades());
        client
    }

    async fn upgraded(activity: &Arc<Activity>) -> DuplexStream {
        let mut client = echo(activity);
        let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        client
    }

    #[tokio::test]
    async fn after_an_upgrade_everything_passes() {
        let activity = Arc::new(Activity::new(&Times::default()));
        let mut client = upgraded(&activity).await;
        for text in [&b"GET  / HTTP/9\r\nHost\0: \xff\r\n\r\n"[..], b"\r\n", b"POST", &[b'x'; 1000]] {
            let mut back = vec![0; text.len()];
            let (mut reader, mut writer) = tokio::io::split(&mut client);
            let (sent, got) = tokio::join!(writer.write_all(text), reader.read_exact(&mut back));
            sent.unwrap();
            got.unwrap();
            assert_eq!(back, text);
        }
        client.shutdown().await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(activity.idle_since(), None, "its place is kept");
    }

    #[tokio::test]
    async fn a_response_goes_on_when_all_is_in_the_socket() {
        let activity = Arc::new(Activity::new(&Times::default()));
        let (mut client, server) = tokio::io::duplex(10);
        let mut stream = Guarded::new(server, Limits::default(), Arc::clone(&activity));
        let next = || std::future::poll_fn(|cx| Poll::Ready(activity.poll_next_piece(cx)));
        let Poll::Ready(much) = next().await else { panic!("nothing was handed over") };
        activity.hand_over(much);
        let send = async {
            stream.write_all(&[b'x'; 20]).await.unwrap();
            assert_eq!(next().await, Poll::Pending);
            stream.flush().await.unwrap();
        };
        let mut space = [0; 20];
        let (_, read) = tokio::join!(send, client.read_exact(&mut space));
        assert_eq!(read.unwrap(), 20);
        assert!(matches!(next().await, Poll::Ready(less) if less < much), "the client let it wait");
    }

    #[tokio::test]
    async fn a_tunnel_in_which_nothing_moves_ends() {
        let times = Times { keepalive: Duration::ZERO, header_timeout: Duration::ZERO, ..Times::default() };
        let timeout = Duration::from_secs(1);
        let activity = Arc::new(Activity::new(&times).with_tunnel_timeout(timeout));
        let mut client = upgraded(&activity).await;
        tokio::time::sleep(timeout / 2).await;
        let last_byte = Instant::now();
        client.write_all(b"x").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'x');
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        assert!(last_byte.elapsed() >= timeout);
    }
}
