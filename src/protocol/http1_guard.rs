//! A guard in front of the HTTP/1.1 parser: follows the byte stream of a connection and stops at the first byte
//! that two parsers could understand differently.
//!
//! Request smuggling lives on such differences: a front server and the server behind it disagree where one request
//! ends and the next begins. hyper by itself takes a bare LF as line end, drops Content-Length beside
//! Transfer-Encoding, cuts fragments off the target and reads `1 ` as a chunk size, and its service never learns of
//! it. The guard enforces RFC 9112 before hyper sees a byte.
//!
//! It is a pure state machine: [`Guard::check`] is given every byte that has not been passed on yet and says how many
//! of them are clean. A head is clean only as a whole; a body is clean byte by byte. How the stream is cut into reads
//! makes no difference to the verdict.

use memchr::memchr;

/// How much a client may send before the message makes sense.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the request line, its line end included.
    pub request_line: usize,
    /// Bytes of the whole head (or of a trailer section), line ends included.
    pub head: usize,
    /// Fields of a head or of a trailer section.
    pub fields: usize,
    /// Bytes of all chunk extensions of one message.
    pub chunk_extensions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request_line: 16 * 1024, head: 64 * 1024, fields: 128, chunk_extensions: 4 * 1024 }
    }
}

/// What the guard found in the bytes it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many of the bytes are clean and may be passed on. The rest comes again with the next call.
    pub clean: usize,
    /// How many heads ended within them.
    pub heads: usize,
    /// Why nothing after them may ever be passed on.
    pub rejection: Option<Rejection>,
}

/// Why a connection is refused. No further byte of it is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Bytes that are no well-formed HTTP/1.1: the reason in plain words.
    #[error("bad request: {0}")]
    Malformed(&'static str),
    /// The request line is too long.
    #[error("the request line is too long")]
    TargetTooLong,
    /// The head has too many bytes or fields.
    #[error("the request's header fields are too large")]
    HeadTooLarge,
    /// A transfer coding other than chunked, or a method that asks for a tunnel.
    #[error("not implemented: {0}")]
    NotImplemented(&'static str),
    /// A version that is not HTTP/1.
    #[error("only HTTP/1.0 and HTTP/1.1 are spoken here")]
    Version,
}

impl Rejection {
    /// The status code to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::TargetTooLong => 414,
            Self::HeadTooLarge => 431,
            Self::NotImplemented(_) => 501,
            Self::Version => 505,
        }
    }
}

/// The guard of one connection.
#[derive(Debug)]
pub struct Guard {
    limits: Limits,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head(Head),
    Body { left: u64 },
    Chunked { part: Part, extensions: usize },
    Rejected { rejection: Rejection, in_body: bool },
}

impl Guard {
    /// A guard at the beginning of a connection.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: State::Head(Head::default()) }
    }

    /// Whether the stream stands between two messages.
    pub fn between_messages(&self) -> bool {
        matches!(self.state, State::Head(Head { scanned: 0, .. }))
    }

    /// Whether a body is being read, or was when the stream was rejected: its head has been passed on.
    pub fn in_body(&self) -> bool {
        matches!(
            self.state,
            State::Body { .. } | State::Chunked { .. } | State::Rejected { in_body: true, .. }
        )
    }

    /// Looks at `bytes`: all that was received and not declared clean yet, in order.
    pub fn check(&mut self, bytes: &[u8]) -> Progress {
        let mut progress = Progress { clean: 0, heads: 0, rejection: None };
        loop {
            let rest = bytes.get(progress.clean..).unwrap_or_default();
            if rest.is_empty() && !matches!(self.state, State::Rejected { .. }) {
                return progress;
            }
            match self.state {
                State::Head(mut head) => match head.scan(rest, &self.limits) {
                    Ok(Some(end)) => {
                        progress.clean += end;
                        progress.heads += 1;
                        self.state = head.framing.body();
                    }
                    Ok(None) => {
                        self.state = State::Head(head);
                        return progress;
                    }
                    Err(rejection) => self.state = State::Rejected { rejection, in_body: false },
                },
                State::Body { left } => {
                    let taken = left.min(rest.len() as u64);
                    progress.clean += taken as usize; // at most rest.len()
                    self.state = match left - taken {
                        0 => State::Head(Head::default()),
                        left => State::Body { left },
                    };
                }
                State::Chunked { mut part, mut extensions } => {
                    let (taken, result) = part.advance(rest, &mut extensions, &self.limits);
                    progress.clean += taken;
                    self.state = match result {
                        Ok(false) => State::Chunked { part, extensions },
                        Ok(true) => State::Head(Head::default()),
                        Err(rejection) => State::Rejected { rejection, in_body: true },
                    };
                }
                State::Rejected { rejection, .. } => {
                    progress.rejection = Some(rejection);
                    return progress;
                }
            }
        }
    }
}

/// A head that is being received.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    /// Offset behind the last complete line.
    line_start: usize,
    /// Offset up to which a line end was looked for.
    scanned: usize,
    /// Whether the request line was seen.
    started: bool,
    /// Whether an empty line before the request line was skipped.
    skipped_empty: bool,
    fields: usize,
    framing: Framing,
}

impl Head {
    /// The offset behind the head, or `None` when it is not complete.
    fn scan(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Rejection> {
        loop {
            // Lengths are judged before contents, so that it makes no difference in which pieces a line comes.
            let (limit, too_long) = if self.started {
                (limits.head, Rejection::HeadTooLarge)
            } else {
                (self.line_start.saturating_add(limits.request_line), Rejection::TargetTooLong)
            };
            let window = bytes.get(self.scanned..bytes.len().min(limit)).unwrap_or_default();
            let Some(position) = memchr(b'\n', window) else {
                self.scanned = bytes.len();
                return if bytes.len() >= limit { Err(too_long) } else { Ok(None) };
            };
            let end = self.scanned + position + 1;
            let line = bytes.get(self.line_start..end).unwrap_or_default();
            // RFC 9112 section 2.2 allows a lone LF as line end; servers differ, so it is refused.
            let line = line
                .strip_suffix(b"\r\n")
                .ok_or(Rejection::Malformed("a line ends without carriage return"))?;
            (self.line_start, self.scanned) = (end, end);
            if !self.started {
                // RFC 9112 section 2.2: at least one empty line before the request line should be ignored.
                if line.is_empty() && !self.skipped_empty {
                    self.skipped_empty = true;
                    continue;
                }
                self.framing.http10 = request_line(line)?;
                self.started = true;
            } else if line.is_empty() {
                self.framing.finish()?;
                return Ok(Some(end));
            } else {
                self.fields += 1;
                if self.fields > limits.fields {
                    return Err(Rejection::HeadTooLarge);
                }
                self.framing.field(line)?;
            }
        }
    }
}

/// What a head says about the length of its body.
#[derive(Clone, Copy, Debug, Default)]
struct Framing {
    http10: bool,
    content_length: Option<u64>,
    chunked: bool,
}

impl Framing {
    /// Takes one field line, without its line end.
    fn field(&mut self, line: &[u8]) -> Result<(), Rejection> {
        let (name, value) = field(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = content_length(value.trim_ascii())?;
            if self.content_length.is_some_and(|first| first != length) {
                return Err(Rejection::Malformed("two Content-Length fields differ"));
            }
            self.content_length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked {
                return Err(Rejection::Malformed("Transfer-Encoding is there twice"));
            }
            transfer_encoding(value.trim_ascii())?;
            self.chunked = true;
        }
        Ok(())
    }

    /// RFC 9112 section 6.1: both lengths at once is how smuggling looks.
    fn finish(&self) -> Result<(), Rejection> {
        match self {
            Self { chunked: true, content_length: Some(_), .. } => {
                Err(Rejection::Malformed("both Content-Length and Transfer-Encoding"))
            }
            Self { chunked: true, http10: true, .. } => {
                Err(Rejection::Malformed("Transfer-Encoding in an HTTP/1.0 request"))
            }
            _ => Ok(()),
        }
    }

    fn body(&self) -> State {
        match self.content_length {
            _ if self.chunked => State::Chunked { part: Part::SizeStart, extensions: 0 },
            Some(left @ 1..) => State::Body { left },
            _ => State::Head(Head::default()),
        }
    }
}

/// Checks a request line (RFC 9112 section 3); whether it is HTTP/1.0.
fn request_line(line: &[u8]) -> Result<bool, Rejection> {
    let malformed = Rejection::Malformed("the request line is not `METHOD target HTTP/1.1`");
    let mut words = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed);
    };
    if method.is_empty() || target.is_empty() || !method.iter().copied().all(is_token) {
        return Err(malformed);
    }
    let http10 = match version {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            return Err(Rejection::Version);
        }
        _ => return Err(malformed),
    };
    if method == b"CONNECT" {
        return Err(Rejection::NotImplemented("this server makes no tunnels"));
    }
    // A fragment never belongs into a target; hyper would cut it off silently.
    if target.iter().any(|&byte| byte.is_ascii_control() || byte == b'#') {
        return Err(Rejection::Malformed("the target has a character that does not belong there"));
    }
    // Bytes above ASCII do not belong there either, but where they are UTF-8 everybody takes them for the same.
    if std::str::from_utf8(target).is_err() {
        return Err(Rejection::Malformed("the target is no text"));
    }
    match target {
        [b'/', ..] => Ok(http10),
        b"*" if method == b"OPTIONS" => Ok(http10),
        _ if has_scheme(target, b"http://") || has_scheme(target, b"https://") => Ok(http10),
        _ => Err(Rejection::Malformed("the target is neither a path nor a URL")),
    }
}

fn has_scheme(target: &[u8], scheme: &[u8]) -> bool {
    target.len() > scheme.len()
        && target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Cuts a field line into name and value (RFC 9112 section 5).
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Rejection> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(Rejection::Malformed("a header line begins with whitespace"));
    }
    let colon = memchr(b':', line).ok_or(Rejection::Malformed("a header line without a colon"))?;
    let (name, value) = line.split_at(colon);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(Rejection::Malformed("a header name has a character that does not belong there"));
    }
    let value = value.get(1..).unwrap_or_default();
    // No early exit: this way the compiler makes a vector loop of it.
    if value.iter().fold(false, |bad, &byte| bad | !is_field_byte(byte)) {
        return Err(Rejection::Malformed("a header value has a control character"));
    }
    Ok((name, value))
}

/// RFC 9110 section 8.6: digits and nothing else. A list of equal lengths is refused too: nobody sends it.
fn content_length(value: &[u8]) -> Result<u64, Rejection> {
    let malformed = Rejection::Malformed("Content-Length is not a number");
    if value.is_empty() {
        return Err(malformed);
    }
    value
        .iter()
        .try_fold(0u64, |length, &byte| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            length.checked_mul(10)?.checked_add(digit)
        })
        // Lengths above this mean "chunked" and the like inside hyper.
        .filter(|&length| length < u64::MAX - 2)
        .ok_or(malformed)
}

/// Exactly `chunked` is understood (RFC 9112 section 6.1).
fn transfer_encoding(value: &[u8]) -> Result<(), Rejection> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    const KNOWN: [&[u8]; 7] =
        [b"br", b"compress", b"deflate", b"gzip", b"identity", b"x-compress", b"x-gzip"];
    let mut codings = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).peekable();
    let is_known = |coding: &[u8]| KNOWN.iter().any(|known| coding.eq_ignore_ascii_case(known));
    if codings.peek().is_some_and(|first| is_known(first)) {
        return Err(Rejection::NotImplemented("no transfer coding but chunked"));
    }
    Err(Rejection::Malformed("Transfer-Encoding is not `chunked`"))
}

/// A place in a chunked body (RFC 9112 section 7.1).
#[derive(Clone, Copy, Debug)]
enum Part {
    SizeStart,
    Size { size: u64, digits: u8 },
    Extension { size: u64 },
    SizeLineFeed { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataLineFeed,
    TrailerStart { trailers: Trailers },
    TrailerName { trailers: Trailers },
    TrailerValue { trailers: Trailers },
    TrailerLineFeed { trailers: Trailers },
    EndLineFeed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Trailers {
    bytes: usize,
    fields: usize,
}

impl Part {
    /// Takes as many bytes as are good: their number, and whether the body has ended.
    fn advance(
        &mut self,
        bytes: &[u8],
        extensions: &mut usize,
        limits: &Limits,
    ) -> (usize, Result<bool, Rejection>) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if let Self::Data { left } = *self {
                let available = (bytes.len() - at) as u64;
                at += left.min(available) as usize; // at most what is available
                *self =
                    if left > available { Self::Data { left: left - available } } else { Self::DataReturn };
                continue;
            }
            match self.byte(byte, extensions, limits) {
                Ok(Some(next)) => *self = next,
                Ok(None) => return (at + 1, Ok(true)),
                Err(rejection) => return (at, Err(rejection)),
            }
            at += 1;
        }
        (at, Ok(false))
    }

    /// The part after one more byte, or `None` at the end of the body.
    fn byte(self, byte: u8, extensions: &mut usize, limits: &Limits) -> Result<Option<Self>, Rejection> {
        let bad_size = Rejection::Malformed("a chunk size is not a hexadecimal number");
        let next = match (self, byte) {
            (Self::SizeStart, _) => {
                Self::Size { size: u64::from(hex_digit(byte).ok_or(bad_size)?), digits: 1 }
            }
            (Self::Size { size, .. }, b'\r') => Self::SizeLineFeed { size },
            (Self::Size { size, .. }, b';') => Self::Extension { size },
            (Self::Size { size, digits }, _) => {
                // Sixteen digits fill 64 bits, and the largest sizes have other meanings inside hyper.
                let digit = hex_digit(byte).filter(|_| digits < 15).ok_or(bad_size)?;
                Self::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }
            }
            (Self::Extension { size }, b'\r') => Self::SizeLineFeed { size },
            (Self::Extension { size }, _) => {
                *extensions += 1;
                if !is_field_byte(byte) || *extensions > limits.chunk_extensions {
                    return Err(Rejection::Malformed(
                        "a chunk extension that is too long or has control characters",
                    ));
                }
                Self::Extension { size }
            }
            (Self::SizeLineFeed { size: 0 }, b'\n') => Self::TrailerStart { trailers: Trailers::default() },
            (Self::SizeLineFeed { size }, b'\n') => Self::Data { left: size },
            (Self::DataReturn, b'\r') => Self::DataLineFeed,
            (Self::DataLineFeed, b'\n') => Self::SizeStart,
            (Self::TrailerStart { .. }, b'\r') => Self::EndLineFeed,
            (Self::EndLineFeed, b'\n') => return Ok(None),
            (Self::TrailerStart { mut trailers }, _) if is_token(byte) => {
                trailers.fields += 1;
                Self::TrailerName { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerName { trailers }, b':') => {
                Self::TrailerValue { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerName { trailers }, _) if is_token(byte) => {
                Self::TrailerName { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerValue { trailers }, b'\r') => Self::TrailerLineFeed { trailers },
            (Self::TrailerValue { trailers }, _) if is_field_byte(byte) => {
                Self::TrailerValue { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerLineFeed { trailers }, b'\n') => {
                Self::TrailerStart { trailers: trailers.longer(limits)? }
            }
            _ => return Err(Rejection::Malformed("a chunked body is broken")),
        };
        Ok(Some(next))
    }
}

impl Trailers {
    fn longer(mut self, limits: &Limits) -> Result<Self, Rejection> {
        self.bytes += 1;
        if self.bytes > limits.head || self.fields > limits.fields {
            return Err(Rejection::HeadTooLarge);
        }
        Ok(self)
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8) // below 16
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    const TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut index = 0;
        while index < 256 {
            let byte = index as u8; // below 256
            table[index] = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'!' | b'#'
                        | b'$'
                        | b'%'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'+'
                        | b'-'
                        | b'.'
                        | b'^'
                        | b'_'
                        | b'`'
                        | b'|'
                        | b'~'
                );
            index += 1;
        }
        table
    };
    TOKEN[usize::from(byte)]
}

/// What may stand in a field value (RFC 9110 section 5.5): visible characters, space, tab, and bytes above ASCII.
pub(super) fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs a whole stream through a guard in pieces of the given sizes, over and over: clean bytes and verdict.
    fn run(stream: &[u8], sizes: &[usize]) -> (usize, usize, Option<Rejection>) {
        let mut guard = Guard::new(Limits::default());
        let (mut clean, mut received, mut heads) = (0, 0, 0);
        for size in sizes.iter().cycle() {
            received = stream.len().min(received + size.max(&1));
            let progress = guard.check(&stream[clean..received]);
            clean += progress.clean;
            heads += progress.heads;
            if progress.rejection.is_some() || received == stream.len() {
                return (clean, heads, progress.rejection);
            }
        }
        unreachable!("sizes is not empty")
    }

    fn verdict(stream: impl AsRef<[u8]>) -> Option<u16> {
        let stream = stream.as_ref();
        let whole = run(stream, &[usize::MAX / 2]);
        assert_eq!(run(stream, &[1]), whole, "byte by byte, {:?}", String::from_utf8_lossy(stream));
        whole.2.map(Rejection::status)
    }

    #[test]
    fn good_messages_pass_whole() {
        for stream in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nGET /a?b=c HTTP/1.0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a/b HTTP/1.1\r\nHost: a\r\nX:\r\nY:\t z \r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nX: \u{e9}\r\n\r\n",
        ] {
            let (clean, _, rejection) = run(stream.as_bytes(), &[usize::MAX / 2]);
            assert_eq!((clean, rejection), (stream.len(), None), "{stream}");
            assert_eq!(verdict(stream), None);
        }
    }

    #[test]
    fn heads_are_passed_whole_and_counted() {
        let stream = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTT";
        assert_eq!(run(stream, &[usize::MAX / 2]), (38, 2, None));
        assert_eq!(run(stream, &[7]), (38, 2, None));
    }

    #[test]
    fn an_earlier_good_request_is_passed_before_the_bad_one() {
        let stream = b"GET /1 HTTP/1.1\r\n\r\nGET /2  HTTP/1.1\r\n\r\n";
        let (clean, heads, rejection) = run(stream, &[usize::MAX / 2]);
        assert_eq!((clean, heads), (19, 1));
        assert_eq!(rejection.map(Rejection::status), Some(400));
    }

    #[test]
    fn bad_heads() {
        for (head, status) in [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
            ("GET /\r\n", 400),
            ("GET  / HTTP/1.1\r\n\r\n", 400),
            (" GET / HTTP/1.1\r\n\r\n", 400),
            ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400),
            ("G\u{e9}T / HTTP/1.1\r\n\r\n", 400),
            ("GET a HTTP/1.1\r\n\r\n", 400),
            ("GET * HTTP/1.1\r\n\r\n", 400),
            ("GET /a#b HTTP/1.1\r\n\r\n", 400),
            ("GET /a\0 HTTP/1.1\r\n\r\n", 400),
            ("GET / http/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1 \r\n\r\n", 400),
            ("GET / HTTP/1.2\r\n\r\n", 505),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            ("CONNECT a:443 HTTP/1.1\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ] {
            assert_eq!(verdict(head), Some(status), "{head:?}");
        }
    }

    #[test]
    fn a_target_is_text() {
        assert_eq!(verdict(b"GET /\xe9 HTTP/1.1\r\n\r\n"), Some(400));
        assert_eq!(verdict(b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n"), None);
    }

    #[test]
    fn bad_chunks() {
        for body in [
            "5 \r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n",
            "+5\r\nhello\r\n",
            "\r\n",
            ";a\r\n",
            "5\nhello\r\n",
            "5\r\nhello0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "1000000000000000\r\n",
            "0\r\n X: y\r\n\r\n",
            "0\r\nX y\r\n\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\n\n",
            "5;\0\r\nhello\r\n",
        ] {
            let stream = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            assert_eq!(verdict(&stream), Some(400), "{body:?}");
        }
        let extension = format!("5;{}\r\nhello\r\n", "a".repeat(4096));
        let stream = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{extension}");
        assert_eq!(verdict(&stream), None);
        assert_eq!(verdict(stream + "1;a\r\n"), Some(400));
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let limits = Limits::default();
        // `GET ` and ` HTTP/1.1` with the line end: 15 bytes around the target.
        let line = |length: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(length - 16));
        assert_eq!(line(limits.request_line).len(), limits.request_line);
        assert_eq!(verdict(line(limits.request_line) + "\r\n"), None);
        assert_eq!(verdict(line(limits.request_line + 1) + "\r\n"), Some(414));
        let head = |length: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(length - 23));
        assert_eq!(head(limits.head).len(), limits.head);
        assert_eq!(verdict(head(limits.head)), None);
        assert_eq!(verdict(head(limits.head + 1)), Some(431));
        let fields = |number: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(number));
        assert_eq!(verdict(fields(limits.fields)), None);
        assert_eq!(verdict(fields(limits.fields + 1)), Some(431));
        let trailers = |number: usize| {
            format!(
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}\r\n",
                "A: b\r\n".repeat(number)
            )
        };
        assert_eq!(verdict(trailers(limits.fields)), None);
        assert_eq!(verdict(trailers(limits.fields + 1)), Some(431));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_pieces_make_no_difference(
            stream in proptest::collection::vec(piece(), 0..40),
            sizes in proptest::collection::vec(1usize..30, 1..8),
        ) {
            let stream = stream.concat();
            prop_assert_eq!(run(&stream, &sizes), run(&stream, &[usize::MAX / 2]));
        }
    }

    /// Pieces of messages, good and bad, so that random streams get far into the machine.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let words: Vec<&[u8]> = vec![
            b"GET / HTTP/1.1\r\n",
            b"POST /x HTTP/1.1\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n",
            b"Content-Length: 5\r\n",
            b"Content-Length: 6\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Host: a\r\n",
            b"\r\n",
            b"\r",
            b"\n",
            b" ",
            b":",
            b"5\r\nhello\r\n",
            b"0\r\n",
            b"0\r\n\r\n",
            b"hello",
            b"\0",
        ];
        prop_oneof![
            4 => proptest::sample::select(words).prop_map(<[u8]>::to_vec),
            1 => proptest::collection::vec(any::<u8>(), 0..20),
        ]
    }
}
