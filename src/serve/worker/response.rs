//! A worker's answer as a [`http::Response`].
//!
//! The application may have had its hands on whatever comes from a worker, so everything is checked
//! again here: a status that is one, header names that are tokens, values without control
//! characters, no header that belongs to the connection other than the wish to close it, a Content-Length that is
//! true.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use hyper::ext::ReasonPhrase;

use super::body::ResponseBody;
use super::frame::OWN_BUFFER;
use crate::protocol::marshal::{self, Reader};

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

/// An answer as the worker put it; its head is read when it is known to which request it belongs.
#[derive(Debug)]
pub(super) struct WholeResponse {
    pub(super) id: u64,
    head: Response<()>,
    body: Bytes,
}

impl WholeResponse {
    /// The answer to a request of this method, with Content-Length, from the worker with this process id.
    ///
    /// # Errors
    /// [`Violation::BadLength`].
    pub(super) fn response(self, method: &Method, worker: u32) -> Result<Response<ResponseBody>, Violation> {
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
        Ok(head.map(|()| ResponseBody::whole(body, worker)))
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
    Ok(WholeResponse { id, head, body: own_body(frame, reader.bytes()?) })
}

/// The body as a part of its frame; as a copy where the frame is much larger, which the body would keep in
/// memory for as long as its client lets it wait.
fn own_body(frame: &Bytes, body: &[u8]) -> Bytes {
    if frame.len() >= OWN_BUFFER && body.len() < frame.len() / 4 {
        return Bytes::copy_from_slice(body);
    }
    frame.slice_ref(body)
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
        if is_hop_by_hop(&header) && !(header == CONNECTION && value == "close") {
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
            found = Some(answer.response(method, 7)?);
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
    fn a_small_body_does_not_keep_a_large_frame() {
        let frame = answer("200 OK", &[("X-Long", &"x".repeat(OWN_BUFFER))], b"hello");
        let is_part = |body: &[u8]| frame.as_ptr_range().contains(&body.as_ptr());
        read_answers(&frame, |answer| {
            assert_eq!(answer.body, "hello");
            assert!(!is_part(&answer.body));
            Ok::<_, Violation>(())
        })
        .unwrap();
        let frame = answer("200 OK", &[], &[b'x'; OWN_BUFFER]);
        let is_part = |body: &[u8]| frame.as_ptr_range().contains(&body.as_ptr());
        let check = |answer: WholeResponse| {
            assert!(is_part(&answer.body));
            Ok::<_, Violation>(())
        };
        read_answers(&frame, check).unwrap();
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
            ("connection", "keep-alive"),
            ("connection", "close, x"),
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
        read_answers(frame, |answer| answer.response(&Method::GET, 7).map(|_| ()))
    }
}
