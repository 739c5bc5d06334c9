//! Bodies on their way: collected before the application is called, counted and timed while it reads, and counted
//! again on the way back.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tokio::time::Sleep;

use super::access_log::{AccessLog, Record};
use super::config::Limits;
use super::connection::Connection;
use super::worker::{RequestBody, ResponseBody};

/// The slowest a body may come, in bytes per second, once the first timeout is over.
const SLOWEST: u64 = 1024;

/// Bytes of an answer that one HTTP/2 stream takes at a time, its usual frame. Whoever takes the first of them is asked
/// again for the next, so that a large answer waits for its client where that is noticed, not in a buffer.
const STREAM_PIECE: usize = 16 * 1024;

/// The beginning of a request body, and the rest if there is more.
pub(super) struct Buffered {
    pub(super) first: Bytes,
    pub(super) rest: Option<RequestBody>,
    /// What went wrong with the rest while the application read it.
    pub(super) fault: Fault,
}

/// Where the rest of a body leaves what went wrong, for the answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault(Option<Arc<OnceLock<(StatusCode, String)>>>);

impl Fault {
    /// The status to answer with, and why, if the application could not.
    pub(super) fn get(&self) -> Option<&(StatusCode, String)> {
        self.0.as_ref().and_then(|fault| fault.get())
    }
}

/// Why a body could not be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the request's body is larger than this server takes")]
    TooLarge,
    #[error("the request's body did not come in time")]
    TooSlow,
    #[error("the request's body is broken: {0}")]
    Broken(String),
}

impl BodyError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// What lies at the bottom says what is wrong; what lies above says where in hyper.
    fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Self::Broken(cause.to_string())
    }
}

/// Collects a body until it is complete or `limits.post_buffering` bytes are there, so that a slow client never holds
/// a worker.
pub(super) async fn buffer<B>(body: B, limits: &Limits) -> Result<Buffered, BodyError>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    if body.is_end_stream() {
        return Ok(Buffered::whole(Bytes::new()));
    }
    if body.size_hint().lower() > limits.limit_post {
        return Err(BodyError::TooLarge);
    }
    let mut body = LimitedBody::new(body, limits);
    let mut first = Bytes::new();
    let mut collected = BytesMut::new();
    loop {
        let Some(frame) = body.frame().await else {
            let first = if collected.is_empty() { first } else { collected.freeze() };
            return Ok(Buffered::whole(first));
        };
        let Ok(data) = frame?.into_data() else { continue }; // trailers are not for the application
        if first.is_empty() && collected.is_empty() {
            first = data;
        } else {
            collected.extend_from_slice(&std::mem::take(&mut first));
            collected.extend_from_slice(&data);
        }
        let length = first.len() + collected.len();
        if length > limits.post_buffering || (length == limits.post_buffering && !body.is_end_stream()) {
            let mut first = if collected.is_empty() { first } else { collected.freeze() };
            body.pushed_back = first.split_off(limits.post_buffering);
            let noted = Arc::new(OnceLock::new());
            let fault = Fault(Some(Arc::clone(&noted)));
            let rest = body.map_err(move |error| {
                // The first one is what the application was told.
                let _ = noted.set((error.status(), error.to_string()));
                io::Error::from(error)
            });
            return Ok(Buffered { first, rest: Some(rest.boxed_unsync()), fault });
        }
    }
}

impl Buffered {
    fn whole(first: Bytes) -> Self {
        Self { first, rest: None, fault: Fault::default() }
    }
}

impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::TooLarge => io::ErrorKind::FileTooLarge,
            BodyError::TooSlow => io::ErrorKind::TimedOut,
            BodyError::Broken(_) => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// A body that ends with an error when it is too long or comes too slowly.
struct LimitedBody<B> {
    body: B,
    /// Bytes that were read too early.
    pushed_back: Bytes,
    left: u64,
    timeout: Duration,
    beginning: Instant,
    received: u64,
    /// Runs while we wait for the client.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> LimitedBody<B> {
    fn new(body: B, limits: &Limits) -> Self {
        Self {
            body,
            pushed_back: Bytes::new(),
            left: limits.limit_post,
            timeout: limits.body_timeout,
            beginning: Instant::now(),
            received: 0,
            timer: None,
        }
    }

    /// Until when more must come: soon, and at no less than the slowest rate since the beginning.
    fn deadline(&self) -> Instant {
        let soon = Instant::now() + self.timeout;
        let at_slowest = self.beginning + self.timeout + Duration::from_secs(self.received / SLOWEST);
        soon.min(at_slowest)
    }
}

impl<B> Body for LimitedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if !this.pushed_back.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.pushed_back)))));
        }
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            let deadline = this.deadline();
            let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
            ready!(timer.as_mut().poll(cx));
            return Poll::Ready(Some(Err(BodyError::TooSlow)));
        };
        this.timer = None;
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = frame.map_err(|error| BodyError::broken(&error))?;
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        this.received += length;
        this.left = this.left.checked_sub(length).ok_or(BodyError::TooLarge)?;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.pushed_back.is_empty() && self.body.is_end_stream()
    }
}

/// The body of an answer. Dropping it ends the request: it is counted and logged then.
pub(super) struct Answer {
    body: AnswerBody,
    request: OpenRequest,
    /// On HTTP/2: what is left of a large frame.
    rest: Bytes,
    /// The body broke off. hyper drops what it has not written when it is told, so it is told one turn later.
    broken: Option<io::Error>,
}

/// What answers are made of.
pub(super) enum AnswerBody {
    Empty,
    Full(Full<Bytes>),
    Stream(http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>),
    Worker(ResponseBody),
}

impl AnswerBody {
    pub(super) fn text(text: impl Into<Bytes>) -> Self {
        Self::Full(Full::new(text.into()))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(body) => body.is_end_stream(),
            Self::Stream(body) => body.is_end_stream(),
            Self::Worker(body) => body.is_end_stream(),
        }
    }
}

/// A request from its head to the last byte of its answer.
pub(super) struct OpenRequest {
    connection: Arc<Connection>,
    log: AccessLog,
    record: Option<Record>,
    /// Whether nothing but the connection's end tells the client where the answer ends, so that only a reset shows
    /// that it broke off. (TLS has an end of its own.)
    ends_with_connection: bool,
    /// On HTTP/2: the number under which the stream waits for its client, and whether it does.
    stream: Option<u64>,
    is_waiting: bool,
    status: u16,
    sent: u64,
}

impl OpenRequest {
    pub(super) fn new(
        connection: Arc<Connection>,
        version: Version,
        log: AccessLog,
        record: Option<Record>,
    ) -> Self {
        let number = connection.activity.request_begins();
        let stream = (version == Version::HTTP_2).then_some(number);
        let ends_with_connection = connection.tls.is_none() && version == Version::HTTP_10;
        // 499, which nginx made known: the client went away before it was answered.
        Self {
            connection,
            log,
            record,
            ends_with_connection,
            stream,
            is_waiting: false,
            status: 499,
            sent: 0,
        }
    }

    /// Now the answer is known.
    pub(super) fn answered(mut self, status: StatusCode, body: AnswerBody) -> Answer {
        self.status = status.as_u16();
        if !body.is_end_stream() {
            self.stream_waits();
        }
        Answer { body, request: self, rest: Bytes::new(), broken: None }
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
        if let Some(record) = &self.record {
            self.log.request(record, self.status, self.sent);
        }
        self.connection.activity.request_ends();
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        this.request.stream_goes_on();
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = match &mut this.body {
            _ if !this.rest.is_empty() => Some(Ok(Frame::data(std::mem::take(&mut this.rest)))),
            AnswerBody::Empty => None,
            AnswerBody::Full(body) => ready!(Pin::new(body).poll_frame(cx)).map(|frame| match frame {
                Ok(frame) => Ok(frame),
                Err(never) => match never {},
            }),
            AnswerBody::Stream(body) => ready!(Pin::new(body).poll_frame(cx)),
            AnswerBody::Worker(body) => ready!(Pin::new(body).poll_frame(cx)),
        };
        match frame {
            Some(Ok(mut frame)) => {
                if let (Some(data), Some(_)) = (frame.data_mut(), this.request.stream)
                    && data.len() > STREAM_PIECE
                {
                    this.rest = data.split_off(STREAM_PIECE);
                }
                this.request.sent += frame.data_ref().map_or(0, Bytes::len) as u64;
                // After the last one too: hyper holds it until the client has room, and drops the body then.
                this.request.stream_waits();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "an answer broke off");
                this.broken = Some(error);
                if this.request.ends_with_connection {
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
        let mut hint = match &self.body {
            AnswerBody::Empty => SizeHint::with_exact(0),
            AnswerBody::Full(body) => body.size_hint(),
            AnswerBody::Stream(body) => body.size_hint(),
            AnswerBody::Worker(body) => body.size_hint(),
        };
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
    use super::super::activity::{Activity, Overdue};
    use super::super::config::AccessLogTarget;
    use super::super::connection::Role;
    use super::*;

    /// An answer on a connection of its own.
    fn answer(version: Version, body: AnswerBody) -> (Arc<Activity>, Answer) {
        let activity = Arc::new(Activity::new(&Limits::default()));
        let connection = Connection {
            peer_address: String::new(),
            peer_port: 0,
            server_port: String::new(),
            tls: None,
            role: Role::Serve,
            activity: Arc::clone(&activity),
        };
        let log = AccessLog::open(&AccessLogTarget::Off).unwrap();
        let request = OpenRequest::new(Arc::new(connection), version, log, None);
        (activity, request.answered(StatusCode::OK, body))
    }

    fn overdue(activity: &Activity) -> Option<Overdue> {
        activity.overdue(Instant::now() + Limits::default().write_timeout + Duration::from_secs(1))
    }

    #[tokio::test]
    async fn whole_answers_wait_for_their_client_too() {
        let text = vec![b'x'; 2 * STREAM_PIECE + 1];
        let (activity, mut whole) = answer(Version::HTTP_2, AnswerBody::text(text.clone()));
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
        let (activity, file) = answer(Version::HTTP_2, AnswerBody::Stream(file.boxed_unsync()));
        assert_eq!(overdue(&activity), Some(Overdue::Write));
        drop(file);
        assert_ne!(overdue(&activity), Some(Overdue::Write), "the client has reset the stream");
        let (activity, _empty) = answer(Version::HTTP_2, AnswerBody::Empty);
        assert_eq!(overdue(&activity), None);
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
        let (activity, mut body) = answer(Version::HTTP_2, AnswerBody::Stream(Never.boxed_unsync()));
        let poll = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx).is_pending()));
        assert!(poll.await);
        assert_eq!(overdue(&activity), None);
    }
}
