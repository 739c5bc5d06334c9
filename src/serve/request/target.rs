//! The target of a request: as it was sent, and the one path that routes, folders, upstreams and applications
//! go by.

use bytes::Bytes;
use http::Uri;
use memchr::memchr;

use crate::protocol::request_path::decoded;
pub(in crate::serve) use crate::protocol::request_path::{TargetError, resolved};

/// Path and query of a request.
#[derive(Clone, Debug)]
pub(in crate::serve) struct RequestTarget {
    /// As it came, for REQUEST_URI, the log and redirects.
    pub(in crate::serve) raw: Bytes,
    /// The path: decoded once, dot segments resolved, repeated slashes merged. It begins with a slash, unless
    /// it is the `*` of OPTIONS.
    pub(in crate::serve) path: Bytes,
    /// The query as it came, without the question mark.
    pub(in crate::serve) query: Bytes,
}

impl RequestTarget {
    /// The target of a request that came by HTTP, and what is wrong with its path. Nothing is copied when the
    /// path is what it should be.
    pub(in crate::serve) fn from_uri(uri: &Uri) -> (Self, Result<(), TargetError>) {
        let sent = uri.path_and_query().map_or("/", |sent| sent.as_str()).as_bytes();
        // RFC 9110 section 4.2.3: `http://host?query` has the path `/`.
        let raw = if sent.first() == Some(&b'?') {
            [b"/", sent].concat().into()
        } else {
            Bytes::copy_from_slice(sent)
        };
        Self::parse(raw)
    }

    /// The target whose raw form is all that is known.
    pub(in crate::serve) fn parse(raw: Bytes) -> (Self, Result<(), TargetError>) {
        let end = memchr(b'?', &raw).unwrap_or(raw.len());
        let query = raw.slice((end + 1).min(raw.len())..);
        let (path, result) = checked(raw.slice(..end), decoded);
        (Self { raw, path, query }, result)
    }

    /// The target of a request whose path was decoded by a front server.
    pub(in crate::serve) fn from_decoded(
        raw: Bytes,
        path: Bytes,
        query: Bytes,
    ) -> (Self, Result<(), TargetError>) {
        let (path, result) = checked(path, resolved);
        (Self { raw, path, query }, result)
    }

    /// The path as it came, which is what the client knows. It is never that of another host: it begins with
    /// exactly one slash.
    pub(in crate::serve) fn raw_path(&self) -> Bytes {
        let end = memchr(b'?', &self.raw).unwrap_or(self.raw.len());
        let slashes = self.raw.iter().take_while(|&&byte| byte == b'/').count();
        match slashes {
            1 => self.raw.slice(..end),
            0 => Bytes::from_static(b"/"),
            _ => self.raw.slice(slashes - 1..end),
        }
    }
}

/// The path that `change` makes of one that needs it; a path that is refused stays as it is, for the log.
fn checked(
    path: Bytes,
    change: fn(&[u8]) -> Result<Vec<u8>, TargetError>,
) -> (Bytes, Result<(), TargetError>) {
    if is_plain(&path) {
        return (path, Ok(()));
    }
    match change(&path) {
        Ok(changed) => (changed.into(), Ok(())),
        Err(error) => (path, Err(error)),
    }
}

/// Whether a path needs no change, as most do: no percent sign, no empty segment, none that begins with a dot.
fn is_plain(path: &[u8]) -> bool {
    let mut after_slash = false;
    for &byte in path {
        if byte == b'%' || (after_slash && (byte == b'/' || byte == b'.')) {
            return false;
        }
        after_slash = byte == b'/';
    }
    path == b"*" || path.first() == Some(&b'/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(sent: &'static str) -> Result<Vec<u8>, TargetError> {
        let (target, result) = RequestTarget::from_uri(&Uri::from_static(sent));
        result.map(|()| target.path.to_vec())
    }

    #[test]
    fn one_path_for_all_spellings() {
        for (sent, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("/a/../static/x", "/static/x"),
            ("//static/x", "/static/x"),
            ("/a///b//", "/a/b/"),
            ("/%2e%2e/x", ""),
            ("/static/%2e%2e/x", "/x"),
            ("/./x", "/x"),
            ("/x/.", "/x/"),
            ("/x/..", "/"),
            ("/x/../", "/"),
            ("/a%2fb", "/a/b"),
            ("/a%2F..%2fb", "/b"),
            ("/a/%2e/b", "/a/b"),
            ("/..", ""),
            ("/a/../..", ""),
            ("/a//../../b", ""),
            ("/...", "/..."),
            ("/.well-known/x", "/.well-known/x"),
            ("/a..", "/a.."),
            ("/a%252e%252e", "/a%2e%2e"),
            ("/a%20b+c", "/a b+c"),
            ("/a%zz%4", "/a%zz%4"),
            ("/a%3fb?c=%20", "/a?b"),
            ("http://host", "/"),
            ("http://host?a", "/"),
            ("http://host/a/../b", "/b"),
            ("*", "*"),
        ] {
            let expected =
                if expected.is_empty() { Err(TargetError::AboveRoot) } else { Ok(expected.into()) };
            assert_eq!(path(sent), expected, "{sent}");
        }
        assert_eq!(path("/%e9"), Ok(b"/\xe9".to_vec()));
        for sent in ["/a%00", "/a%0d", "/%0Ab"] {
            assert_eq!(path(sent), Err(TargetError::Control), "{sent}");
        }
    }

    #[test]
    fn raw_and_query_stay_as_they_came() {
        let (target, _) = RequestTarget::from_uri(&Uri::from_static("/a%20b/../c?d=%20?/../"));
        assert_eq!(&target.raw[..], b"/a%20b/../c?d=%20?/../");
        assert_eq!(&target.query[..], b"d=%20?/../");
        assert_eq!(&target.raw_path()[..], b"/a%20b/../c");
        let (target, _) = RequestTarget::from_uri(&Uri::from_static("/plain?"));
        assert_eq!((&target.path[..], target.query.len()), (&b"/plain"[..], 0));
        assert_eq!(target.path.as_ptr(), target.raw.as_ptr(), "nothing is copied");
        let raw_path = |raw: &'static str| RequestTarget::parse(raw.into()).0.raw_path();
        assert_eq!(&raw_path("//host/x")[..], b"/host/x");
        assert_eq!(&raw_path("http://host/x")[..], b"/");
    }

    proptest! {
        #[test]
        fn a_path_is_absolute_and_stays_the_same(sent in "/([a-c%2eEfF/.]|//|/\\.\\.|%2e){0,12}") {
            let (target, result) = RequestTarget::parse(sent.into());
            prop_assume!(result.is_ok());
            let path = target.path;
            prop_assert_eq!(path.first(), Some(&b'/'));
            let mut segments: Vec<_> = path.split(|&byte| byte == b'/').skip(1).collect();
            segments.pop_if(|last| last.is_empty());
            for segment in segments {
                prop_assert!(![&b""[..], b".", b".."].contains(&segment), "{:?}", path);
            }
            prop_assert_eq!(resolved(&path).unwrap(), path.to_vec());
        }

        #[test]
        fn dot_segments_are_those_of_the_rfc(sent in "(/[ab]|/\\.\\.|/\\.){1,8}/?") {
            // As in RFC 3986: against a base without a path, where the result does not leave the root.
            let mut expected: Vec<&str> = Vec::new();
            let mut above = false;
            for segment in sent.split('/').skip(1).filter(|segment| !segment.is_empty() && *segment != ".") {
                if segment == ".." { above |= expected.pop().is_none() } else { expected.push(segment) }
            }
            let (target, result) = RequestTarget::parse(sent.clone().into());
            prop_assert_eq!(result.is_err(), above);
            if !above {
                let joined = format!("/{}", expected.join("/"));
                let path = String::from_utf8_lossy(&target.path).into_owned();
                prop_assert_eq!(path.trim_end_matches('/'), joined.trim_end_matches('/'));
            }
        }
    }
}
