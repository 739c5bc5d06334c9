//! What differs between gateway protocols, as the driver needs it.

use std::borrow::Cow;

use http::response::Parts;

use crate::protocol::cgi_vars::Variable;

/// How requests and responses are written. Pure: the driver owns the socket.
pub(in crate::serve::front) trait GatewayCodec: Send + 'static {
    /// Whether another request may follow on the same connection.
    const KEEPS_CONNECTION: bool;

    /// What begins with these bytes.
    ///
    /// # Errors
    /// They do not begin anything that is answered.
    fn decode_head(received: &[u8]) -> Result<HeadProgress<'_>, Cow<'static, str>>;

    /// Appends the head of a response. `length` is that of the body, where it is known.
    fn encode_head(response: &Parts, length: Option<u64>, out: &mut Vec<u8>);

    /// Appends what comes before a piece of the body.
    fn encode_piece(_length: usize, _out: &mut Vec<u8>) {}

    /// Appends what comes after the body.
    fn encode_end(_out: &mut Vec<u8>) {}
}

/// What has come of a head.
pub(in crate::serve::front) enum HeadProgress<'a> {
    /// A part of it; it has at least so many bytes.
    Incomplete { needed: usize },
    /// All of it.
    Request {
        variables: Vec<Variable<'a>>,
        /// Whether PATH_INFO still begins with SCRIPT_NAME.
        under_script_name: bool,
    },
    /// Not a request, but something that has an answer. Then the connection ends.
    Reply(&'static [u8]),
}
