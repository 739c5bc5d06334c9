//! The CGI variables that a front server sends, back into a request. Pure: variables in, request
//! out.
//!
//! Facts about the client are copied. Variables that would change this process, or shadow a value
//! that is computed here, are dropped.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Version};

use super::forwarded::{self, FrontServer};
use super::host::{self, RequestHost};
use super::sent_target::SentTarget;
use super::{Client, NamedServer, Request, RequestError};
use crate::protocol::cgi_vars::Variable;
use crate::serve::config::Trust;

/// Makes a request of variables; with it the length of its body, if one says it. `under_script_name` says that PATH_INFO still begins with SCRIPT_NAME if it can.
///
/// # Errors
/// Variables that do not make a request, and why. One that is refused for what its client sent has a
/// [`fault`](Request::fault).
pub(in crate::serve) fn from_front(
    variables: &[Variable<'_>],
    under_script_name: bool,
    front: FrontServer<'_>,
) -> Result<(Request, Option<u64>), &'static str> {
    let mut sent = SentTarget::default();
    let mut client = Client::default();
    let mut server = NamedServer::default();
    let mut method = Method::GET;
    let mut protocol = Bytes::new();
    let mut fields = HeaderMap::with_capacity(variables.len());
    let mut other = Vec::new();
    let mut seen = Seen::default();
    for &(name, value) in variables {
        // Certificates have several lines (Apache's SSL_CLIENT_CERT); they do not become headers.
        let is_broken = |byte: &u8| *byte == 0 || (b"\r\n".contains(byte) && !name.starts_with(b"SSL_"));
        if value.iter().any(is_broken) {
            return Err("a variable contains NUL, CR or LF");
        }
        // Names become keys in Python, one byte long and ASCII.
        if name.len() > 255 || !name.iter().all(u8::is_ascii_graphic) {
            return Err("the name of a variable is invalid");
        }
        // As if absent, which is how some fronts send what a request does not have (nginx for GET).
        if value.is_empty() && matches!(name, b"CONTENT_LENGTH" | b"CONTENT_TYPE") {
            continue;
        }
        // Site configurations often set what nginx's own parameter file sets already.
        match seen.earlier(name, value) {
            Some(earlier) if earlier == value => continue,
            Some(_) => return Err("a variable that must be unique has two values"),
            None => {}
        }
        match name {
            b"CONTENT_LENGTH" => field(&mut fields, "content-length", value)?,
            b"CONTENT_TYPE" => field(&mut fields, "content-type", value)?,
            // nginx and lighttpd send these besides the CGI ones.
            b"HTTP_CONTENT_LENGTH" | b"HTTP_CONTENT_TYPE" => {}
            [b'H', b'T', b'T', b'P', b'_', rest @ ..] => {
                // What HTTP_FOO_BAR was spelled like is lost; `foo-bar` gives the same variable
                // again. HTTP_PROXY becomes `proxy`, which no application gets to see.
                let name = String::from_utf8_lossy(rest).replace('_', "-");
                field(&mut fields, &name, value)?;
            }
            b"REQUEST_METHOD" => {
                method = Method::from_bytes(value).map_err(|_| "REQUEST_METHOD is invalid")?;
            }
            b"REQUEST_URI" => sent.raw = Bytes::copy_from_slice(value),
            b"SCRIPT_NAME" => sent.script_name = value.to_vec(),
            b"PATH_INFO" => sent.path_info = Some(value.to_vec()),
            b"QUERY_STRING" => sent.query = Some(Bytes::copy_from_slice(value)),
            b"SERVER_NAME" if value.is_empty() => {}
            b"SERVER_NAME" => server.name = Some(Bytes::copy_from_slice(value)),
            b"SERVER_PORT" => server.port = Bytes::copy_from_slice(value),
            b"SERVER_PROTOCOL" => protocol = Bytes::copy_from_slice(value),
            b"REMOTE_ADDR" => client.address = Bytes::copy_from_slice(without_brackets(value)),
            b"REMOTE_PORT" => client.port = number(value).and_then(|n| n.try_into().ok()).unwrap_or(0),
            b"UWSGI_SCHEME" => seen.scheme(0, value),
            b"HTTPS" => seen.scheme(2, if is_on(value) { b"https" } else { b"" }),
            b"REQUEST_SCHEME" => seen.scheme(3, value),
            b"SERVER_SOFTWARE" => sent.is_unsplit |= value.starts_with(b"nginx/"),
            // Computed here.
            b"GATEWAY_INTERFACE" | b"RAW_URI" => {}
            _ if is_forbidden(name, front.trust) => {}
            b"SCRIPT_FILENAME" if value.starts_with(b"proxy:") => {
                sent.is_unsplit = true;
                other.push((Bytes::copy_from_slice(name), Bytes::copy_from_slice(value)));
            }
            _ => other.push((Bytes::copy_from_slice(name), Bytes::copy_from_slice(value))),
        }
    }
    let length = match fields.get(header::CONTENT_LENGTH) {
        Some(value) => Some(number(value.as_bytes()).ok_or("CONTENT_LENGTH is not a number")?),
        None => None,
    };
    // A front that does not say who its client is, is the client.
    if client.address.is_empty() {
        client = front.peer;
    }
    if front.is_believed {
        seen.forwarded(forwarded::https(&fields));
        let address = str::from_utf8(&client.address).ok().and_then(|address| address.parse().ok());
        // The front server knows who has connected to it. Further fronts are behind that only if it is one.
        if address.is_some_and(|address| forwarded::is_proxy(address, &front.trust.proxies)) {
            client = forwarded::client(&fields, &front.trust.proxies).unwrap_or(client);
        }
    }
    // PEP 3333 wants these always there; not every front sends them.
    let https = front.trust.is_https.unwrap_or_else(|| seen.https());
    if server.port.is_empty() {
        server.port = Bytes::from_static(if https { b"443" } else { b"80" });
    }
    if protocol.is_empty() {
        protocol = Bytes::from_static(b"HTTP/1.1");
    }
    let (target, script_name, resolved) = sent.target(under_script_name);
    let (host, fault) = match host::optional(&fields) {
        Ok(host) => (host, resolved.err().map(RequestError::from)),
        Err(error) => (RequestHost::default(), Some(error.into())),
    };
    let request = Request {
        client,
        server,
        https,
        host,
        method,
        protocol,
        version: Version::HTTP_11,
        target,
        script_name,
        has_prefix: under_script_name,
        fields,
        set_fields: Vec::new(),
        variables: other,
        websocket: None,
        tls: None,
        fault,
    };
    Ok((request, length))
}

/// The same of a front server that is not believed. `peer` is the client where no variable names another.
#[cfg(test)]
pub(in crate::serve) fn from_variables(
    variables: &[Variable<'_>],
    under_script_name: bool,
    peer: Client,
) -> Result<(Request, Option<u64>), &'static str> {
    let trust = Trust::default();
    from_front(variables, under_script_name, FrontServer { peer, trust: &trust, is_believed: false })
}

/// Variables that uWSGI obeys: with them, everything that can write to the socket could run code
/// here. Names with a dot belong to WSGI, those with CERTKIT_ to this program.
fn is_forbidden(name: &[u8], trust: &Trust) -> bool {
    let is_passed_on =
        || name == b"UWSGI_APPID" || trust.uwsgi_variables.iter().any(|allowed| allowed.as_bytes() == name);
    name.contains(&b'.') || name.starts_with(b"CERTKIT_") || (name.starts_with(b"UWSGI_") && !is_passed_on())
}

/// What was seen so far, of what matters once.
#[derive(Default)]
struct Seen<'a> {
    once: [Option<&'a [u8]>; 6],
    /// `https` or not, by falling precedence: UWSGI_SCHEME, forwarded headers, HTTPS, REQUEST_SCHEME.
    schemes: [Option<bool>; 4],
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

    fn forwarded(&mut self, https: Option<bool>) {
        let [_, forwarded, ..] = &mut self.schemes;
        *forwarded = https;
    }

    fn https(&self) -> bool {
        self.schemes.iter().flatten().next().copied().unwrap_or(false)
    }
}

fn field(fields: &mut HeaderMap, name: &str, value: &[u8]) -> Result<(), &'static str> {
    let name = HeaderName::try_from(name).map_err(|_| "the name of a header is invalid")?;
    let value =
        HeaderValue::from_bytes(value).map_err(|_| "the value of a header contains a control character")?;
    fields.append(name, value);
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
    use crate::serve::request::target::TargetError;

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

    fn decode(variables: &[(&str, &str)]) -> Result<(Request, Option<u64>), &'static str> {
        decode_under(variables, false)
    }

    fn decode_under(
        variables: &[(&str, &str)],
        under_script_name: bool,
    ) -> Result<(Request, Option<u64>), &'static str> {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        from_variables(&variables, under_script_name, Client { address: "peer".into(), port: 1 })
    }

    fn request(variables: &[(&str, &str)]) -> Request {
        decode(variables).unwrap().0
    }

    #[test]
    fn what_nginx_sends() {
        let (request, length) = decode(NGINX).unwrap();
        assert_eq!((&request.method, length), (&Method::POST, Some(5)));
        assert_eq!((&request.target.raw[..], &request.target.path[..]), (&b"/a%20b?a=b"[..], &b"/a b"[..]));
        assert_eq!(&request.target.query[..], b"a=b");
        let accept: Vec<_> = request.fields.get_all("accept").iter().collect();
        assert_eq!(accept, ["a", "b"]);
        assert_eq!(request.fields.get_all("content-length").iter().count(), 1);
        assert_eq!((&request.client.address[..], request.client.port), (&b"192.0.2.1"[..], 40000));
        assert_eq!((request.https, request.host.name()), (true, &b"test.example"[..]));
        assert_eq!(request.variables, [("DOCUMENT_ROOT".into(), "/srv".into())]);
        assert_eq!(request.fault, None);
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
        assert_eq!(request(&dangerous).variables, []);
    }

    #[test]
    fn the_scheme_is_the_first_that_is_told() {
        let https = |variables| request(variables).https;
        assert!(!https(&[]));
        assert!(!https(&[("SERVER_PORT", "443"), ("HTTP_X_FORWARDED_PROTO", "https")]));
        assert!(https(&[("REQUEST_SCHEME", "https")]));
        assert!(https(&[("HTTPS", "ON")]));
        assert!(https(&[("HTTPS", ""), ("REQUEST_SCHEME", "https")]));
        assert!(!https(&[("UWSGI_SCHEME", "http"), ("HTTPS", "on")]));
        assert!(https(&[("HTTPS", "1"), ("REQUEST_SCHEME", "http")]));
    }

    #[test]
    fn forwarded_headers_are_believed_of_some() {
        let variables: [(&[u8], &[u8]); 4] = [
            (b"REMOTE_ADDR", b"10.0.0.1"),
            (b"REQUEST_SCHEME", b"http"),
            (b"HTTP_X_FORWARDED_PROTO", b"https"),
            (b"HTTP_X_FORWARDED_FOR", b"192.0.2.9, 192.0.2.1, 10.0.0.2"),
        ];
        let asked = |variables: &[Variable<'_>], is_believed, proxies: &[&str], is_https| {
            let proxies = proxies.iter().map(|network| network.parse().unwrap()).collect();
            let trust = Trust { proxies, is_https, ..Trust::default() };
            let front = FrontServer { peer: Client::default(), trust: &trust, is_believed };
            let (request, _) = from_front(variables, false, front).unwrap();
            (request.https, String::from_utf8_lossy(&request.client.address).into_owned())
        };
        assert_eq!(asked(&variables, false, &["10.0.0.0/8"], None), (false, "10.0.0.1".into()));
        assert_eq!(asked(&variables, true, &["10.0.0.0/8"], None), (true, "192.0.2.1".into()));
        assert_eq!(asked(&variables, true, &[], None), (true, "10.0.0.1".into()));
        assert!(!asked(&variables, true, &[], Some(false)).0);
        assert!(asked(&variables, false, &[], Some(true)).0);
        let named = [&variables[..], &[(&b"UWSGI_SCHEME"[..], &b"http"[..])]].concat();
        assert!(!asked(&named, true, &[], None).0);
    }

    #[test]
    fn variables_of_rewriting_and_certificates_are_passed_on() {
        let sent = [
            ("SCRIPT_URL", "/app/x"),
            ("REDIRECT_URL", "/app/x"),
            ("SSL_CLIENT_CERT", "-----BEGIN CERTIFICATE-----\nxyz\n-----END CERTIFICATE-----\n"),
        ];
        let expected: Vec<_> =
            sent.iter().map(|(name, value)| (Bytes::from(*name), Bytes::from(*value))).collect();
        assert_eq!(request(&sent).variables, expected);
    }

    #[test]
    fn what_is_missing_is_filled_in() {
        let filled = request(&[("SCRIPT_NAME", "/app"), ("PATH_INFO", "/\u{e9} x"), ("QUERY_STRING", "q=1")]);
        assert_eq!(&filled.target.raw[..], b"/app/%C3%A9%20x?q=1");
        assert_eq!(
            (filled.server_name(), &filled.server.port[..], &filled.protocol[..]),
            (&b"localhost"[..], &b"80"[..], &b"HTTP/1.1"[..])
        );
        assert_eq!((&filled.client.address[..], filled.client.port), (&b"peer"[..], 1));
        assert_eq!(request(&[("HTTP_HOST", "a.example:1")]).server_name(), b"a.example");
    }

    #[test]
    fn the_path_is_that_of_the_front_server() {
        // SCRIPT_NAME, PATH_INFO and REQUEST_URI to the path; `-` for a variable that is absent.
        for (script_name, path_info, uri, expected) in [
            ("", "/x", "/old/x", "/x"),
            ("/app", "/x", "/other", "/app/x"),
            ("/app/", "/x", "", "/app/x"),
            ("/app", "", "", "/app"),
            ("/app", "x", "", "/app/x"),
            ("", "", "/x", "/"),
            ("", "-", "/a%20b/../c?d", "/c"),
            ("", "-", "", "/"),
            ("", "/a%20b", "", "/a%20b"),
            ("", "/a/../static//x", "", "/static/x"),
            ("/app", "/../x", "", "/x"),
            ("/app//./sub", "/x", "", "/app/sub/x"),
        ] {
            let variables = [("SCRIPT_NAME", script_name), ("PATH_INFO", path_info), ("REQUEST_URI", uri)];
            let sent: Vec<_> = variables.into_iter().filter(|(_, value)| *value != "-").collect();
            let request = request(&sent);
            assert_eq!(request.fault, None);
            assert_eq!(String::from_utf8_lossy(&request.target.path), expected, "{variables:?}");
        }
        for unsplit in
            [("SERVER_SOFTWARE", "nginx/1.22.1"), ("SCRIPT_FILENAME", "proxy:fcgi://127.0.0.1:1/app/x")]
        {
            let whole = request(&[("SCRIPT_NAME", "/app/x"), unsplit]);
            assert_eq!((&whole.script_name[..], &whole.target.path[..]), (&b""[..], &b"/app/x"[..]));
        }
        let under = |path_info| {
            let sent = [("SCRIPT_NAME", "/app"), ("PATH_INFO", path_info)];
            decode_under(&sent, true).unwrap().0.target.path
        };
        assert_eq!((&under("/app/x")[..], &under("/apple")[..]), (&b"/app/x"[..], &b"/app/apple"[..]));
        let fault = |variables| request(variables).fault;
        assert_eq!(fault(&[("PATH_INFO", "/../x")]), Some(TargetError::AboveRoot.into()));
        assert_eq!(fault(&[("REQUEST_URI", "/%00")]), Some(TargetError::Control.into()));
        assert!(fault(&[("HTTP_HOST", "a b")]).is_some());
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
            assert!(decode(variables).is_err(), "{variables:?}");
        }
        assert_eq!(decode(&[("CONTENT_LENGTH", ""), ("CONTENT_TYPE", "")]).unwrap().1, None);
        // nginx names it by itself, and configurations do once more.
        assert_eq!(decode(&[("CONTENT_LENGTH", "0"), ("CONTENT_LENGTH", "")]).unwrap().1, Some(0));
    }

    #[test]
    fn addresses_lose_brackets_and_zone() {
        assert_eq!(&request(&[("REMOTE_ADDR", "[fe80::1%eth0]")]).client.address[..], b"fe80::1");
    }
}
