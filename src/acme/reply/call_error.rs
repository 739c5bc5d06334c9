//! What one request to an ACME server can end with.

use crate::acme::reply::protocol_error::ProtocolError;
use crate::acme::reply::transport_error::TransportError;

/// Why a request did not give what it was sent for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The answer does not fit the protocol.
    #[error("{0}")]
    BadAnswer(String),
    /// A good status and a page for people.
    #[error("a page of HTML, which no ACME server sends")]
    Html,
    /// The key cannot sign.
    #[error("cannot use the account key: {0}")]
    Key(&'static str),
    /// A good status and a body that is not the JSON that it should be, perhaps half of it.
    #[error("{0}")]
    NotJson(#[from] serde_json::Error),
    /// The server's problem document (RFC 8555 section 6.7).
    #[error("{0}")]
    Refused(Box<ProtocolError>),
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl CallError {
    /// Whether the server refused with this kind of problem, as `badNonce`.
    pub fn is_refusal(&self, kind: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.kind == kind)
    }
}

impl From<http::Error> for CallError {
    /// An address or header of the server's that no request can be made of.
    fn from(error: http::Error) -> Self {
        Self::BadAnswer(error.to_string())
    }
}
