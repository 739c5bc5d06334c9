//! Where a front server says that a request is, back into a target.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::target::{self, RequestTarget, TargetError};
use crate::protocol::cgi_vars;

/// Where a front server says that a request is.
#[derive(Default)]
pub(super) struct SentTarget {
    /// The target as the client sent it (REQUEST_URI).
    pub(super) raw: Bytes,
    pub(super) script_name: Vec<u8>,
    pub(super) path_info: Option<Vec<u8>>,
    pub(super) query: Option<Bytes>,
    /// Whether SCRIPT_NAME is the whole path where there is no PATH_INFO. nginx's own fastcgi_params and Apache's
    /// mod_proxy_fcgi send that. (From all others it means that nothing follows SCRIPT_NAME.)
    pub(super) is_unsplit: bool,
}

impl SentTarget {
    /// The target, SCRIPT_NAME, and what is wrong with the path. The path is what the front server made of
    /// the request, which may be another than the client's: its rewrite rules have been applied.
    pub(super) fn target(self, under_script_name: bool) -> (RequestTarget, Bytes, Result<(), TargetError>) {
        let Self { raw, mut script_name, mut path_info, query, is_unsplit } = self;
        if is_unsplit && path_info.is_none() {
            path_info = Some(std::mem::take(&mut script_name));
        }
        let script_name = without_dots(script_name);
        let Some(path_info) = path_info.map(Bytes::from) else {
            let (mut target, result) = RequestTarget::parse(if raw.is_empty() { "/".into() } else { raw });
            if let Some(query) = query {
                target.query = query;
            }
            return (target, script_name, result);
        };
        let is_whole = under_script_name && cgi_vars::below(&script_name, &path_info).is_some();
        let path = if script_name.is_empty() || is_whole {
            path_info
        } else if path_info.is_empty() {
            script_name.clone()
        } else {
            [&script_name[..], if path_info.starts_with(b"/") { b"" } else { b"/" }, &path_info]
                .concat()
                .into()
        };
        let query = query.unwrap_or_default();
        let raw = if raw.is_empty() { encoded(&path, &query) } else { raw };
        let (target, result) = RequestTarget::from_decoded(raw, path, query);
        (target, script_name, result)
    }
}

/// SCRIPT_NAME in the form in which it can be the beginning of a path: empty, or a path without a slash at
/// its end.
fn without_dots(script_name: Vec<u8>) -> Bytes {
    if script_name.is_empty() {
        return Bytes::new();
    }
    let mut script_name = target::resolved(&script_name).unwrap_or_default();
    script_name.pop_if(|last| *last == b'/');
    script_name.into()
}

/// The target that stands for a decoded path.
fn encoded(path: &[u8], query: &[u8]) -> Bytes {
    let mut target = percent_encode(path, PATH).to_string().into_bytes();
    if !query.is_empty() {
        target.push(b'?');
        target.extend_from_slice(query);
    }
    target.into()
}

/// What need not be encoded in a path (RFC 3986 section 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');
