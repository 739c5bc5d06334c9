//! The host that a request is for: which field names it, and what is refused.

use http::uri::Authority;
use http::{HeaderValue, Version, header};

use crate::protocol::cgi_vars;

/// The host a request is for; empty where an HTTP/1.0 client or a front server names none.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct RequestHost {
    source: HostSource,
    name_length: usize,
}

/// Where the host is written.
#[derive(Clone, Debug, Default)]
enum HostSource {
    #[default]
    Nowhere,
    Field(HeaderValue),
    Target(Authority),
}

/// Why a request's host is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
pub(in crate::serve) fn required(head: &http::request::Parts) -> Result<RequestHost, HostError> {
    let field = optional(&head.headers)?;
    match head.uri.authority() {
        Some(authority) => {
            let target = parse(HostSource::Target(authority.clone()))?;
            // RFC 9113 section 8.3.1: they must agree. In HTTP/1.1 the target's counts.
            if head.version == Version::HTTP_2
                && !field.value().is_empty()
                && !field.value().eq_ignore_ascii_case(target.value())
            {
                return Err(HostError::Differing);
            }
            Ok(target)
        }
        None if field.value().is_empty() && head.version != Version::HTTP_10 => Err(HostError::Missing),
        None => Ok(field),
    }
}

/// The Host field, which must not be there twice.
pub(in crate::serve) fn optional(fields: &http::HeaderMap) -> Result<RequestHost, HostError> {
    let mut fields = fields.get_all(header::HOST).iter();
    match (fields.next(), fields.next()) {
        (None, _) => Ok(RequestHost::default()),
        (Some(field), None) => parse(HostSource::Field(field.clone())),
        (Some(_), Some(_)) => Err(HostError::Repeated),
    }
}

fn parse(source: HostSource) -> Result<RequestHost, HostError> {
    let (name, _) = cgi_vars::host_and_port(source.as_bytes()).ok_or(HostError::Malformed)?;
    let name_length = name.len();
    Ok(RequestHost { source, name_length })
}

impl RequestHost {
    /// As in the Host field.
    pub(in crate::serve) fn value(&self) -> &[u8] {
        self.source.as_bytes()
    }

    /// The value without its port.
    pub(in crate::serve) fn name(&self) -> &[u8] {
        self.value().get(..self.name_length).unwrap_or_default()
    }
}

impl HostSource {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Nowhere => b"",
            Self::Field(value) => value.as_bytes(),
            Self::Target(authority) => authority.as_str().as_bytes(),
        }
    }
}
