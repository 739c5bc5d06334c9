//! Why an upstream did not answer.

use std::io;
use std::time::Duration;

use ::http::StatusCode;

use crate::protocol::{ajp, cgi_response, fastcgi};
use crate::sys::fs::plain;

#[derive(Debug, thiserror::Error)]
pub(in crate::serve) enum UpstreamError {
    #[error("cannot be reached: {}", plain(.0))]
    Connect(#[source] io::Error),
    #[error("no answer within {} s; see --upstream-timeout", .0.as_secs())]
    TooSlow(Duration),
    #[error("the connection ended before the response began{0}")]
    Closed(&'static str),
    #[error("its response is broken: {0}")]
    Broken(String),
    #[error("the header fields of the request do not fit into the protocol of the upstream")]
    TooLarge,
    #[error("the target of the request cannot be sent, or means another path to another server")]
    Target,
    #[error("the client broke off the request body: {0}")]
    Client(io::Error),
    #[error("the request body has no length, which the protocol of the upstream needs")]
    NoLength,
    #[error("no file descriptor is left for a connection; see --max-fd and --max-connections")]
    NoDescriptor,
    /// There are no servers.
    #[error("there is no server")]
    None,
}

impl UpstreamError {
    /// Whether the server is at fault, not the request.
    pub(super) fn is_the_servers(&self) -> bool {
        !matches!(self, Self::Client(_) | Self::NoDescriptor | Self::NoLength | Self::Target | Self::TooLarge)
    }

    pub(in crate::serve) fn status(&self) -> StatusCode {
        match self {
            Self::TooSlow(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::NoDescriptor => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoLength => StatusCode::LENGTH_REQUIRED,
            Self::Client(_) | Self::Target => StatusCode::BAD_REQUEST,
            Self::Connect(_) | Self::Closed(_) | Self::Broken(_) | Self::None => StatusCode::BAD_GATEWAY,
        }
    }

    /// What the client gets to read: not where the upstream is.
    pub(in crate::serve) fn reason(&self) -> &'static str {
        match self {
            Self::TooSlow(_) => "the server behind this one did not answer in time",
            Self::TooLarge => "the header fields are too large for the server behind this one",
            Self::Client(_) => "the request body is incomplete",
            Self::Target => "the path is ambiguous, or contains what cannot be sent",
            Self::NoDescriptor => "the server has too many connections",
            Self::NoLength => "the server behind this one needs the length of the request body",
            Self::Connect(_) | Self::None => "the server behind this one cannot be reached",
            Self::Closed(_) | Self::Broken(_) => "the server behind this one sent no valid response",
        }
    }
}

impl From<cgi_response::Error> for UpstreamError {
    fn from(error: cgi_response::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<fastcgi::Error> for UpstreamError {
    fn from(error: fastcgi::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<ajp::Error> for UpstreamError {
    fn from(error: ajp::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<UpstreamError> for io::Error {
    fn from(error: UpstreamError) -> Self {
        Self::other(error.to_string())
    }
}
