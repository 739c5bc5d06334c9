//! The head of a response from behind a gateway: that of CGI (RFC 3875 section 6), with `Status` in a field, or that of
//! HTTP, with a status line, which uwsgi servers send. Both are taken on every protocol.

use http::header::{CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use memchr::memchr;

/// Fields of a head, at most.
const MOST_FIELDS: usize = 256;

/// What comes before the body of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    pub status: StatusCode,
    /// Without `Status`.
    pub fields: HeaderMap,
    /// Bytes of the body, where the head says it.
    pub content_length: Option<u64>,
}

/// Why a head cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the head of the response is longer than {0} bytes")]
    TooLarge(usize),
    #[error("the head of the response has more than {MOST_FIELDS} fields")]
    TooMany,
    /// Neither a status line nor a valid field.
    #[error("the head of the response contains a line that is not a header field")]
    Line,
    /// It begins with its end.
    #[error("the head of the response is empty")]
    Empty,
    /// Not three digits, or those of an interim response, which gateways do not have.
    #[error("the status of the response is invalid")]
    Status,
    /// Not a number, or two different ones.
    #[error("the Content-Length of the response is invalid")]
    Length,
}

/// Reads the head at the beginning of `received`, with its length in bytes; `None` when more of it must come.
/// `limit` is the longest head that is taken.
///
/// # Errors
/// Bytes that are not the head of a final response.
pub fn decode_head(received: &[u8], limit: usize) -> Result<Option<(ResponseHead, usize)>, Error> {
    let mut lines = Vec::with_capacity(16);
    let mut length = 0;
    loop {
        let rest = received.get(length..).unwrap_or_default();
        let Some(end) = memchr(b'\n', rest).filter(|end| length + end < limit) else {
            return if received.len() >= limit { Err(Error::TooLarge(limit)) } else { Ok(None) };
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        length += end + 1;
        if line.is_empty() {
            return decode_lines(&lines).map(|head| Some((head, length)));
        }
        if lines.len() > MOST_FIELDS {
            return Err(Error::TooMany);
        }
        lines.push(line);
    }
}

fn decode_lines(lines: &[&[u8]]) -> Result<ResponseHead, Error> {
    let (first, rest) = lines.split_first().ok_or(Error::Empty)?;
    let (mut status, lines) = match status_line(first)? {
        Some(status) => (Some(status), rest),
        None => (None, lines),
    };
    let mut fields = HeaderMap::with_capacity(lines.len());
    let mut content_length = None;
    for line in lines {
        let (name, value) = field(line)?;
        if name.as_str() == "status" {
            // The status line counts where there is one.
            status = Some(status.map_or_else(|| status_code(value.as_bytes()), Ok)?);
            continue;
        }
        if name == CONTENT_LENGTH {
            let length = number(value.as_bytes()).ok_or(Error::Length)?;
            if content_length.replace(length).is_some_and(|earlier| earlier != length) {
                return Err(Error::Length);
            }
            fields.insert(name, value);
            continue;
        }
        fields.append(name, value);
    }
    // RFC 3875 section 6.2: a Location without a status redirects. What it says of local paths, that the server goes
    // there by itself, front servers do for these protocols only where their configuration says so.
    let unsaid = || if fields.contains_key(LOCATION) { StatusCode::FOUND } else { StatusCode::OK };
    let status = status.unwrap_or_else(unsaid);
    Ok(ResponseHead { status, fields, content_length })
}

/// The status of a status line; `None` if this is a field.
fn status_line(line: &[u8]) -> Result<Option<StatusCode>, Error> {
    let Some(version) = line.strip_prefix(b"HTTP/") else {
        return Ok(None);
    };
    let space = memchr(b' ', version).ok_or(Error::Status)?;
    status_code(version.get(space..).unwrap_or_default()).map(Some)
}

/// Three digits, perhaps with a phrase behind them.
fn status_code(text: &[u8]) -> Result<StatusCode, Error> {
    let digits = text.trim_ascii_start().split(|&byte| byte == b' ').next().unwrap_or_default();
    let status = StatusCode::from_bytes(digits).map_err(|_| Error::Status)?;
    if status.is_informational() || status.as_u16() > 599 {
        return Err(Error::Status);
    }
    Ok(status)
}

fn field(line: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
    let colon = memchr(b':', line).ok_or(Error::Line)?;
    let (name, value) = line.split_at_checked(colon).ok_or(Error::Line)?;
    // No white space before the colon and no folded line (RFC 9112 section 5): neither is a valid name.
    let name = HeaderName::from_bytes(name).map_err(|_| Error::Line)?;
    let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
    let value = HeaderValue::from_bytes(value).map_err(|_| Error::Line)?;
    Ok((name, value))
}

/// Digits and nothing else.
fn number(value: &[u8]) -> Option<u64> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    is_number.then(|| str::from_utf8(value).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Status, fields, length of the body, length of the head.
    type Shown = (u16, String, Option<u64>, usize);

    fn read(head: &str) -> Result<Option<Shown>, Error> {
        let head = decode_head(head.as_bytes(), 1000)?;
        Ok(head.map(|(head, length)| {
            let fields: Vec<_> = head
                .fields
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect();
            (head.status.as_u16(), fields.join("; "), head.content_length, length)
        }))
    }

    #[test]
    fn heads_of_cgi_and_http() {
        for (head, status, fields, length) in [
            ("Status: 404 Not Found\r\nA: b\r\n\r\n", 404, "a: b", None),
            ("Status: 404\nA:b\n\n", 404, "a: b", None),
            ("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n", 201, "content-length: 5", Some(5)),
            ("HTTP/1.0 200\r\nStatus: 500\r\n\r\n", 200, "", None),
            ("Content-Type: text/plain\r\n\r\n", 200, "content-type: text/plain", None),
            ("Location: https://a.example/\n\n", 302, "location: https://a.example/", None),
            ("Location: /b\nStatus: 307 X\n\n", 307, "location: /b", None),
            ("Set-Cookie: a\nSet-Cookie:  b \n\n", 200, "set-cookie: a; set-cookie: b", None),
            ("Content-Length: 7\nContent-Length: 7\n\n", 200, "content-length: 7", Some(7)),
        ] {
            let body = format!("{head}body");
            assert_eq!(read(&body), Ok(Some((status, fields.to_owned(), length, head.len()))), "{head:?}");
        }
    }

    #[test]
    fn heads_that_are_refused() {
        for (head, error) in [
            ("\r\nbody", Error::Empty),
            ("\nbody", Error::Empty),
            ("Status: abc\n\n", Error::Status),
            ("Status: 101 Switching Protocols\n\n", Error::Status),
            ("Status: 1000\n\n", Error::Status),
            ("HTTP/1.1\n\n", Error::Status),
            ("HTTP/1.1 100 Continue\r\n\r\n", Error::Status),
            ("A b: c\n\n", Error::Line),
            ("A : c\n\n", Error::Line),
            ("A: b\n c\n\n", Error::Line),
            ("no colon\n\n", Error::Line),
            ("A: b\0c\n\n", Error::Line),
            ("A: b\rc\n\n", Error::Line),
            ("Content-Length: +5\n\n", Error::Length),
            ("Content-Length: 5\nContent-Length: 6\n\n", Error::Length),
            ("Content-Length:\n\n", Error::Length),
        ] {
            assert_eq!(read(head), Err(error), "{head:?}");
        }
        assert_eq!(decode_head(&b"A: b\n".repeat(300), 10_000), Err(Error::TooMany));
    }

    #[test]
    fn a_head_is_as_long_as_the_limit_at_most() {
        let head = b"A: bcd\r\n\r\n";
        assert!(decode_head(head, head.len()).unwrap().is_some());
        assert!(decode_head(head, head.len() + 1).unwrap().is_some());
        assert_eq!(decode_head(head, head.len() - 1), Err(Error::TooLarge(head.len() - 1)));
        assert_eq!(decode_head(&[b'x'; 9], 10), Ok(None));
        assert_eq!(decode_head(&[b'x'; 10], 10), Err(Error::TooLarge(10)));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(head in "(Status: 2[0-9]{2}\r?\n)?([A-C]: [a-z ]{0,5}\r?\n){1,3}\r?\nbody", at in 0_usize..60) {
            let whole = decode_head(head.as_bytes(), 1000).unwrap().unwrap();
            let part = head.as_bytes().get(..at.min(head.len())).unwrap();
            let early = decode_head(part, 1000).unwrap();
            prop_assert!(early.is_none_or(|early| early == whole && part.len() >= whole.1));
        }

        #[test]
        fn whatever_comes_is_read_or_refused(received in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((_, length))) = decode_head(&received, 150) {
                prop_assert!(length <= 150 && length <= received.len());
            }
        }
    }
}
