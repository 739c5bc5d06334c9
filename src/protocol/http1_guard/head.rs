//! The head of a request: request line and fields (RFC 9112 sections 2 to 6).

use memchr::memchr;

use super::{Limits, Rejection, is_field_byte, is_token};

/// A head that is being received.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
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
    /// Whether nothing of it has come.
    pub(super) fn is_untouched(&self) -> bool {
        self.scanned == 0
    }

    /// The body that follows the head, once that is complete.
    pub(super) fn body(&self) -> Body {
        self.framing.body()
    }

    /// The offset behind the head, or `None` when it is not complete.
    pub(super) fn scan(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Rejection> {
        loop {
            // Lengths are judged before contents, so that it makes no difference in which pieces a
            // line comes.
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
                .ok_or(Rejection::Malformed("a line ends without a carriage return"))?;
            (self.line_start, self.scanned) = (end, end);
            if !self.started {
                // RFC 9112 section 2.2: at least one empty line before the request line should be
                // ignored.
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

/// How the end of a body is found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    None,
    Sized(u64),
    Chunked,
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
                return Err(Rejection::Malformed("the Content-Length fields differ"));
            }
            self.content_length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked {
                return Err(Rejection::Malformed("there are two Transfer-Encoding fields"));
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
                Err(Rejection::Malformed("there are both Content-Length and Transfer-Encoding"))
            }
            Self { chunked: true, http10: true, .. } => {
                Err(Rejection::Malformed("HTTP/1.0 does not allow Transfer-Encoding"))
            }
            _ => Ok(()),
        }
    }

    fn body(&self) -> Body {
        match self.content_length {
            _ if self.chunked => Body::Chunked,
            Some(length @ 1..) => Body::Sized(length),
            _ => Body::None,
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
        return Err(Rejection::NotImplemented("CONNECT is not supported"));
    }
    // A fragment never belongs into a target; hyper would cut it off silently.
    if target.iter().any(|&byte| byte.is_ascii_control() || byte == b'#') {
        return Err(Rejection::Malformed("the target contains an invalid character"));
    }
    // Bytes above ASCII are not allowed either, but as UTF-8 they mean the same to every server.
    if std::str::from_utf8(target).is_err() {
        return Err(Rejection::Malformed("the target is not valid text"));
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
    let colon = memchr(b':', line).ok_or(Rejection::Malformed("a header line has no colon"))?;
    let (name, value) = line.split_at(colon);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(Rejection::Malformed("a header name contains an invalid character"));
    }
    let value = value.get(1..).unwrap_or_default();
    // No early exit: this way the compiler makes a vector loop of it.
    if value.iter().fold(false, |bad, &byte| bad | !is_field_byte(byte)) {
        return Err(Rejection::Malformed("a header value contains a control character"));
    }
    Ok((name, value))
}

/// RFC 9110 section 8.6: digits and nothing else. A list of equal lengths is rejected too: no
/// client sends it.
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
        return Err(Rejection::NotImplemented("only the transfer coding `chunked` is supported"));
    }
    Err(Rejection::Malformed("Transfer-Encoding is not `chunked`"))
}
