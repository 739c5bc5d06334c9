//! What an upstream is sent of a request's head: fields that belong to one connection stay behind, and what front
//! servers say of clients is written anew.

use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

use super::Forwarded;
use crate::serve::request::named::IN_PATH;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const USER: HeaderName = HeaderName::from_static("x-forwarded-user");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Fields of one connection (RFC 9110 section 7.6.1), and what older servers still take for such.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// What is written anew.
const REPLACED: [HeaderName; 6] = [FOR, HOST, PORT, PREFIX, PROTO, REAL_IP];

/// Orders to the front server, which this one does not follow.
const ORDERS: [&str; 3] = ["x-accel-redirect", "x-accel-limit-rate", "x-sendfile"];

/// In a path that is decoded, what another server may not take for a parameter is encoded too.
const DECODED: &AsciiSet = &IN_PATH.add(b';');

/// In a query that a rule has made.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Removes the fields of one connection, those named by Connection among them.
pub(super) fn remove_hop_by_hop(fields: &mut HeaderMap) {
    let mut named = Vec::new();
    for value in fields.get_all(header::CONNECTION) {
        let names = value.as_bytes().split(|&byte| byte == b',');
        named.extend(names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok()));
    }
    for name in named.iter().chain(&HOP_BY_HOP) {
        fields.remove(name);
    }
}

/// Keeps of the framing of a response what counts, as hyper has read it: one length, if its body did not come in chunks
/// (RFC 9112 section 6.3). `false` if the body has another coding, which is not decoded.
pub(super) fn rebuild_framing(fields: &mut HeaderMap) -> bool {
    let mut lengths = fields.get_all(header::CONTENT_LENGTH).iter();
    if let (Some(length), Some(_)) = (lengths.next(), lengths.next()) {
        let length = length.clone();
        fields.insert(header::CONTENT_LENGTH, length);
    }
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    let is_plain = match (codings.next(), codings.next()) {
        (None, _) => return true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    fields.remove(header::CONTENT_LENGTH);
    is_plain
}

/// Removes what a response says to the front server alone.
pub(super) fn remove_orders(fields: &mut HeaderMap) {
    for name in ORDERS {
        fields.remove(name);
    }
}

/// Asks for a WebSocket (RFC 6455 section 4.1). Clients by HTTP/2 send no key; one is made for them.
pub(super) fn ask_for_websocket(fields: &mut HeaderMap) {
    fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    fields.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    fields.entry(header::SEC_WEBSOCKET_KEY).or_insert_with(|| {
        let mut key = [0; 16];
        // It protects nothing: it only shows that the server knows the protocol.
        let _ = aws_lc_rs::rand::fill(&mut key);
        HeaderValue::try_from(STANDARD.encode(key)).unwrap_or_else(|_| HeaderValue::from_static(""))
    });
}

impl Forwarded<'_> {
    /// The fields of the request.
    pub(super) fn fields(&self) -> HeaderMap {
        let request = self.request;
        let mut fields = request.fields.clone();
        // Before ours are added, which a client could name in Connection otherwise. What rules have added stays.
        let kept: Vec<_> = request.set_fields.iter().map(|name| (name, fields.get(name).cloned())).collect();
        remove_hop_by_hop(&mut fields);
        for (name, value) in kept {
            value.into_iter().for_each(|value| drop(fields.insert(name, value)));
        }
        // This server has answered it, if it was to be answered.
        fields.remove(header::EXPECT);
        fields.remove("http2-settings");
        // `X_Real_IP` becomes the same variable as `X-Real-IP` in most servers.
        let ambiguous: Vec<_> = fields.keys().filter(|name| name.as_str().contains('_')).cloned().collect();
        ambiguous.iter().for_each(|name| drop(fields.remove(name)));
        // CVE-2016-5385 and its family: programs read HTTP_PROXY as a setting.
        fields.remove("proxy");
        let mut chain = Vec::new();
        if self.connection.is_trusted {
            for value in fields.get_all(FOR) {
                chain.extend_from_slice(value.as_bytes());
                chain.extend_from_slice(b", ");
            }
        }
        if !self.connection.is_trusted {
            let claims = |name: &&HeaderName| {
                name.as_str().starts_with("x-forwarded-") && !request.set_fields.contains(name)
            };
            let claimed: Vec<_> = fields.keys().filter(claims).cloned().collect();
            claimed.iter().chain([&header::FORWARDED]).for_each(|name| drop(fields.remove(name)));
        }
        let port = self.port(&fields);
        REPLACED.iter().for_each(|name| drop(fields.remove(name)));
        // Behind a gateway listener the client is who the front server says.
        let peer = &self.connection.peer_address;
        let last =
            if self.connection.is_trusted && !peer.is_empty() { peer } else { &request.client.address };
        if chain.is_empty() || !peer.is_empty() {
            chain.extend_from_slice(last);
        } else {
            chain.truncate(chain.len().saturating_sub(", ".len()));
        }
        // There is no REMOTE_USER in HTTP.
        let user = request.variable("REMOTE_USER").unwrap_or_default();
        let scheme: &[u8] = if request.https { b"https" } else { b"http" };
        for (name, value) in [
            (FOR, &chain[..]),
            (HOST, request.host.value()),
            (PORT, &port),
            (PREFIX, self.removed_prefix.as_bytes()),
            (PROTO, scheme),
            (REAL_IP, &request.client.address),
            (USER, &user),
        ] {
            if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_bytes(value)) {
                fields.insert(name, value);
            }
        }
        for (name, value) in self.added {
            fields.insert(name, value.clone());
        }
        match HeaderValue::from_bytes(request.host.value()) {
            Ok(host) if !host.is_empty() => drop(fields.insert(header::HOST, host)),
            _ => {}
        }
        fields
    }

    /// The port that the client has used: as a trusted front server says it, else that of Host, else that of the scheme. This
    /// server may listen at another one, and applications make links of it.
    fn port(&self, fields: &HeaderMap) -> Bytes {
        let told = fields.get_all(PORT).iter().next_back().filter(|_| self.connection.is_trusted);
        let host = &self.request.host;
        let named = host.value().get(host.name().len()..).and_then(|port| port.strip_prefix(b":"));
        let is_port = |port: &&[u8]| str::from_utf8(port).is_ok_and(|port| port.parse::<u16>().is_ok());
        let port = told.map(HeaderValue::as_bytes).filter(is_port).or_else(|| named.filter(is_port));
        let usual: &[u8] = if self.request.https { b"443" } else { b"80" };
        Bytes::copy_from_slice(port.unwrap_or(usual))
    }

    /// Whether a segment of the path is a dot segment to servers that cut parameters off first, such as Tomcat:
    /// `/x/..;/private` is `/private` there, which no rule here has seen.
    pub(super) fn is_ambiguous(&self) -> bool {
        let mut segments = self.request.target.path.split(|&byte| byte == b'/');
        segments.any(|segment| segment.starts_with(b".;") || segment.starts_with(b"..;"))
    }

    /// The path below the removed prefix, decoded.
    pub(super) fn path(&self) -> Bytes {
        let path = &self.request.target.path;
        match crate::protocol::cgi_vars::below(self.removed_prefix.as_bytes(), path) {
            Some([]) => Bytes::from_static(b"/"),
            Some(below) => path.slice(path.len() - below.len()..),
            None => path.clone(),
        }
    }

    /// The target of the request line: as it came, where it says to everybody what the rules here have seen; else
    /// that path, encoded anew. (Another server would find another path in `/public/../private`.)
    pub(super) fn target(&self) -> String {
        let target = &self.request.target;
        let raw = target.raw_path();
        let is_same = self.removed_prefix.is_empty() && percent_decode(&raw).eq(target.path.iter().copied());
        let mut sent = if is_same && raw.is_ascii() {
            String::from_utf8_lossy(&raw).into_owned()
        } else {
            percent_encode(&self.path(), DECODED).to_string()
        };
        if target.raw.contains(&b'?') || !target.query.is_empty() {
            sent.push('?');
            sent.extend(percent_encode(&target.query, QUERY));
        }
        sent
    }
}
