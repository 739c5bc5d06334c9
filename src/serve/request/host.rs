//! The host that a request is for: which field names it, and what is refused.

use http::{Version, header};

use crate::protocol::cgi_vars;

/// The host a request is for; empty where an HTTP/1.0 client or a front server names none.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::serve) struct RequestHost<'a> {
    /// As in the Host field.
    pub(in crate::serve) value: &'a [u8],
    pub(in crate::serve) name: &'a [u8],
}

/// Why a request's host is refused.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(in crate::serve) enum HostError {
    #[error("`:authority` and Host differ")]
    Differing,
    #[error("the host is malformed")]
    Malformed,
    #[error("the request names no host")]
    Missing,
    #[error("the request has two Host fields")]
    Repeated,
}

/// The one host a request is for (RFC 9112 section 3.2, RFC 9113 section 8.3.1).
pub(in crate::serve) fn required(head: &http::request::Parts) -> Result<RequestHost<'_>, HostError> {
    let field = optional(head)?;
    match head.uri.authority() {
        Some(authority) => {
            let target = parse(authority.as_str().as_bytes())?;
            // RFC 9113 section 8.3.1: they must agree. In HTTP/1.1 the target's counts.
            if head.version == Version::HTTP_2
                && !field.value.is_empty()
                && !field.value.eq_ignore_ascii_case(target.value)
            {
                return Err(HostError::Differing);
            }
            Ok(target)
        }
        None if field.value.is_empty() && head.version != Version::HTTP_10 => Err(HostError::Missing),
        None => Ok(field),
    }
}

/// The Host field, which must not be there twice.
pub(in crate::serve) fn optional(head: &http::request::Parts) -> Result<RequestHost<'_>, HostError> {
    let mut fields = head.headers.get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) => return Ok(RequestHost::default()),
        (Some(field), None) => field,
        (Some(_), Some(_)) => return Err(HostError::Repeated),
    };
    parse(field.as_bytes())
}

fn parse(value: &[u8]) -> Result<RequestHost<'_>, HostError> {
    let (name, _) = cgi_vars::host_and_port(value).ok_or(HostError::Malformed)?;
    Ok(RequestHost { value, name })
}
