//! What a message must be, whichever decoder it came through: HTTP/2 is held to what the guard of HTTP/1.1
//! demands, so that an application sees the same requests over both.

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri, Version, header};

use crate::protocol::http1_guard::{Limits, is_token};

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::serve) enum MessageError {
    #[error("the name of a header field contains an invalid character")]
    FieldName,
    #[error("the value of a header field begins or ends with whitespace")]
    FieldValue,
    #[error("the request header fields are too large")]
    FieldsTooLarge,
    #[error("the URL's scheme is not that of this connection")]
    Misdirected,
    #[error("the scheme of the URL is not http or https")]
    Scheme,
    #[error("the target is neither a path nor a URL")]
    Target,
    #[error("the request target is too long")]
    TargetTooLong,
}

impl MessageError {
    pub(in crate::serve) fn status(self) -> StatusCode {
        match self {
            Self::FieldsTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::FieldName | Self::FieldValue | Self::Scheme | Self::Target => StatusCode::BAD_REQUEST,
        }
    }
}

/// Checks a message that came over TLS, or not.
pub(super) fn message(head: &Parts, is_tls: bool) -> Result<(), MessageError> {
    scheme(&head.uri, is_tls)?;
    // The guard has seen the bytes of everything else on HTTP/1.1.
    if head.version != Version::HTTP_2 {
        return Ok(());
    }
    let limits = Limits::default();
    target(&head.method, &head.uri, &limits)?;
    fields(&head.headers, &limits)
}

/// A URL as target, and `:scheme`. RFC 9110 section 7.4: a request for an `https` resource must come over a
/// connection that is secured for it. One for `http` over TLS has been misdirected as well: a client or a front
/// server that sends it believes in another connection than it has. Section 15.5.20 has a status for both; the
/// client may repeat the request elsewhere, which 400 would not tell it.
fn scheme(uri: &Uri, is_tls: bool) -> Result<(), MessageError> {
    let Some(scheme) = uri.scheme_str() else { return Ok(()) };
    let is_https = scheme.eq_ignore_ascii_case("https");
    if !is_https && !scheme.eq_ignore_ascii_case("http") {
        Err(MessageError::Scheme)
    } else if is_https != is_tls {
        Err(MessageError::Misdirected)
    } else {
        Ok(())
    }
}

/// `:path` (RFC 9113 section 8.3.1).
fn target(method: &Method, uri: &Uri, limits: &Limits) -> Result<(), MessageError> {
    let Some(target) = uri.path_and_query() else { return Ok(()) }; // CONNECT has none
    let target = target.as_str();
    // As long as a request line of HTTP/1.1 may be.
    if method.as_str().len() + target.len() + "  HTTP/1.1\r\n".len() > limits.request_line {
        return Err(MessageError::TargetTooLong);
    }
    match target.as_bytes() {
        [b'/', ..] => Ok(()),
        b"*" if method == Method::OPTIONS => Ok(()),
        _ => Err(MessageError::Target),
    }
}

fn fields(fields: &HeaderMap, limits: &Limits) -> Result<(), MessageError> {
    if fields.len() > limits.fields {
        // A cookie may be cut into many fields, which are one (RFC 9113 section 8.2.3).
        let crumbs = fields.get_all(header::COOKIE).iter().count();
        if fields.len() - crumbs.saturating_sub(1) > limits.fields {
            return Err(MessageError::FieldsTooLarge);
        }
    }
    for (name, value) in fields {
        // The parser takes `"` (RFC 9110 section 5.6.2 does not).
        if !name.as_str().bytes().all(is_token) {
            return Err(MessageError::FieldName);
        }
        // RFC 9113 section 8.2.1.
        let value = value.as_bytes();
        if matches!(value.first(), Some(b' ' | b'\t')) || matches!(value.last(), Some(b' ' | b'\t')) {
            return Err(MessageError::FieldValue);
        }
    }
    Ok(())
}
