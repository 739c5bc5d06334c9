//! What front servers say of their clients in headers, as far as they are believed.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};

use super::{Client, Request};
use crate::serve::config::{Trust, TrustedNetwork};
use crate::serve::connection::Connection;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const SSL: HeaderName = HeaderName::from_static("x-forwarded-ssl");

/// The front server at the other end of a gateway connection.
pub(in crate::serve) struct FrontServer<'a> {
    /// Its own address: the client where it names none.
    pub(super) peer: Client,
    pub(super) trust: &'a Trust,
    /// Whether the headers that it passes on are believed.
    pub(super) is_believed: bool,
}

impl<'a> FrontServer<'a> {
    pub(in crate::serve) fn new(connection: &Connection, trust: &'a Trust) -> Self {
        let is_believed = trust.forwarded && (trust.proxies.is_empty() || connection.is_trusted);
        Self { peer: Client::peer(connection), trust, is_believed }
    }
}

/// A request by HTTP as its client made it, if a front server is believed.
pub(in crate::serve) fn apply(request: &mut Request, trust: &Trust, connection: &Connection) {
    if connection.is_trusted {
        request.https = https(&request.fields).unwrap_or(request.https);
        if let Some(client) = client(&request.fields, &trust.proxies) {
            request.client = client;
        }
    }
    request.https = trust.is_https.unwrap_or(request.https);
}

/// Whether the client uses https, as the last front server says it (`X-Forwarded-Proto`, `X-Forwarded-Ssl`).
pub(super) fn https(fields: &HeaderMap) -> Option<bool> {
    let last = |name: &HeaderName| {
        let value = fields.get_all(name).iter().next_back()?.as_bytes();
        value.rsplit(|&byte| byte == b',').next().map(|last| last.trim_ascii().to_ascii_lowercase())
    };
    let proto = last(&PROTO).and_then(|proto| match &proto[..] {
        b"https" | b"wss" => Some(true),
        b"http" | b"ws" => Some(false),
        _ => None,
    });
    proto.or_else(|| match &last(&SSL)?[..] {
        b"on" | b"1" => Some(true),
        b"off" | b"0" => Some(false),
        _ => None,
    })
}

/// The client: of all that `X-Forwarded-For` lists, the last one that is not a trusted front server.
pub(super) fn client(fields: &HeaderMap, proxies: &[TrustedNetwork]) -> Option<Client> {
    let mut first = None;
    for value in fields.get_all(&FOR).iter().rev() {
        for entry in value.as_bytes().rsplit(|&byte| byte == b',') {
            // Nobody knows who wrote what stands before something that is not an address.
            let Some(address) = address(entry.trim_ascii()) else { return first };
            first = Some(Client { address: Bytes::from(address.to_string()), port: 0 });
            if !is_proxy(address, proxies) {
                return first;
            }
        }
    }
    first
}

/// Whether front servers are there.
pub(in crate::serve) fn is_proxy(address: IpAddr, proxies: &[TrustedNetwork]) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// `192.0.2.1`, `2001:db8::1`, each perhaps with a port, the second perhaps in brackets.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fields(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in pairs {
            fields.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        fields
    }

    #[test]
    fn the_client_is_the_last_one_that_is_not_trusted() {
        let proxies: Vec<TrustedNetwork> =
            ["10.0.0.0/8", "2001:db8::/32"].iter().map(|network| network.parse().unwrap()).collect();
        for (values, expected) in [
            (&["192.0.2.1"][..], Some("192.0.2.1")),
            (&["192.0.2.9, 192.0.2.1, 10.0.0.1"], Some("192.0.2.1")),
            (&["192.0.2.9", "192.0.2.1 , 10.0.0.1", "10.0.0.2,2001:db8::5"], Some("192.0.2.1")),
            (&["10.0.0.1, 10.0.0.2"], Some("10.0.0.1")),
            (&["192.0.2.1:4000, [2001:db8::1]:5, [2001:db8::2]"], Some("192.0.2.1")),
            (&["::ffff:192.0.2.1"], Some("192.0.2.1")),
            (&["192.0.2.1, unknown, 10.0.0.1"], Some("10.0.0.1")),
            (&["unknown"], None),
            (&["192.0.2.1, "], None),
            (&[""], None),
            (&[], None),
        ] {
            let pairs: Vec<_> = values.iter().map(|value| ("x-forwarded-for", *value)).collect();
            let client = client(&fields(&pairs), &proxies).map(|client| client.address);
            assert_eq!(client.as_deref(), expected.map(str::as_bytes), "{values:?}");
        }
    }

    #[test]
    fn the_scheme_is_the_last_that_is_told() {
        for (pairs, expected) in [
            (&[("x-forwarded-proto", "https")][..], Some(true)),
            (&[("x-forwarded-proto", "http, HTTPS")], Some(true)),
            (&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")], Some(false)),
            (&[("x-forwarded-proto", "wss")], Some(true)),
            (&[("x-forwarded-proto", "gopher")], None),
            (&[("x-forwarded-proto", "gopher"), ("x-forwarded-ssl", "on")], Some(true)),
            (&[("x-forwarded-ssl", "off")], Some(false)),
            (&[("x-forwarded-proto", "")], None),
            (&[], None),
        ] {
            assert_eq!(https(&fields(pairs)), expected, "{pairs:?}");
        }
    }
}
