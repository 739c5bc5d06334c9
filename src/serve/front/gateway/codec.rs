//! What differs between gateway protocols, as the driver needs it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::response::Parts;

use crate::protocol::cgi_vars::Variable;
use crate::serve::site::ajp_secret::AjpSecret;

/// Reads what a front server sends on one connection. Pure: the driver owns the socket.
///
/// What is decoded is taken off `received`; what has an immediate reply gets it in `replies`.
pub(in crate::serve::front) trait GatewayCodec: Send + 'static {
    /// How the responses to its requests are written.
    type Encoder: ResponseEncoder;

    /// Whether anything ever goes into `replies`.
    const REPLIES: bool = false;

    /// Whether a front server that wants no response any more says so, at least by ending the connection. (Of the
    /// others, some end their half of it as soon as the request is sent.)
    const ABORTS: bool = false;

    fn new(settings: CodecSettings) -> Self;

    /// Reads the head of the next request.
    ///
    /// # Errors
    /// What came begins nothing that has a response.
    fn decode_head(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<HeadProgress, Cow<'static, str>>;

    /// The variables of the head that is complete.
    ///
    /// # Errors
    /// The block of variables is malformed.
    fn variables(&self) -> Result<Vec<Variable<'_>>, Cow<'static, str>>;

    /// The head says that its body has so many bytes; `None` if it says nothing.
    fn begin_body(&mut self, length: Option<u64>);

    /// Reads the body, and after its end what comes before the response is sent.
    ///
    /// # Errors
    /// It is not a body.
    fn decode_body(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<BodyProgress, Cow<'static, str>>;

    /// Bytes that the front server may still send of this request, if it has sent `received` that are not decoded.
    fn unread(&self, received: usize) -> u64;

    /// For the response to the request whose head was read last.
    fn encoder(&self) -> Self::Encoder;
}

/// Writes one response.
pub(in crate::serve::front) trait ResponseEncoder: Send + Sync {
    /// Bytes of the longest piece of a body.
    const LONGEST_PIECE: usize = usize::MAX;

    /// Whether another request may follow on the connection.
    fn keeps_connection(&self) -> bool {
        false
    }

    /// Appends the head. `length` is that of the body, where it is known.
    fn head(&self, response: &Parts, length: Option<u64>, out: &mut Vec<u8>);

    /// Appends what comes before a piece of the body.
    fn before_piece(&self, _length: usize, _out: &mut Vec<u8>) {}

    /// Appends what comes after it.
    fn after_piece(&self, _out: &mut Vec<u8>) {}

    /// Appends what comes after the body.
    fn end(&self, _out: &mut Vec<u8>) {}

    /// Appends what ends a request that its front server wants no response to any more.
    fn aborted(&self, _out: &mut Vec<u8>) {}
}

/// What a codec has to know of the server.
#[derive(Clone, Debug)]
pub(in crate::serve::front) struct CodecSettings {
    /// Bytes of the variables of a request.
    pub(super) head: usize,
    /// Connections at the same time.
    pub(super) connections: usize,
    /// What requests by AJP must contain.
    pub(super) ajp_secret: Option<Arc<AjpSecret>>,
}

/// For a head beyond its limit.
pub(super) const HEAD_TOO_LARGE: HeadProgress = HeadProgress::Refused(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "the variables of the request are larger than --buffer-size allows",
);

/// What has come of a head.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::serve::front) enum HeadProgress {
    /// A part of it; at least so many bytes are missing.
    Incomplete { needed: usize },
    /// All of it.
    Request {
        /// Whether PATH_INFO still begins with SCRIPT_NAME.
        under_script_name: bool,
    },
    /// It is refused with this status, and why.
    Refused(StatusCode, &'static str),
    /// The replies are all that there is to say. Then the connection ends.
    End,
}

/// What has come of a body.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::serve::front) enum BodyProgress {
    Data(Bytes),
    /// At least so many bytes are missing.
    Incomplete {
        needed: usize,
    },
    End,
    /// The front server wants no response any more.
    Aborted,
}

/// A body that follows its head without any framing: as many bytes as the head says.
#[derive(Debug, Default)]
pub(super) struct CountedBody {
    left: u64,
}

impl CountedBody {
    pub(super) fn begin(&mut self, length: Option<u64>) {
        self.left = length.unwrap_or(0);
    }

    pub(super) fn decode(&mut self, received: &mut BytesMut) -> BodyProgress {
        if self.left == 0 {
            return BodyProgress::End;
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if received.is_empty() {
            return BodyProgress::Incomplete { needed: left };
        }
        let data = received.split_to(left.min(received.len())).freeze();
        self.left -= data.len() as u64;
        BodyProgress::Data(data)
    }

    pub(super) fn unread(&self, received: usize) -> u64 {
        self.left.saturating_sub(received as u64)
    }
}
