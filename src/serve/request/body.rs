//! Bodies of requests: collected before the application is called, counted and timed while it
//! reads.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::time::Sleep;

use crate::serve::config::Limits;
use crate::serve::worker::RequestBody;

/// The slowest a body may come, in bytes per second, once the first timeout is over.
const SLOWEST: u64 = 1024;

/// The beginning of a request body, and the rest if there is more.
pub(in crate::serve) struct Buffered {
    pub(in crate::serve) first: Bytes,
    pub(in crate::serve) rest: Option<RequestBody>,
    /// What went wrong with the rest while the application read it.
    pub(in crate::serve) fault: Fault,
}

/// Where the rest of a body leaves what went wrong, for the answer.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct Fault(Option<Arc<OnceLock<(StatusCode, String)>>>);

impl Fault {
    /// The status to answer with, and why, if the application could not.
    pub(in crate::serve) fn get(&self) -> Option<&(StatusCode, String)> {
        self.0.as_ref().and_then(|fault| fault.get())
    }
}

/// Why a body could not be taken.
#[derive(Debug, thiserror::Error)]
pub(in crate::serve) enum BodyError {
    #[error("the request body is larger than --limit-post allows")]
    TooLarge,
    #[error("timed out waiting for the request body")]
    TooSlow,
    #[error("the request body is broken: {0}")]
    Broken(String),
}

impl BodyError {
    pub(in crate::serve) fn status(&self) -> StatusCode {
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

/// Collects a body until it is complete or `limits.post_buffering` bytes are there, so that a slow
/// client never holds a worker.
pub(in crate::serve) async fn buffer<B>(body: B, limits: &Limits) -> Result<Buffered, BodyError>
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
                // The application saw the first error.
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
