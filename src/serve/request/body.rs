//! Bodies of requests: complete before the application is called, counted and timed while they come.

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
use crate::serve::spool::{MemoryShare, Spool};
use crate::serve::worker::RequestBody;

/// The slowest a body may come, in bytes per second, once the first timeout is over.
const SLOWEST: u64 = 1024;

/// Bodies of this size or less do not count in the memory of all bodies.
const UNCOUNTED: usize = 4 * 1024;

/// The beginning of a request body, and the rest if there is more.
pub(in crate::serve) struct Buffered {
    pub(in crate::serve) first: Bytes,
    pub(in crate::serve) rest: Option<RequestBody>,
    /// Bytes of both, if that is known.
    pub(in crate::serve) length: Option<u64>,
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
    #[error("the server cannot store the request body now")]
    NoRoom(#[source] io::Error),
}

impl BodyError {
    pub(in crate::serve) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
            // Not 507, which is about what a client keeps on a server (RFC 4918 section 11.5): this is
            // the server's own and temporary, and 503 is what front servers try again.
            Self::NoRoom(_) => StatusCode::SERVICE_UNAVAILABLE,
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

/// Collects a body until it is complete, so that a slow client never holds a worker: from
/// `limits.post_buffering` bytes on, or when memory is scarce, in the spool's file.
///
/// With `is_stream`, the application reads what is beyond that from the client itself.
pub(in crate::serve) async fn buffer<B>(
    body: B,
    limits: &Limits,
    spool: &Arc<Spool>,
    is_stream: bool,
) -> Result<Buffered, BodyError>
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
    let whole = body.size_hint().exact();
    let mut body = LimitedBody::new(body, limits);
    let mut first = Bytes::new();
    let mut collected = BytesMut::new();
    let mut share = spool.share();
    loop {
        let Some(frame) = body.frame().await else {
            let first = if collected.is_empty() { first } else { collected.freeze() };
            return Ok(Buffered::whole(counted(first, share)));
        };
        let Ok(data) = frame?.into_data() else { continue }; // trailers are not for the application
        if first.is_empty() && collected.is_empty() {
            first = data;
        } else {
            collected.extend_from_slice(&std::mem::take(&mut first));
            collected.extend_from_slice(&data);
        }
        let length = first.len() + collected.len();
        let is_full =
            length > limits.post_buffering || (length == limits.post_buffering && !body.is_end_stream());
        let has_memory = length <= UNCOUNTED || share.grow(length);
        if is_full || !(has_memory || is_stream) {
            let mut first = if collected.is_empty() { first } else { collected.freeze() };
            let kept = if has_memory || is_stream { limits.post_buffering } else { 0 };
            let rest = first.split_off(first.len().min(kept));
            if is_stream {
                return Ok(stream(body, whole, counted(first, share), rest));
            }
            // It waits until all has come, and must not keep a larger buffer in memory meanwhile.
            let first = Bytes::copy_from_slice(&first);
            return store(body, counted(first, share), rest, spool).await;
        }
    }
}

/// The rest of the body as the client sends it.
fn stream<B>(mut body: LimitedBody<B>, length: Option<u64>, first: Bytes, rest: Bytes) -> Buffered
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    body.pushed_back = rest;
    let noted = Arc::new(OnceLock::new());
    let fault = Fault(Some(Arc::clone(&noted)));
    let rest = body.map_err(move |error| {
        // The application saw the first error.
        let _ = noted.set((error.status(), error.to_string()));
        io::Error::from(error)
    });
    Buffered { first, rest: Some(rest.boxed_unsync()), length, fault }
}

/// The rest of the body in the file.
async fn store<B>(
    mut body: LimitedBody<B>,
    first: Bytes,
    rest: Bytes,
    spool: &Arc<Spool>,
) -> Result<Buffered, BodyError>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let mut store = spool.store();
    store.add(rest).await.map_err(BodyError::NoRoom)?;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        store.add(data).await.map_err(BodyError::NoRoom)?;
    }
    let rest = store.finish().await.map_err(BodyError::NoRoom)?;
    let length = Some(first.len() as u64 + rest.len());
    Ok(Buffered { first, rest: Some(rest.boxed_unsync()), length, fault: Fault::default() })
}

/// The bytes, with their memory counted until they are dropped.
fn counted(bytes: Bytes, share: MemoryShare) -> Bytes {
    if bytes.len() <= UNCOUNTED { bytes } else { share.with(bytes) }
}

impl Buffered {
    /// A body that is all here.
    pub(in crate::serve) fn whole(first: Bytes) -> Self {
        Self { length: Some(first.len() as u64), first, rest: None, fault: Fault::default() }
    }
}

impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::TooLarge => io::ErrorKind::FileTooLarge,
            BodyError::TooSlow => io::ErrorKind::TimedOut,
            BodyError::Broken(_) => io::ErrorKind::InvalidData,
            BodyError::NoRoom(_) => io::ErrorKind::StorageFull,
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

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::serve::config::Buffers;

    struct Client(mpsc::Receiver<io::Result<Bytes>>);

    impl Body for Client {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
        }
    }

    /// A body of so many pieces of 1000 bytes; a broken one ends with an error.
    fn body(pieces: usize, is_broken: bool) -> Client {
        let (sender, client) = mpsc::channel(pieces + 1);
        for _ in 0..pieces {
            sender.try_send(Ok(vec![b'x'; 1000].into())).unwrap();
        }
        if is_broken {
            sender.try_send(Err(io::Error::other("broken off"))).unwrap();
        }
        Client(client)
    }

    fn limits() -> Limits {
        Limits { limit_post: 100_000, post_buffering: 10_500, ..Limits::default() }
    }

    fn spool(folder: &tempfile::TempDir, memory: usize) -> Arc<Spool> {
        let folder = Some(folder.path().to_owned());
        Spool::new(&Buffers { memory, folder, ..Buffers::default() })
    }

    #[tokio::test]
    async fn bodies_are_complete_in_memory_and_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        for (pieces, memory, first) in [
            (0, 1 << 20, 0),
            (10, 1 << 20, 10_000),
            (11, 1 << 20, 10_500),
            (100, 1 << 20, 10_500),
            (10, 0, 0),
        ] {
            let spool = spool(&folder, memory);
            let buffered = buffer(body(pieces, false), &limits(), &spool, false).await.unwrap();
            assert_eq!(buffered.first.len(), first, "{pieces} pieces");
            assert_eq!(buffered.length, Some(pieces as u64 * 1000));
            let rest = match buffered.rest {
                Some(rest) => rest.collect().await.unwrap().to_bytes().len(),
                None => 0,
            };
            assert_eq!(first + rest, pieces * 1000);
        }
    }

    #[tokio::test]
    async fn what_is_wrong_is_known_before_the_application_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let memory = spool(&folder, 1 << 20);
        let status = |result: Result<Buffered, BodyError>| result.err().map(|error| error.status().as_u16());
        assert_eq!(status(buffer(body(101, false), &limits(), &memory, false).await), Some(413));
        for pieces in [1, 50] {
            assert_eq!(status(buffer(body(pieces, true), &limits(), &memory, false).await), Some(400));
        }
        let missing =
            Spool::new(&Buffers { folder: Some(folder.path().join("missing")), ..Buffers::default() });
        assert_eq!(status(buffer(body(50, false), &limits(), &missing, false).await), Some(503));
        assert_eq!(status(buffer(body(10, false), &limits(), &missing, false).await), None);
    }

    #[tokio::test]
    async fn streams_are_read_from_the_client() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder, 0);
        let buffered = buffer(body(50, true), &limits(), &spool, true).await.unwrap();
        assert_eq!((buffered.first.len(), buffered.length), (10_500, None));
        assert!(buffered.rest.unwrap().collect().await.is_err());
        assert_eq!(buffered.fault.get().map(|(status, _)| status.as_u16()), Some(400));
    }
}
