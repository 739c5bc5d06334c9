//! A guard in front of the HTTP/1.1 parser: follows the byte stream of a connection and stops at
//! the first byte that two parsers could understand differently.
//!
//! Request smuggling lives on such differences: a front server and the server behind it disagree
//! where one request ends and the next begins. hyper by itself takes a bare LF as line end, drops
//! Content-Length beside Transfer-Encoding, cuts fragments off the target and reads `1 ` as a chunk
//! size, and its service never learns of it. The guard enforces RFC 9112 before hyper sees a byte.
//!
//! It is a pure state machine: [`Guard::check`] is given every byte that has not been passed on yet
//! and says how many of them are clean. A head is clean only as a whole; a body is clean byte by
//! byte. How the stream is cut into reads makes no difference to the verdict.

mod chunked;
mod head;
#[cfg(test)]
mod tests;

use self::chunked::Part;
use self::head::{Body, Head};

/// How much a client may send before the message is complete.
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
    /// How many of the bytes are clean and may be passed on. The rest comes again with the next
    /// call.
    pub clean: usize,
    /// How many heads ended within them.
    pub heads: usize,
    /// Why nothing after them may ever be passed on.
    pub rejection: Option<Rejection>,
}

/// Why a connection is refused. No further byte of it is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Bytes that are not well-formed HTTP/1.1, and the reason.
    #[error("bad request: {0}")]
    Malformed(&'static str),
    /// The request line is too long.
    #[error("the request line is too long")]
    TargetTooLong,
    /// The head has too many bytes or fields.
    #[error("the request header fields are too large")]
    HeadTooLarge,
    /// A transfer coding other than chunked, or a method that asks for a tunnel.
    #[error("not implemented: {0}")]
    NotImplemented(&'static str),
    /// A version that is not HTTP/1.
    #[error("only HTTP/1.0 and HTTP/1.1 are supported")]
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

    /// Whether the stream is between two messages.
    pub fn between_messages(&self) -> bool {
        matches!(self.state, State::Head(head) if head.is_untouched())
    }

    /// Whether a body is being read, or was when the stream was rejected: its head has been passed
    /// on.
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
                        self.state = match head.body() {
                            Body::None => State::Head(Head::default()),
                            Body::Sized(left) => State::Body { left },
                            Body::Chunked => State::Chunked { part: Part::SizeStart, extensions: 0 },
                        };
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

/// Whether a byte may be part of a method or of the name of a field (RFC 9110 section 5.6.2).
pub fn is_token(byte: u8) -> bool {
    const TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0u8;
        while byte < 128 {
            table[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        let marks = b"!#$%&'*+-.^_`|~";
        let mut index = 0;
        while index < marks.len() {
            table[marks[index] as usize] = true;
            index += 1;
        }
        table
    };
    TOKEN[usize::from(byte)]
}

/// The bytes allowed in a field value (RFC 9110 section 5.5): visible characters, space, tab, and
/// bytes above ASCII.
fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
