//! Bodies of responses, whatever they are made of: cut into frames, timed, and counted for the log.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use bytes::Bytes;
use http::{StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use tokio::sync::Semaphore;

use super::access_log::AccessLog;
use super::encoded_body::EncodedBody;
use super::encoder::{Coding, Encoded};
use super::record::Record;
use crate::serve::connection::Connection;
use crate::serve::request::Request;
use crate::serve::spool::{Spool, SpooledBody};
use crate::serve::upstream::UpstreamBody;
use crate::serve::worker::ResponseBody;

/// Bytes of a response that one HTTP/2 stream gets at a time, its usual frame. hyper asks again for
/// the next ones, so that a large response waits for its client where the deadline sees it, not in
/// a buffer.
const STREAM_PIECE: usize = 16 * 1024;

/// Bytes of a response that HTTP/1 gets at a time, where its client keeps up.
const PIECE: usize = 64 * 1024;

/// The body of a response. Dropping it ends the request: it is counted and logged then.
pub(in crate::serve) struct TrackedBody {
    body: OutgoingBody,
    request: OpenRequest,
    /// On HTTP/2: what is left of a large frame.
    rest: Bytes,
    /// The body was cut off. On an error hyper drops what it has not written, so it gets the error
    /// one poll later.
    broken: Option<io::Error>,
}

/// What responses are made of.
pub(in crate::serve) enum OutgoingBody {
    Empty,
    Full(Full<Bytes>),
    Stream(http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>),
    Worker(SpooledBody<ResponseBody>),
    Upstream(SpooledBody<UpstreamBody>),
    /// Waits for its client, and the application with it.
    Unbuffered(ResponseBody),
    /// One of the others, compressed as its client takes it.
    Encoded(Box<EncodedBody<Self>>),
}

impl OutgoingBody {
    pub(in crate::serve) fn text(text: impl Into<Bytes>) -> Self {
        Self::Full(Full::new(text.into()))
    }

    /// The body of an application's response, which waits for its client so that no worker has to;
    /// with `is_stream` only the worker waits.
    pub(in crate::serve) fn worker(
        spool: &Arc<Spool>,
        body: ResponseBody,
        version: Version,
        is_stream: bool,
    ) -> Self {
        let piece = if version == Version::HTTP_2 { STREAM_PIECE } else { PIECE };
        if is_stream && body.size_hint().exact().is_none() {
            return Self::Unbuffered(body);
        }
        Self::Worker(SpooledBody::new(spool, body, piece))
    }

    /// The body of an upstream's response, in the same way.
    pub(in crate::serve) fn upstream(
        spool: &Arc<Spool>,
        body: UpstreamBody,
        version: Version,
        is_stream: bool,
    ) -> Self {
        let piece = if version == Version::HTTP_2 { STREAM_PIECE } else { PIECE };
        if is_stream { Self::Stream(body) } else { Self::Upstream(SpooledBody::new(spool, body, piece)) }
    }

    /// The body, compressed; unchanged where too many are compressed already.
    pub(super) fn encoded(mut self, coding: Coding, encoders: &'static Semaphore) -> Result<Self, Self> {
        // It is compressed in pieces of about this size.
        self.set_piece(STREAM_PIECE);
        EncodedBody::new(coding, self, encoders).map(|body| Self::Encoded(Box::new(body)))
    }

    /// All of it, if it is here and has no more than `most` bytes.
    pub(super) fn take_whole(mut self, most: u64) -> Result<Bytes, Self> {
        let is_here = matches!(self, Self::Empty | Self::Full(_) | Self::Worker(_) | Self::Upstream(_))
            && self.size_hint().exact().is_some_and(|length| length <= most);
        if !is_here {
            return Err(self);
        }
        self.set_piece(usize::MAX);
        match Pin::new(&mut self).poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(frame))) => Ok(frame.into_data().unwrap_or_default()),
            _ => Ok(Bytes::new()),
        }
    }

    fn set_piece(&mut self, piece: usize) {
        match self {
            Self::Worker(body) => body.set_piece(piece),
            Self::Upstream(body) => body.set_piece(piece),
            Self::Empty | Self::Full(_) | Self::Stream(_) | Self::Unbuffered(_) | Self::Encoded(_) => {}
        }
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(body) => Pin::new(body).poll_frame(cx).map(|frame| {
                frame.map(|frame| match frame {
                    Ok(frame) => Ok(frame),
                    Err(never) => match never {},
                })
            }),
            Self::Stream(body) => Pin::new(body).poll_frame(cx),
            Self::Worker(body) => Pin::new(body).poll_frame(cx),
            Self::Upstream(body) => Pin::new(body).poll_frame(cx),
            Self::Unbuffered(body) => Pin::new(body).poll_frame(cx),
            Self::Encoded(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(body) => body.is_end_stream(),
            Self::Stream(body) => body.is_end_stream(),
            Self::Worker(body) => body.is_end_stream(),
            Self::Upstream(body) => body.is_end_stream(),
            Self::Unbuffered(body) => body.is_end_stream(),
            Self::Encoded(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(body) => body.size_hint(),
            Self::Stream(body) => body.size_hint(),
            Self::Worker(body) => body.size_hint(),
            Self::Upstream(body) => body.size_hint(),
            Self::Unbuffered(body) => body.size_hint(),
            Self::Encoded(body) => body.size_hint(),
        }
    }
}

/// A request from its head to the last byte of its response.
pub(in crate::serve) struct OpenRequest {
    connection: Arc<Connection>,
    log: AccessLog,
    record: Option<Record>,
    /// Whether the connection is reset when the response is cut off. Where its end marks the end of the response,
    /// nothing else shows that; and front servers take a plain end for it even where it does not (lighttpd with chunks).
    /// (TLS and HTTP/2 have ends of their own.)
    resets: bool,
    /// On HTTP/2: the number under which the stream waits for its client, and whether it does.
    stream: Option<u64>,
    is_waiting: bool,
    sent: u64,
    /// As in nginx: the client disconnected before there was a response.
    status: u16,
    /// If requests are timed.
    begun: Option<Instant>,
}

impl OpenRequest {
    pub(in crate::serve) fn new(
        connection: Arc<Connection>,
        version: Version,
        log: AccessLog,
        record: Option<Record>,
    ) -> Self {
        let number = connection.activity.request_begins();
        let stream = (version == Version::HTTP_2).then_some(number);
        let resets = connection.tls.is_none() && stream.is_none();
        let begun = connection.counters.begin();
        Self { connection, log, record, resets, stream, is_waiting: false, sent: 0, status: 499, begun }
    }

    /// The application answers, in the worker with this process id.
    pub(in crate::serve) fn comes_from(&mut self, worker: u32) {
        if let Some(record) = &mut self.record {
            record.worker = Some(worker);
        }
    }

    /// Times the call of the application or upstream.
    pub(in crate::serve) async fn times<F: Future>(&mut self, call: F) -> F::Output {
        let begun = self.record.is_some().then(Instant::now);
        let response = call.await;
        if let (Some(record), Some(begun)) = (&mut self.record, begun) {
            record.in_backend = Some(begun.elapsed());
        }
        response
    }

    /// The request has passed what may say who its client is.
    pub(in crate::serve) fn is_from_user_of(&mut self, request: &Request) {
        if let Some(record) = &mut self.record {
            record.is_from_user_of(request);
        }
    }

    /// The response is compressed.
    pub(in crate::serve) fn is_encoded(&mut self, encoded: Option<Encoded>) {
        if let Some(record) = &mut self.record {
            record.encoded = encoded;
        }
    }

    /// The access log does not mention it.
    pub(in crate::serve) fn is_not_logged(&mut self) {
        self.record = None;
    }

    pub(in crate::serve) fn answered(mut self, status: StatusCode, body: OutgoingBody) -> TrackedBody {
        self.status = status.as_u16();
        if let Some(record) = &mut self.record {
            record.answered(status.as_u16());
        }
        if !body.is_end_stream() {
            self.stream_waits();
        }
        TrackedBody { body, request: self, rest: Bytes::new(), broken: None }
    }
}

impl OpenRequest {
    fn stream_waits(&mut self) {
        if let Some(stream) = self.stream {
            self.connection.activity.stream_waits(stream);
            self.is_waiting = true;
        }
    }

    fn stream_goes_on(&mut self) {
        if let (Some(stream), true) = (self.stream, self.is_waiting) {
            self.connection.activity.stream_goes_on(stream);
            self.is_waiting = false;
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.stream_goes_on();
        if let Some(record) = &mut self.record {
            record.end(self.sent);
            self.log.request(record);
        }
        self.connection.counters.request(self.status, self.sent, self.begun);
        self.connection.activity.request_ends();
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        this.request.stream_goes_on();
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if this.request.stream.is_none() {
            let piece = ready!(this.request.connection.activity.poll_next_piece(cx));
            this.body.set_piece(piece.min(PIECE));
        }
        let frame = match &mut this.body {
            _ if !this.rest.is_empty() => Some(Ok(Frame::data(std::mem::take(&mut this.rest)))),
            body => ready!(Pin::new(body).poll_frame(cx)),
        };
        match frame {
            Some(Ok(mut frame)) => {
                if let (Some(data), Some(_)) = (frame.data_mut(), this.request.stream)
                    && data.len() > STREAM_PIECE
                {
                    this.rest = data.split_off(STREAM_PIECE);
                }
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.request.sent += length as u64;
                if let OutgoingBody::Encoded(body) = &this.body
                    && let Some(encoded) =
                        this.request.record.as_mut().and_then(|record| record.encoded.as_mut())
                {
                    encoded.length = body.read();
                }
                if this.request.stream.is_none() {
                    this.request.connection.activity.hand_over(length);
                }
                // After the last one too: hyper holds it until the client has room, and drops the
                // body then.
                this.request.stream_waits();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "a response was cut off");
                this.broken = Some(error);
                if this.request.resets {
                    this.request.connection.activity.break_off();
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    use super::*;
    use crate::serve::config::{AccessLogTarget, Limits};
    use crate::serve::connection::ConnectionRole;
    use crate::serve::connection::activity::{Activity, Overdue};
    use crate::serve::log_format::LogFormat;

    /// An answer on a connection of its own.
    fn answer(version: Version, body: OutgoingBody) -> (Arc<Activity>, TrackedBody) {
        let activity = Arc::new(Activity::new(&Limits::default()));
        let connection = Connection {
            peer_address: Bytes::new(),
            peer_port: 0,
            server_port: Bytes::new(),
            server_address: None,
            tls: None,
            role: ConnectionRole::Serve,
            is_trusted: false,
            activity: Arc::clone(&activity),
            counters: Arc::default(),
        };
        let opener = crate::sys::opener::OwnRights::shared();
        let log = AccessLog::open(&AccessLogTarget::Off, LogFormat::default(), None, opener).unwrap();
        let request = OpenRequest::new(Arc::new(connection), version, log, None);
        (activity, request.answered(StatusCode::OK, body))
    }

    fn overdue(activity: &Activity) -> Option<Overdue> {
        activity.overdue(Instant::now() + Limits::default().write_timeout + Duration::from_secs(1))
    }

    #[tokio::test]
    async fn whole_answers_wait_for_their_client_too() {
        let text = vec![b'x'; 2 * STREAM_PIECE + 1];
        let (activity, mut whole) = answer(Version::HTTP_2, OutgoingBody::text(text.clone()));
        assert_eq!(overdue(&activity), Some(Overdue::Write), "no room for a first byte");
        let mut taken = Vec::new();
        for left in [STREAM_PIECE + 1, 1, 0] {
            taken.extend(whole.frame().await.unwrap().unwrap().into_data().unwrap());
            assert_eq!(whole.size_hint().exact(), Some(left as u64));
            assert_eq!(whole.is_end_stream(), left == 0);
            assert_eq!(overdue(&activity), Some(Overdue::Write), "{left} left");
        }
        drop(whole);
        assert_ne!(overdue(&activity), Some(Overdue::Write));
        assert_eq!(taken, text);

        let file = Full::new(Bytes::from(text)).map_err(|never| match never {});
        let (activity, file) = answer(Version::HTTP_2, OutgoingBody::Stream(file.boxed_unsync()));
        assert_eq!(overdue(&activity), Some(Overdue::Write));
        drop(file);
        assert_ne!(overdue(&activity), Some(Overdue::Write), "the client has reset the stream");
        let (activity, _empty) = answer(Version::HTTP_2, OutgoingBody::Empty);
        assert_eq!(overdue(&activity), None);
    }

    #[tokio::test]
    async fn on_http1_a_response_waits_until_what_it_gave_is_sent() {
        let pieces = [PIECE, 1, 1].map(|length| Ok(Frame::data(Bytes::from(vec![b'x'; length]))));
        let pieces = http_body_util::StreamBody::new(futures_util::stream::iter(pieces));
        let (activity, mut body) = answer(Version::HTTP_11, OutgoingBody::Stream(pieces.boxed_unsync()));
        activity.notes_sends();
        assert!(body.frame().await.is_some());
        assert!(body.frame().now_or_never().is_none(), "nothing was sent");
        activity.all_sent();
        assert!(body.frame().await.is_some() && body.frame().await.is_some());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn who_waits_for_the_application_is_not_cut() {
        struct Never;
        impl Body for Never {
            type Data = Bytes;
            type Error = io::Error;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
                Poll::Pending
            }
        }
        let (activity, mut body) = answer(Version::HTTP_2, OutgoingBody::Stream(Never.boxed_unsync()));
        let poll = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx).is_pending()));
        assert!(poll.await);
        assert_eq!(overdue(&activity), None);
    }
}
