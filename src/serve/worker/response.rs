//! A worker's answer as a [`http::Response`].
//!
//! The application may have had its hands on whatever comes from a worker, so everything is checked
//! again here: a status that is one, header names that are tokens, values without control
//! characters, no header that belongs to the connection, a Content-Length that is true.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::{Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use crate::protocol::marshal::{self, Reader};

/// Pieces of a streamed body that wait for the client, each up to 128 KiB.
const BUFFERED_PIECES: usize = 8;

/// Bytes of all streamed bodies together that wait for their clients.
static ROOM: Semaphore = Semaphore::const_new(32 << 20);

/// The body of an answer.
///
/// An `Err` means that the application broke off: the client's message must visibly break. Dropping
/// the body means that the client is gone: the application is stopped and its iterable closed.
#[derive(Debug)]
pub struct ResponseBody(BodySource);

#[derive(Debug)]
enum BodySource {
    Whole(Bytes),
    /// An empty piece is the end; the end of the channel without one is an answer that broke off.
    Stream(mpsc::Receiver<Bytes>),
}

impl ResponseBody {
    /// A body that comes in pieces; an empty one ends it.
    pub(super) fn channel() -> (PieceSender, Self) {
        Self::channel_in(&ROOM)
    }

    fn channel_in(room: &'static Semaphore) -> (PieceSender, Self) {
        let (pieces, receiver) = mpsc::channel(BUFFERED_PIECES);
        (PieceSender { pieces, room }, Self(BodySource::Stream(receiver)))
    }
}

/// Where the pieces of a streamed body go. Each takes up room until it is written to the client's
/// socket, or its answer given up. When there is none left, a body that has nothing waiting may
/// still queue one piece: clients that take nothing slow the others down, but cannot stop them.
#[derive(Debug)]
pub(super) struct PieceSender {
    pieces: mpsc::Sender<Bytes>,
    room: &'static Semaphore,
}

impl PieceSender {
    /// Queues a piece if it need not wait.
    ///
    /// # Errors
    /// The piece, when it has to wait or the client is gone.
    pub(super) fn try_send(&self, piece: Bytes) -> Result<(), TrySendError<Bytes>> {
        let place = match self.pieces.try_reserve() {
            Ok(place) => place,
            Err(TrySendError::Full(())) => return Err(TrySendError::Full(piece)),
            Err(TrySendError::Closed(())) => return Err(TrySendError::Closed(piece)),
        };
        let is_alone = self.pieces.capacity() + 1 == self.pieces.max_capacity();
        match self.room.try_acquire_many(size(&piece)) {
            Ok(room) => place.send(PieceInRoom::with(piece, room)),
            Err(_) if is_alone => place.send(piece),
            Err(_) => return Err(TrySendError::Full(piece)),
        }
        Ok(())
    }

    /// Queues a piece as soon as there is room.
    ///
    /// # Errors
    /// The client is gone.
    pub(super) async fn send(&self, piece: Bytes) -> Result<(), SendError<()>> {
        tokio::select! {
            biased;
            room = self.room.acquire_many(size(&piece)) => {
                let place = self.pieces.reserve().await?;
                // The semaphore is never closed.
                place.send(match room {
                    Ok(room) => PieceInRoom::with(piece, room),
                    Err(_) => piece,
                });
            }
            // All places are free: nothing else waits.
            places = self.pieces.reserve_many(BUFFERED_PIECES) => {
                if let Some(place) = places?.next() {
                    place.send(piece);
                }
            }
        }
        Ok(())
    }

    /// Waits until the client is gone, or has all.
    pub(super) async fn closed(&self) {
        self.pieces.closed().await;
    }
}

/// A piece and the room that it takes up, which is free again when the last of its bytes is
/// dropped.
struct PieceInRoom {
    piece: Bytes,
    _room: SemaphorePermit<'static>,
}

impl PieceInRoom {
    fn with(piece: Bytes, room: SemaphorePermit<'static>) -> Bytes {
        Bytes::from_owner(Self { piece, _room: room })
    }
}

impl AsRef<[u8]> for PieceInRoom {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

fn size(piece: &Bytes) -> u32 {
    u32::try_from(piece.len()).unwrap_or(u32::MAX)
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = match &mut self.0 {
            BodySource::Whole(body) => std::mem::take(body),
            BodySource::Stream(pieces) => match ready!(pieces.poll_recv(context)) {
                Some(piece) => piece,
                None => {
                    self.0 = BodySource::Whole(Bytes::new());
                    let error = io::Error::other("the application did not finish its answer");
                    return Poll::Ready(Some(Err(error)));
                }
            },
        };
        if piece.is_empty() {
            self.0 = BodySource::Whole(piece);
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, BodySource::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            BodySource::Whole(body) => SizeHint::with_exact(body.len() as u64),
            BodySource::Stream(_) => SizeHint::default(),
        }
    }
}

/// Why a worker's answer is not passed on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    #[error(transparent)]
    Marshal(#[from] marshal::Error),
    #[error("the request id is not 8 bytes long")]
    BadId,
    #[error("invalid status {0:?}")]
    BadStatus(String),
    #[error("invalid header {0:?}")]
    BadHeader(String),
    #[error("too many headers")]
    TooManyHeaders,
    #[error("the Content-Length differs from the length of the body")]
    BadLength,
}

/// An answer as the worker put it.
pub(super) struct WholeResponse {
    pub(super) id: u64,
    head: Response<()>,
    body: Bytes,
}

impl WholeResponse {
    /// The answer to a request of this method, with Content-Length.
    ///
    /// # Errors
    /// [`Violation::BadLength`].
    pub(super) fn response(self, method: &Method) -> Result<Response<ResponseBody>, Violation> {
        let Self { mut head, mut body, .. } = self;
        let status = head.status();
        if method == Method::HEAD || has_no_body(status) {
            body = Bytes::new();
        } else {
            match head.headers().get(CONTENT_LENGTH) {
                Some(declared) if content_length(declared) != Some(body.len() as u64) => {
                    return Err(Violation::BadLength);
                }
                Some(_) => {}
                None => {
                    head.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
                }
            }
        }
        Ok(head.map(|()| ResponseBody(BodySource::Whole(body))))
    }
}

/// Reads the answers in a frame, and hands each to `each`.
///
/// # Errors
/// Whatever is wrong with one of them, or what `each` finds; those before it were handed out.
pub(super) fn read_answers<E: From<Violation>>(
    frame: &Bytes,
    mut each: impl FnMut(WholeResponse) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = Reader::new(frame);
    for _ in 0..reader.list().map_err(Violation::from)? {
        each(read_answer(frame, &mut reader)?)?;
    }
    Ok(reader.end().map_err(Violation::from)?)
}

fn read_answer(frame: &Bytes, reader: &mut Reader<'_>) -> Result<WholeResponse, Violation> {
    reader.tuple(4)?;
    let id = reader.bytes()?.try_into().map(u64::from_le_bytes).map_err(|_| Violation::BadId)?;
    let head = read_status_and_headers(frame, reader)?;
    Ok(WholeResponse { id, head, body: frame.slice_ref(reader.bytes()?) })
}

/// Reads the head of a streamed answer, which says itself how long its body is, if it knows.
///
/// # Errors
/// Whatever is wrong with it.
pub(super) fn read_head(bytes: &Bytes) -> Result<Response<()>, Violation> {
    let mut reader = Reader::new(bytes);
    reader.tuple(2)?;
    let head = read_status_and_headers(bytes, &mut reader)?;
    reader.end()?;
    Ok(head)
}

fn read_status_and_headers(frame: &Bytes, reader: &mut Reader<'_>) -> Result<Response<()>, Violation> {
    let mut head = Response::new(());
    read_status(frame, reader.text()?, &mut head)?;
    let count = reader.list()?;
    // A claimed count must not allocate more than the frame can hold; 20 bytes are the shortest
    // header.
    let mut headers = HeaderMap::with_capacity(usize::min(count as usize, frame.len() / 20).min(64));
    for _ in 0..count {
        reader.tuple(2)?;
        let (name, value) = (reader.text()?, reader.text()?);
        let bad = || Violation::BadHeader(format!("{name}: {value}"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        if is_hop_by_hop(&header) {
            return Err(bad());
        }
        let value = latin1(frame, value).and_then(|value| HeaderValue::from_maybe_shared(value).ok());
        let value = value.ok_or_else(bad)?;
        if header == CONTENT_LENGTH && (content_length(&value).is_none() || headers.contains_key(&header)) {
            return Err(bad());
        }
        headers.try_append(header, value).map_err(|_| Violation::TooManyHeaders)?;
    }
    // RFC 9110 section 8.6: no Content-Length with 204.
    if head.status() == StatusCode::NO_CONTENT {
        headers.remove(CONTENT_LENGTH);
    }
    *head.headers_mut() = headers;
    Ok(head)
}

/// `200 OK`: the code, and the reason where it is not the usual one.
fn read_status(frame: &Bytes, text: &str, head: &mut Response<()>) -> Result<(), Violation> {
    let bad = || Violation::BadStatus(text.to_owned());
    let (code, reason) = text.split_once(' ').ok_or_else(bad)?;
    let status = StatusCode::from_bytes(code.as_bytes()).map_err(|_| bad())?;
    if status.is_informational() {
        return Err(bad());
    }
    *head.status_mut() = status;
    if status.canonical_reason() != Some(reason) {
        let reason = latin1(frame, reason).and_then(|reason| ReasonPhrase::try_from(reason).ok());
        head.extensions_mut().insert(reason.ok_or_else(bad)?);
    }
    Ok(())
}

/// The bytes of a native string (PEP 3333): one for each code point; without a copy where it is
/// ASCII.
fn latin1(frame: &Bytes, text: &str) -> Option<Bytes> {
    if text.is_ascii() {
        return Some(frame.slice_ref(text.as_bytes()));
    }
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect::<Option<Vec<u8>>>()
        .map(Bytes::from)
}

/// RFC 9110 section 8.6: digits and nothing else.
fn content_length(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn has_no_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// RFC 9110 section 7.6.1, and what HTTP/1.0 had besides.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "trailers"
            | "transfer-encoding"
            | "upgrade"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::marshal::{write_bytes, write_list, write_tuple};
    use http_body::Body as _;
    use http_body_util::BodyExt;
    use proptest::prelude::*;

    fn text(out: &mut Vec<u8>, value: &str) {
        out.push(b'u');
        out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
        out.extend_from_slice(value.as_bytes());
    }

    fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Bytes {
        let mut out = Vec::new();
        write_list(&mut out, 1);
        write_tuple(&mut out, 4);
        write_bytes(&mut out, &5u64.to_le_bytes());
        text(&mut out, status);
        write_list(&mut out, u32::try_from(headers.len()).unwrap());
        for (name, value) in headers {
            write_tuple(&mut out, 2);
            text(&mut out, name);
            text(&mut out, value);
        }
        write_bytes(&mut out, body);
        out.into()
    }

    fn one(frame: &Bytes, method: &Method) -> Result<Response<ResponseBody>, Violation> {
        let mut found = None;
        read_answers(frame, |answer| {
            assert_eq!(answer.id, 5);
            found = Some(answer.response(method)?);
            Ok::<_, Violation>(())
        })?;
        Ok(found.unwrap())
    }

    #[test]
    fn a_whole_answer() {
        let frame = answer("200 OK", &[("Content-Type", "text/plain"), ("X-Name", "caf\u{e9}")], b"hello");
        let response = one(&frame, &Method::GET).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-length"], "5");
        assert_eq!(response.headers()["x-name"].as_bytes(), b"caf\xe9");
        assert!(response.extensions().get::<ReasonPhrase>().is_none());
        assert_eq!(response.body().size_hint().exact(), Some(5));
    }

    #[test]
    fn bodies_that_must_not_be() {
        let head = one(&answer("200 OK", &[("Content-Length", "9")], b""), &Method::HEAD).unwrap();
        assert_eq!(head.headers()["content-length"], "9");
        let none = one(&answer("204 No Content", &[("Content-Length", "0")], b""), &Method::GET).unwrap();
        assert!(!none.headers().contains_key("content-length"));
        let unchanged =
            one(&answer("304 Not Modified", &[("Content-Length", "9")], b""), &Method::GET).unwrap();
        assert_eq!(unchanged.headers()["content-length"], "9");
        assert!(unchanged.body().is_end_stream());
    }

    #[test]
    fn an_unusual_reason_is_kept() {
        let response = one(&answer("200 Fine", &[], b""), &Method::GET).unwrap();
        assert_eq!(response.extensions().get::<ReasonPhrase>().unwrap().as_bytes(), b"Fine");
    }

    #[test]
    fn what_is_refused() {
        for status in ["", "200", "99 Low", "100 Continue", "abc Def", "200 O\nK", "1000 Many"] {
            let result = one(&answer(status, &[], b""), &Method::GET);
            assert!(matches!(result, Err(Violation::BadStatus(_))), "{status:?}");
        }
        for header in [
            ("", "x"),
            ("A b", "x"),
            ("A", "x\r\nB: y"),
            ("A", "\0"),
            ("A", "\u{100}"),
            ("Transfer-Encoding", "chunked"),
            ("connection", "close"),
        ] {
            let result = one(&answer("200 OK", &[header], b""), &Method::GET);
            assert!(matches!(result, Err(Violation::BadHeader(_))), "{header:?}");
        }
        for length in ["+5", "x", "", "5, 5"] {
            let frame = answer("200 OK", &[("Content-Length", length)], b"hello");
            assert!(matches!(one(&frame, &Method::GET), Err(Violation::BadHeader(_))), "{length:?}");
        }
        let frame = answer("200 OK", &[("Content-Length", "4")], b"hello");
        assert_eq!(one(&frame, &Method::GET).unwrap_err(), Violation::BadLength);
    }

    #[tokio::test]
    async fn a_streamed_body_ends_or_breaks() {
        let (sender, body) = ResponseBody::channel();
        sender.send("a".into()).await.unwrap();
        sender.send("b".into()).await.unwrap();
        sender.send(Bytes::new()).await.unwrap();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");

        let (sender, mut body) = ResponseBody::channel();
        sender.send("a".into()).await.unwrap();
        drop(sender);
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn bodies_share_the_room_and_none_is_stopped() {
        let room: &'static Semaphore = Box::leak(Box::new(Semaphore::new(10)));
        let (greedy, mut taken) = ResponseBody::channel_in(room);
        let (other, mut body) = ResponseBody::channel_in(room);
        greedy.try_send("12345678".into()).unwrap();
        assert_eq!(room.available_permits(), 2);
        assert!(matches!(greedy.try_send("123".into()), Err(TrySendError::Full(_))));
        // Nothing of this one waits: it may queue a piece, and a second when that one is taken.
        other.try_send("abc".into()).unwrap();
        assert!(matches!(other.try_send("def".into()), Err(TrySendError::Full(_))));
        {
            let mut second = std::pin::pin!(other.send("def".into()));
            assert!(std::future::poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx).is_pending())).await);
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
            second.await.unwrap();
        }
        // Room is taken up until the bytes are gone, wherever they are.
        let piece = taken.frame().await.unwrap().unwrap().into_data().unwrap();
        let part = piece.slice(..1);
        drop(piece);
        assert_eq!(room.available_permits(), 2);
        drop(part);
        assert_eq!(room.available_permits(), 10);
        other.send("ghi".into()).await.unwrap();
        assert_eq!(room.available_permits(), 7);
        drop(body);
        assert_eq!(room.available_permits(), 10);
        assert!(other.send("jkl".into()).await.is_err());
    }

    proptest! {
        #[test]
        fn hostile_answers_never_panic(mut bytes: Vec<u8>, at: usize, with: u8) {
            let _ = one_or_none(&bytes.clone().into());
            // A good frame with one byte changed.
            bytes = answer("200 OK", &[("Content-Type", "text/plain")], b"hello").to_vec();
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = one_or_none(&bytes.into());
        }
    }

    fn one_or_none(frame: &Bytes) -> Result<(), Violation> {
        let _ = read_head(frame);
        read_answers(frame, |answer| answer.response(&Method::GET).map(|_| ()))
    }
}
