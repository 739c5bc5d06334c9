//! Why a request got no answer, or none that an ACME client can read.

use std::time::Duration;

use http::StatusCode;

use crate::acme::reply::protocol_error::ProtocolError;

/// No ACME answer is near this size; a chain with RSA keys is some 6 kB.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Why there is no answer, or none that an ACME client can read.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The connection broke before the answer was complete. The server may have acted.
    #[error("the connection to {url} was lost: {reason}")]
    Lost { url: String, reason: String },
    /// An answer that is neither success nor a problem document, or one that passes with time.
    #[error("{url} answered {status}{}", page(*.is_html))]
    Status {
        url: String,
        status: StatusCode,
        problem: Option<Box<ProtocolError>>,
        retry_after: Option<Duration>,
        /// Whether it is a page for people.
        is_html: bool,
    },
    /// The server took too long. It may have acted.
    #[error("{url} did not answer in time")]
    TimedOut { url: String },
    /// More bytes than any ACME answer has.
    #[error("{url} answered with more than 1 MiB")]
    TooLarge { url: String },
    #[error("cannot reach {url}: {reason}")]
    Unreachable { url: String, reason: String },
    /// The server's certificate is not trusted.
    #[error("the certificate of {url} is not trusted: {reason}")]
    Untrusted { url: String, reason: rustls::CertificateError },
}

impl TransportError {
    /// Whether a status is one that passes with time.
    pub fn passes(status: StatusCode) -> bool {
        matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
    }
}

fn page(is_html: bool) -> &'static str {
    if is_html { " with a page of HTML, which no ACME server sends" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_that_pass_with_time() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(TransportError::passes(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [200, 302, 400, 403, 404, 501] {
            assert!(!TransportError::passes(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }
}
