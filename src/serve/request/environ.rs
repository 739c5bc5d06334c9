//! From a request to what a worker is given: the variables of PEP 3333, split into those that
//! repeat between the requests of one client (workers remember them) and those that change.

use bytes::Bytes;
use http::{HeaderMap, header};

use super::Request;
use super::body::Buffered;
use crate::protocol::cgi_vars;
use crate::protocol::marshal::DictWriter;
use crate::serve::worker::WorkerRequest;
use crate::tls::ClientIdentity;

/// Whether the value of a variable repeats between the requests of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recurrence {
    Repeated,
    Changing,
}

/// Where the path of a request is cut into SCRIPT_NAME and PATH_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum ScriptNameRule<'a> {
    /// Where the front server did.
    AsSent,
    /// SCRIPT_NAME is this, whatever was sent.
    Forced(&'a str),
    /// PATH_INFO is the path behind so many bytes; SCRIPT_NAME what is before it, unless it is forced to be something
    /// else.
    Mounted { forced: Option<&'a str>, length: usize },
}

impl Request {
    /// The request for a worker.
    pub(in crate::serve) fn worker_request(&self, rule: ScriptNameRule<'_>, body: Buffered) -> WorkerRequest {
        let (script_name, path_info) = self.script_name_and_path_info(rule);
        let mut repeated = DictWriter::new();
        let mut changing = DictWriter::new();
        self.variables(script_name, &self.fields, |recurrence, name, value| match recurrence {
            Recurrence::Repeated => repeated.insert(name, value),
            Recurrence::Changing => changing.insert(name, value),
        });
        // A chunked body that is here as a whole has a length now, which many applications need.
        if let Some(length) = body.length.filter(|&length| length > 0)
            && !self.fields.contains_key(header::CONTENT_LENGTH)
        {
            changing.insert(b"CONTENT_LENGTH", length.to_string().as_bytes());
        }
        WorkerRequest {
            method: self.method.clone(),
            uri: self.target.raw.clone(),
            path: path_info,
            query: self.target.query.clone(),
            remote_port: self.client.port,
            repeated: repeated.finish(),
            changing: (!changing.is_empty()).then(|| changing.finish()),
            body: body.first,
            rest: body.rest,
        }
    }

    /// Visits every variable but those of the request line (method, path, query, target) and REMOTE_PORT,
    /// which differ from request to request and have places of their own in a worker's message.
    fn variables(
        &self,
        script_name: &[u8],
        fields: &HeaderMap,
        mut visit: impl FnMut(Recurrence, &[u8], &[u8]),
    ) {
        use Recurrence::{Changing, Repeated};
        visit(Repeated, b"GATEWAY_INTERFACE", b"CGI/1.1");
        visit(Repeated, b"SERVER_SOFTWARE", concat!("certkit/", env!("CARGO_PKG_VERSION")).as_bytes());
        visit(Repeated, b"SCRIPT_NAME", script_name);
        visit(Repeated, b"SERVER_NAME", self.server_name());
        visit(Repeated, b"SERVER_PORT", &self.server.port);
        visit(Repeated, b"SERVER_PROTOCOL", &self.protocol);
        visit(Repeated, b"REMOTE_ADDR", &self.client.address);
        let scheme: &[u8] = if self.https { b"https" } else { b"http" };
        visit(Repeated, b"wsgi.url_scheme", scheme);
        visit(Repeated, b"REQUEST_SCHEME", scheme);
        if self.https {
            visit(Repeated, b"HTTPS", b"on");
        }
        self.tls_variables(|name, value| visit(Repeated, name, value));
        self.variables.iter().for_each(|(name, value)| visit(Changing, name, value));
        if !self.host.value().is_empty() {
            visit(Repeated, b"HTTP_HOST", self.host.value());
        }
        cgi_vars::header_variables(fields, |variable| {
            if *variable.header == header::HOST {
                return; // the target may have named another, which counts (RFC 9112 section 3.2.2)
            }
            let recurrence = if variable.is_changing() { Changing } else { Repeated };
            visit(recurrence, variable.name, variable.value);
        });
    }

    /// Visits the variables of the client's TLS, where it ends here.
    pub(super) fn tls_variables(&self, mut visit: impl FnMut(&[u8], &[u8])) {
        let Some(tls) = &self.tls else { return };
        visit(b"SSL_PROTOCOL", tls.protocol.as_bytes());
        visit(b"SSL_CIPHER", tls.cipher.as_bytes());
        if let Some(name) = &tls.server_name {
            visit(b"SSL_SERVER_NAME", name.as_bytes());
        }
        if let Some(client) = &tls.client {
            client_variables(client, visit);
        } else if tls.asks_client {
            visit(b"SSL_CLIENT_VERIFY", b"NONE");
        }
    }

    /// Visits every variable, for an upstream that speaks a gateway protocol: with these header fields, and with
    /// the length of the body if it is known.
    pub(in crate::serve) fn gateway_variables(
        &self,
        script_name: &str,
        path_info: &[u8],
        fields: &HeaderMap,
        length: Option<u64>,
        mut visit: impl FnMut(&[u8], &[u8]),
    ) {
        visit(b"REQUEST_METHOD", self.method.as_str().as_bytes());
        visit(b"REQUEST_URI", &self.target.raw);
        visit(b"PATH_INFO", path_info);
        visit(b"QUERY_STRING", &self.target.query);
        if self.client.port != 0 {
            visit(b"REMOTE_PORT", self.client.port.to_string().as_bytes());
        }
        let length = length.filter(|&length| length > 0 || fields.contains_key(header::CONTENT_LENGTH));
        if let Some(length) = length {
            visit(b"CONTENT_LENGTH", length.to_string().as_bytes());
        }
        self.variables(script_name.as_bytes(), fields, |_, name, value| {
            if name != b"wsgi.url_scheme" && name != b"CONTENT_LENGTH" {
                visit(name, value);
            }
        });
    }

    /// The path below the SCRIPT_NAME that was sent, and below `forced` if it can still begin with that.
    pub(in crate::serve) fn path_below(&self, forced: Option<&str>) -> &[u8] {
        let path = &self.target.path[..];
        let path = cgi_vars::below(&self.script_name, path).unwrap_or(path);
        let forced = forced.filter(|_| self.has_prefix);
        forced.and_then(|forced| cgi_vars::below(forced.as_bytes(), path)).unwrap_or(path)
    }

    /// What the application gets: together they are the path of the target, unless another
    /// SCRIPT_NAME is forced.
    pub(in crate::serve) fn script_name_and_path_info<'s>(
        &'s self,
        rule: ScriptNameRule<'s>,
    ) -> (&'s [u8], Bytes) {
        let path = &self.target.path[..];
        let before = |path_info: &[u8]| path.get(..path.len() - path_info.len()).unwrap_or_default();
        let (script_name, path_info) = match rule {
            ScriptNameRule::AsSent => {
                let below = self.path_below(None);
                (before(below), below)
            }
            ScriptNameRule::Forced(forced) => (forced.as_bytes(), self.path_below(Some(forced))),
            ScriptNameRule::Mounted { forced, length } => {
                let path_info = path.get(length..).unwrap_or_default();
                (forced.map_or_else(|| before(path_info), str::as_bytes), path_info)
            }
        };
        match (script_name, path_info) {
            ([], []) => (script_name, Bytes::from_static(b"/")),
            // It is what the path ends with.
            _ => (script_name, self.target.path.slice(path.len() - path_info.len()..)),
        }
    }
}

/// The variables of a client's certificate, by Apache's names.
fn client_variables(client: &ClientIdentity, mut visit: impl FnMut(&[u8], &[u8])) {
    visit(b"SSL_CLIENT_VERIFY", b"SUCCESS");
    for (name, value) in [
        ("SSL_CLIENT_S_DN", &client.subject),
        ("SSL_CLIENT_I_DN", &client.issuer),
        ("SSL_CLIENT_M_SERIAL", &client.serial),
        ("SSL_CLIENT_V_START", &client.not_before),
        ("SSL_CLIENT_V_END", &client.not_after),
        ("SSL_CLIENT_CERT", &client.pem),
    ] {
        visit(name.as_bytes(), value.as_bytes());
    }
    if let Some(name) = &client.common_name {
        visit(b"SSL_CLIENT_S_DN_CN", name.as_bytes());
    }
    for (kind, values) in [("Email", &client.mail), ("DNS", &client.dns_names)] {
        for (number, value) in values.iter().enumerate() {
            visit(format!("SSL_CLIENT_SAN_{kind}_{number}").as_bytes(), value.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{fastcgi, scgi, uwsgi};
    use crate::serve::request::Client;
    use crate::serve::request::body::Fault;
    use crate::serve::request::variables::from_variables;

    #[test]
    fn script_name_and_path_info_are_the_path() {
        // The settings; SCRIPT_NAME and PATH_INFO as sent; as the application gets them.
        for (forced, manage, sent, expected) in [
            (None, false, ("", "/x"), ("", "/x")),
            (None, false, ("/app", "/x"), ("/app", "/x")),
            (None, false, ("/app", ""), ("/app", "")),
            (None, false, ("/app", "/app/x"), ("/app", "/app/x")),
            (None, true, ("/app", "/app/x"), ("/app", "/x")),
            (None, true, ("/app", "/app"), ("/app", "")),
            (None, true, ("/app", "/apple"), ("/app", "/apple")),
            (None, false, ("/app", "/../x"), ("", "/x")),
            (None, false, ("", ""), ("", "/")),
            (Some("/new"), false, ("", "/x"), ("/new", "/x")),
            (Some("/new"), false, ("/old", "/x"), ("/new", "/x")),
            (Some("/new"), false, ("", "/new/x"), ("/new", "/new/x")),
            (Some("/new"), true, ("", "/new/x"), ("/new", "/x")),
            (Some(""), false, ("/old", ""), ("", "/")),
        ] {
            let variables: [(&[u8], &[u8]); 2] =
                [(b"SCRIPT_NAME", sent.0.as_bytes()), (b"PATH_INFO", sent.1.as_bytes())];
            let (request, _) = from_variables(&variables, manage, Client::default()).unwrap();
            let rule = forced.map_or(ScriptNameRule::AsSent, ScriptNameRule::Forced);
            let (script_name, path_info) = request.script_name_and_path_info(rule);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(
                (text(script_name), text(&path_info)),
                (expected.0.into(), expected.1.into()),
                "{sent:?}"
            );
        }
    }

    /// What a worker is given for a request without a body.
    fn given(request: &Request) -> WorkerRequest {
        let body = Buffered { first: Bytes::new(), rest: None, length: Some(0), fault: Fault::default() };
        request.worker_request(ScriptNameRule::AsSent, body)
    }

    #[test]
    fn every_gateway_protocol_carries_the_same_request() {
        let variables: [(&[u8], &[u8]); 16] = [
            (b"REQUEST_METHOD", b"PUT"),
            (b"REQUEST_URI", b"/app/a%20b/?c=%20"),
            (b"SCRIPT_NAME", b"/app"),
            (b"PATH_INFO", b"/a b/"),
            (b"QUERY_STRING", b"c=%20"),
            (b"SERVER_NAME", b"a.example"),
            (b"SERVER_PORT", b"443"),
            (b"SERVER_PROTOCOL", b"HTTP/2.0"),
            (b"REMOTE_ADDR", b"192.0.2.1"),
            (b"REMOTE_PORT", b"40000"),
            (b"HTTPS", b"on"),
            (b"REMOTE_USER", b"somebody"),
            (b"CONTENT_TYPE", b"text/plain"),
            (b"HTTP_HOST", b"a.example"),
            (b"HTTP_COOKIE", b"a=1"),
            (b"HTTP_X_LONG", &[b'x'; 300]),
        ];
        let (request, _) = from_variables(&variables, false, Client::default()).unwrap();
        let mut params = fastcgi::ParamsWriter::default();
        let mut head = scgi::RequestWriter::new(0);
        let mut pairs = Vec::new();
        request.gateway_variables("/app", b"/a b/", &request.fields, Some(0), |name, value| {
            params.insert(name, value);
            head.insert(name, value);
            pairs.push((name.to_vec(), value.to_vec()));
        });
        let pairs = pairs.iter().map(|(name, value)| (&name[..], &value[..]));
        let (params, head, packet) =
            (params.finish(), head.finish().unwrap(), uwsgi::encode_request(pairs).unwrap());
        let mut scgi = scgi::decode_head(&head, 65535).unwrap().unwrap().variables;
        // It names the length of a body that is not there.
        scgi.retain(|(name, _)| *name != b"CONTENT_LENGTH" && *name != b"SCGI");
        let expected = given(&request);
        for (protocol, variables) in [
            ("FastCGI", fastcgi::decode_params(&params).unwrap()),
            ("SCGI", scgi),
            ("uwsgi", uwsgi::decode_variables(&packet[uwsgi::HEADER_LENGTH..]).unwrap()),
        ] {
            let (carried, _) = from_variables(&variables, false, Client::default()).unwrap();
            let carried = given(&carried);
            assert_eq!(
                carried.repeated.escape_ascii().to_string(),
                expected.repeated.escape_ascii().to_string()
            );
            assert_eq!(carried.changing, expected.changing, "{protocol}");
            assert_eq!((&carried.method, &carried.uri), (&expected.method, &expected.uri), "{protocol}");
            assert_eq!((&carried.path, &carried.query), (&expected.path, &expected.query), "{protocol}");
            assert_eq!(carried.remote_port, 40000, "{protocol}");
        }
    }
}
