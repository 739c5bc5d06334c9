//! The CGI variables that a front server sends, back into a request. Pure: variables in, request
//! out.
//!
//! Facts about the client are copied. Variables that would change this process, or shadow a value
//! that is computed here, are dropped.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri, Version};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::serve::connection::Connection;

/// What a front server says of a request, beside its head.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct GatewayRequest {
    /// The target as the client sent it (REQUEST_URI).
    pub(in crate::serve) target: Bytes,
    pub(in crate::serve) script_name: Vec<u8>,
    pub(in crate::serve) path_info: Vec<u8>,
    pub(in crate::serve) query: Bytes,
    pub(in crate::serve) server_name: Vec<u8>,
    pub(in crate::serve) server_port: Vec<u8>,
    pub(in crate::serve) protocol: Vec<u8>,
    pub(in crate::serve) remote_address: Vec<u8>,
    pub(in crate::serve) remote_port: u16,
    pub(in crate::serve) https: bool,
    /// Whether PATH_INFO still begins with SCRIPT_NAME.
    pub(in crate::serve) under_script_name: bool,
    /// Variables that are passed on as they are, such as REMOTE_USER and DOCUMENT_ROOT.
    pub(in crate::serve) other: Vec<(Vec<u8>, Vec<u8>)>,
}

impl GatewayRequest {
    /// A front that does not say who its client is, is the client.
    pub(in crate::serve) fn fill_in_peer(&mut self, connection: &Connection) {
        if self.remote_address.is_empty() {
            self.remote_address = connection.peer_address.clone().into_bytes();
            self.remote_port = connection.peer_port;
        }
    }
}

/// Makes a request of variables; with it the length of its body. The error is for the front server.
pub(in crate::serve) fn decode(
    variables: &[(&[u8], &[u8])],
    under_script_name: bool,
) -> Result<(Request<()>, u64), &'static str> {
    let mut gateway = GatewayRequest { under_script_name, ..GatewayRequest::default() };
    let mut request = Request::new(());
    *request.version_mut() = Version::HTTP_11;
    let mut seen = Seen::default();
    for &(name, value) in variables {
        if value.iter().any(|byte| b"\0\r\n".contains(byte)) {
            return Err("a variable contains NUL, CR or LF");
        }
        // Names become keys in Python, one byte long and ASCII.
        if name.len() > 255 || !name.iter().all(u8::is_ascii_graphic) {
            return Err("the name of a variable is invalid");
        }
        // Site configurations often set what nginx's own parameter file sets already.
        match seen.earlier(name, value) {
            Some(earlier) if earlier == value => continue,
            Some(_) => return Err("a variable that must be unique has two values"),
            None => {}
        }
        match name {
            // As if absent, which is how some fronts send what a request does not have (nginx for
            // GET).
            b"CONTENT_LENGTH" | b"CONTENT_TYPE" if value.is_empty() => {}
            b"CONTENT_LENGTH" => field(&mut request, "content-length", value)?,
            b"CONTENT_TYPE" => field(&mut request, "content-type", value)?,
            // nginx and lighttpd send these besides the CGI ones.
            b"HTTP_CONTENT_LENGTH" | b"HTTP_CONTENT_TYPE" => {}
            [b'H', b'T', b'T', b'P', b'_', rest @ ..] => {
                // What HTTP_FOO_BAR was spelled like is lost; `foo-bar` gives the same variable
                // again. HTTP_PROXY becomes `proxy`, which no application gets to see.
                let name = String::from_utf8_lossy(rest).replace('_', "-");
                field(&mut request, &name, value)?;
            }
            b"REQUEST_METHOD" => {
                *request.method_mut() = Method::from_bytes(value).map_err(|_| "REQUEST_METHOD is invalid")?;
            }
            b"REQUEST_URI" => gateway.target = Bytes::copy_from_slice(value),
            b"SCRIPT_NAME" => gateway.script_name = value.to_vec(),
            b"PATH_INFO" => gateway.path_info = value.to_vec(),
            b"QUERY_STRING" => gateway.query = Bytes::copy_from_slice(value),
            b"SERVER_NAME" => gateway.server_name = value.to_vec(),
            b"SERVER_PORT" => gateway.server_port = value.to_vec(),
            b"SERVER_PROTOCOL" => gateway.protocol = value.to_vec(),
            b"REMOTE_ADDR" => gateway.remote_address = without_brackets(value).to_vec(),
            b"REMOTE_PORT" => {
                gateway.remote_port = number(value).and_then(|n| n.try_into().ok()).unwrap_or(0)
            }
            b"UWSGI_SCHEME" => seen.scheme(0, value),
            b"HTTPS" => seen.scheme(1, if is_on(value) { b"https" } else { b"" }),
            b"REQUEST_SCHEME" => seen.scheme(2, value),
            // Computed here.
            b"GATEWAY_INTERFACE" | b"RAW_URI" | b"SERVER_SOFTWARE" => {}
            _ if is_forbidden(name) => {}
            _ => gateway.other.push((name.to_vec(), value.to_vec())),
        }
    }
    fill_in(&mut gateway, &seen);
    let length = match request.headers().get(header::CONTENT_LENGTH) {
        Some(value) => number(value.as_bytes()).ok_or("CONTENT_LENGTH is not a number")?,
        None => 0,
    };
    *request.uri_mut() = uri(&gateway);
    request.extensions_mut().insert(gateway);
    Ok((request, length))
}

/// Variables that uWSGI obeys: with them, everything that can write to the socket could run code
/// here. Names with a dot belong to WSGI, those with CERTKIT_ to this program.
fn is_forbidden(name: &[u8]) -> bool {
    let harmless = name == b"UWSGI_APPID";
    name.contains(&b'.') || name.starts_with(b"CERTKIT_") || (name.starts_with(b"UWSGI_") && !harmless)
}

/// What was seen so far, of what matters once.
#[derive(Default)]
struct Seen<'a> {
    once: [Option<&'a [u8]>; 6],
    /// `https` or not, by falling precedence: UWSGI_SCHEME, HTTPS, REQUEST_SCHEME.
    schemes: [Option<bool>; 3],
}

impl<'a> Seen<'a> {
    /// The value that was seen earlier, of a variable whose values are never joined.
    fn earlier(&mut self, name: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
        const ONCE: [&[u8]; 6] = [
            b"CONTENT_LENGTH",
            b"HTTP_HOST",
            b"HTTP_AUTHORIZATION",
            b"REMOTE_ADDR",
            b"HTTPS",
            b"REQUEST_METHOD",
        ];
        let (_, seen) = ONCE.iter().zip(&mut self.once).find(|(once, _)| **once == name)?;
        seen.replace(value)
    }

    fn scheme(&mut self, rank: usize, value: &[u8]) {
        if let Some(scheme) = self.schemes.get_mut(rank) {
            *scheme = match value {
                b"https" => Some(true),
                b"http" => Some(false),
                _ => None,
            };
        }
    }

    fn https(&self) -> bool {
        self.schemes.iter().flatten().next().copied().unwrap_or(false)
    }
}

/// PEP 3333 wants these always there; not every front sends them.
fn fill_in(gateway: &mut GatewayRequest, seen: &Seen<'_>) {
    gateway.https = seen.https();
    let defaults: [(&mut Vec<u8>, &[u8]); 3] = [
        (&mut gateway.server_name, b"localhost"),
        (&mut gateway.server_port, if seen.https() { b"443" } else { b"80" }),
        (&mut gateway.protocol, b"HTTP/1.1"),
    ];
    for (value, default) in defaults {
        if value.is_empty() {
            value.extend_from_slice(default);
        }
    }
    if gateway.target.is_empty() {
        let mut target = percent_encode(&gateway.script_name, PATH).to_string();
        target.extend(percent_encode(&gateway.path_info, PATH));
        let mut target = target.into_bytes();
        if !gateway.query.is_empty() {
            target.push(b'?');
            target.extend_from_slice(&gateway.query);
        }
        gateway.target = target.into();
    }
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

/// The target for routes and the log. One that is not a URI is rebuilt from the decoded path.
fn uri(gateway: &GatewayRequest) -> Uri {
    let parse = |target: &[u8]| {
        let target = PathAndQuery::try_from(target).ok().filter(|target| target.as_str().starts_with('/'))?;
        Some(Uri::from(target))
    };
    parse(&gateway.target)
        .or_else(|| parse(percent_encode(&gateway.path_info, PATH).to_string().as_bytes()))
        .unwrap_or_default()
}

fn field(request: &mut Request<()>, name: &str, value: &[u8]) -> Result<(), &'static str> {
    let name = HeaderName::try_from(name).map_err(|_| "the name of a header is invalid")?;
    let value =
        HeaderValue::from_bytes(value).map_err(|_| "the value of a header contains a control character")?;
    request.headers_mut().append(name, value);
    Ok(())
}

/// Digits and nothing else.
fn number(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn is_on(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"on") || value == b"1"
}

/// `[fe80::1%eth0]` is `fe80::1` in CGI.
fn without_brackets(address: &[u8]) -> &[u8] {
    let address = address.strip_prefix(b"[").unwrap_or(address);
    let address = address.strip_suffix(b"]").unwrap_or(address);
    address.split(|&byte| byte == b'%').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NGINX: &[(&str, &str)] = &[
        ("QUERY_STRING", "a=b"),
        ("REQUEST_METHOD", "POST"),
        ("CONTENT_TYPE", "text/plain"),
        ("CONTENT_LENGTH", "5"),
        ("REQUEST_URI", "/a%20b?a=b"),
        ("PATH_INFO", "/a b"),
        ("DOCUMENT_ROOT", "/srv"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("REQUEST_SCHEME", "https"),
        ("HTTPS", "on"),
        ("REMOTE_ADDR", "192.0.2.1"),
        ("REMOTE_PORT", "40000"),
        ("SERVER_PORT", "443"),
        ("SERVER_NAME", "test.example"),
        ("HTTP_HOST", "test.example"),
        ("HTTP_CONTENT_LENGTH", "5"),
        ("HTTP_PROXY", "http://evil"),
        ("HTTP_ACCEPT", "a"),
        ("HTTP_ACCEPT", "b"),
    ];

    fn decode_text(variables: &[(&str, &str)]) -> Result<(Request<()>, u64), &'static str> {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        decode(&variables, false)
    }

    fn gateway(variables: &[(&str, &str)]) -> GatewayRequest {
        decode_text(variables).unwrap().0.extensions_mut().remove::<GatewayRequest>().unwrap()
    }

    #[test]
    fn what_nginx_sends() {
        let (request, length) = decode_text(NGINX).unwrap();
        assert_eq!((request.method(), length), (&Method::POST, 5));
        assert_eq!(request.uri(), "/a%20b?a=b");
        let accept: Vec<_> = request.headers().get_all("accept").iter().collect();
        assert_eq!(accept, ["a", "b"]);
        assert_eq!(request.headers().get_all("content-length").iter().count(), 1);
        let gateway = request.extensions().get::<GatewayRequest>().unwrap();
        assert_eq!(gateway.path_info, b"/a b");
        assert_eq!((&gateway.remote_address[..], gateway.remote_port), (&b"192.0.2.1"[..], 40000));
        assert!(gateway.https);
        assert_eq!(gateway.other, [(b"DOCUMENT_ROOT".to_vec(), b"/srv".to_vec())]);
    }

    #[test]
    fn nothing_from_the_wire_runs_code_or_shadows() {
        let dangerous = [
            ("UWSGI_FILE", "/tmp/x.py"),
            ("UWSGI_SCRIPT", "x"),
            ("UWSGI_CHDIR", "/"),
            ("UWSGI_SETENV", "A=B"),
            ("wsgi.url_scheme", "https"),
            ("wsgi.input", "x"),
            ("CERTKIT_KEY", "x"),
            ("RAW_URI", "/x"),
            ("SERVER_SOFTWARE", "x"),
        ];
        assert_eq!(gateway(&dangerous).other, []);
    }

    #[test]
    fn the_scheme_is_the_first_that_is_told() {
        let https = |variables| gateway(variables).https;
        assert!(!https(&[]));
        assert!(!https(&[("SERVER_PORT", "443"), ("HTTP_X_FORWARDED_PROTO", "https")]));
        assert!(https(&[("REQUEST_SCHEME", "https")]));
        assert!(https(&[("HTTPS", "ON")]));
        assert!(https(&[("HTTPS", ""), ("REQUEST_SCHEME", "https")]));
        assert!(!https(&[("UWSGI_SCHEME", "http"), ("HTTPS", "on")]));
        assert!(https(&[("HTTPS", "1"), ("REQUEST_SCHEME", "http")]));
    }

    #[test]
    fn what_is_missing_is_filled_in() {
        let gateway =
            gateway(&[("SCRIPT_NAME", "/app"), ("PATH_INFO", "/\u{e9} x"), ("QUERY_STRING", "q=1")]);
        assert_eq!(gateway.target, "/app/%C3%A9%20x?q=1");
        assert_eq!(
            (&gateway.server_name[..], &gateway.server_port[..], &gateway.protocol[..]),
            (&b"localhost"[..], &b"80"[..], &b"HTTP/1.1"[..])
        );
    }

    #[test]
    fn broken_values_are_refused() {
        for variables in [
            &[("CONTENT_LENGTH", "+5")][..],
            &[("CONTENT_LENGTH", "99999999999999999999")],
            &[("CONTENT_LENGTH", "5"), ("CONTENT_LENGTH", "6")],
            &[("HTTP_HOST", "a"), ("HTTP_HOST", "b")],
            &[("HTTP_X", "a\nb")],
            &[("HTTP_X", "a\u{1}b")],
            &[("HTTP_", "a")],
            &[("A B", "a")],
            &[("REQUEST_METHOD", "GET POST")],
            &[("PATH_INFO", "/\0")],
        ] {
            assert!(decode_text(variables).is_err(), "{variables:?}");
        }
        assert_eq!(decode_text(&[("CONTENT_LENGTH", ""), ("CONTENT_TYPE", "")]).unwrap().1, 0);
    }

    #[test]
    fn addresses_lose_brackets_and_zone() {
        assert_eq!(gateway(&[("REMOTE_ADDR", "[fe80::1%eth0]")]).remote_address, b"fe80::1");
    }
}
