//! The CGI variables of a request (RFC 3875, PEP 3333): how an HTTP head becomes names and values.
//!
//! Values are bytes; on the way to Python they are decoded as latin-1 (PEP 3333 "native strings").

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// A name and its value.
pub type Variable<'a> = (&'a [u8], &'a [u8]);

/// Calls `visit(name, value)` for the variable of every header field an application may see.
///
/// Fields that repeat are joined: `; ` for Cookie (RFC 9113 section 8.2.3), `, ` for the rest (RFC
/// 9110 section 5.3). Of Content-Length, Content-Type, Host and Authorization only the first is
/// used, since these are not lists.
pub fn header_variables(headers: &HeaderMap, mut visit: impl FnMut(HeaderVariable<'_>)) {
    let mut name_buffer = Vec::with_capacity(64);
    let mut one = |name: &HeaderName, value: &[u8]| {
        if let Some(variable) = variable_name(name, &mut name_buffer) {
            visit(HeaderVariable { header: name, name: variable, value });
        }
    };
    if headers.len() == headers.keys_len() {
        headers.iter().for_each(|(name, value)| one(name, value.as_bytes()));
        return;
    }
    for name in headers.keys() {
        one(name, &joined(headers, name));
    }
}

/// A header field and the variable it becomes.
#[derive(Clone, Copy, Debug)]
pub struct HeaderVariable<'a> {
    pub header: &'a HeaderName,
    /// The variable's name: `HTTP_USER_AGENT`, `CONTENT_TYPE`.
    pub name: &'a [u8],
    /// The value; several are joined.
    pub value: &'a [u8],
}

impl HeaderVariable<'_> {
    /// Whether the value usually differs from one request of a client to the next. All others can
    /// be remembered.
    pub fn is_changing(&self) -> bool {
        // By the first byte, since most names are decided by it.
        match self.name.get(5) {
            Some(b'C') => *self.header == header::COOKIE,
            Some(b'R') => *self.header == header::REFERER || *self.header == header::RANGE,
            Some(b'A') => *self.header == header::AUTHORIZATION,
            Some(b'I') => self.name.starts_with(b"HTTP_IF_"),
            Some(b'N') => !self.name.starts_with(b"HTTP_"), // CONTENT_LENGTH and CONTENT_TYPE
            _ => false,
        }
    }
}

/// The variable of a header name, built in `buffer`; `None` where the application must not see the
/// field.
fn variable_name<'b>(name: &HeaderName, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
    // `Proxy` would become HTTP_PROXY, which programs read as a setting (httpoxy, CVE-2016-5385
    // and its family). Transfer-Encoding belongs to this connection; the body that the application
    // reads is decoded already.
    if *name == header::TRANSFER_ENCODING || name.as_str() == "proxy" {
        return None;
    }
    buffer.clear();
    if *name != header::CONTENT_LENGTH && *name != header::CONTENT_TYPE {
        buffer.extend_from_slice(b"HTTP_");
    }
    for &byte in name.as_str().as_bytes() {
        buffer.push(match byte {
            b'a'..=b'z' => byte.to_ascii_uppercase(),
            b'A'..=b'Z' | b'0'..=b'9' => byte,
            b'-' => b'_',
            // `X_Forwarded_For` would become the same as `X-Forwarded-For`, which a front server vouches
            // for.
            _ => return None,
        });
    }
    Some(buffer)
}

fn joined<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Cow<'h, [u8]> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let first = values.next().unwrap_or_default();
    let no_list = [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::HOST, header::AUTHORIZATION];
    if no_list.contains(name) {
        return first.into();
    }
    let separator: &[u8] = if *name == header::COOKIE { b"; " } else { b", " };
    values.fold(Cow::Borrowed(first), |mut all, value| {
        all.to_mut().extend_from_slice(separator);
        all.to_mut().extend_from_slice(value);
        all
    })
}

/// Removes a mount prefix (without trailing slash) from a path that is below it.
///
/// A prefix matches at a segment boundary only: `/app` matches `/app` and `/app/x`, not `/apple`.
pub fn below<'p>(prefix: &[u8], path: &'p [u8]) -> Option<&'p [u8]> {
    path.strip_prefix(prefix).filter(|rest| matches!(rest, [] | [b'/', ..]))
}

/// Cuts a Host value into name and port (RFC 9110 section 7.2), brackets of IPv6 kept; `None` when
/// it is malformed.
pub fn host_and_port(host: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let (name, port) = match host {
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|&byte| byte == b']')?;
            let (address, after) = rest.split_at_checked(end)?;
            let address = std::str::from_utf8(address).ok()?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            host.split_at_checked(host.len() - after.len() + 1)?
        }
        _ => {
            let end = host.iter().position(|&byte| byte == b':').unwrap_or(host.len());
            host.split_at_checked(end)?
        }
    };
    // RFC 3986 section 3.2.2, reg-name: a host name holds fewer kinds of characters, but `_` is
    // seen in practice.
    let name_is_good = name.first() == Some(&b'[')
        || name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte));
    if name.is_empty() || !name_is_good {
        return None;
    }
    match port {
        [] | [b':'] => Some((name, None)),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            let port = std::str::from_utf8(digits).ok()?.parse().ok()?;
            Some((name, Some(port)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(fields: &[(&str, &str)]) -> Vec<(String, String, bool)> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut found = Vec::new();
        header_variables(&headers, |variable| {
            found.push((text(variable.name), text(variable.value), variable.is_changing()));
        });
        found.sort();
        found
    }

    fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        variables(fields).into_iter().map(|(name, value, _)| (name, value)).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn names_are_made_the_cgi_way() {
        assert_eq!(
            pairs(&[("Foo-Bar", "1"), ("Content-Type", "text/plain"), ("Content-Length", "3"), ("X2", "")]),
            [
                pair("CONTENT_LENGTH", "3"),
                pair("CONTENT_TYPE", "text/plain"),
                pair("HTTP_FOO_BAR", "1"),
                pair("HTTP_X2", "")
            ]
        );
    }

    #[test]
    fn misleading_fields_are_dropped() {
        let fields = [
            ("Proxy", "http://evil"),
            ("X_Forwarded_For", "1.2.3.4"),
            ("X-Forwarded_For", "1.2.3.4"),
            ("X.Y", "1"),
            ("X!", "1"),
            ("Transfer-Encoding", "chunked"),
            ("Content_Length", "9"),
        ];
        assert_eq!(pairs(&fields), []);
    }

    #[test]
    fn repeated_fields_are_joined() {
        assert_eq!(
            pairs(&[
                ("Accept", "a"),
                ("Cookie", "a=1"),
                ("accept", "b"),
                ("cookie", "b=2"),
                ("Authorization", "first"),
                ("Authorization", "second"),
            ]),
            [
                pair("HTTP_ACCEPT", "a, b"),
                pair("HTTP_AUTHORIZATION", "first"),
                pair("HTTP_COOKIE", "a=1; b=2")
            ]
        );
    }

    #[test]
    fn which_values_change_from_request_to_request() {
        let changing = [
            "Authorization",
            "Content-Length",
            "Content-Type",
            "Cookie",
            "If-Match",
            "If-Modified-Since",
            "If-None-Match",
            "If-Range",
            "If-Unmodified-Since",
            "Range",
            "Referer",
        ];
        let steady = ["Accept", "Accept-Encoding", "Cache-Control", "Content-Language", "Host", "User-Agent"];
        let fields: Vec<_> = changing.iter().chain(&steady).map(|name| (*name, "1")).collect();
        let found: Vec<_> = variables(&fields)
            .into_iter()
            .filter(|(_, _, changing)| *changing)
            .map(|(name, _, _)| name)
            .collect();
        let mut expected: Vec<_> = changing
            .iter()
            .map(|name| {
                let name = name.to_uppercase().replace('-', "_");
                if name.starts_with("CONTENT") { name } else { format!("HTTP_{name}") }
            })
            .collect();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn prefixes_match_whole_segments() {
        assert_eq!(below(b"/app", b"/app"), Some(&b""[..]));
        assert_eq!(below(b"/app", b"/app/x"), Some(&b"/x"[..]));
        assert_eq!(below(b"/app", b"/apple"), None);
        assert_eq!(below(b"", b"/x"), Some(&b"/x"[..]));
    }

    #[test]
    fn hosts() {
        assert_eq!(host_and_port(b"a.example:8443"), Some((&b"a.example"[..], Some(8443))));
        assert_eq!(host_and_port(b"a_b"), Some((&b"a_b"[..], None)));
        assert_eq!(host_and_port(b"[::1]:80"), Some((&b"[::1]"[..], Some(80))));
        assert_eq!(host_and_port(b"[::1]"), Some((&b"[::1]"[..], None)));
        assert_eq!(host_and_port(b"a:"), Some((&b"a"[..], None)));
        for bad in [
            &b""[..],
            b":80",
            b"a:b",
            b"a:99999",
            b"a b",
            b"a/b",
            b"a@b",
            b"[::1",
            b"[::1]x",
            b"[x]",
            b"a:1:2",
            b"::1",
            b"a\xe9",
        ] {
            assert_eq!(host_and_port(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
