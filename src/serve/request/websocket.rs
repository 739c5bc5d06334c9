//! Whether a client wants its connection, or its stream, to become a WebSocket.

use http::request::Parts;
use http::{HeaderMap, Method, Version, header};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;

/// What becomes of the client's connection, or stream, once the WebSocket is accepted; `None` if the client wants none
/// (RFC 6455 section 4.2.1, and for HTTP/2 RFC 8441 section 4).
pub(super) fn wanted(head: &mut Parts) -> Option<OnUpgrade> {
    let is_wanted = match head.version {
        Version::HTTP_2 => {
            let protocol = head.extensions.get::<Protocol>();
            head.method == Method::CONNECT
                && protocol.is_some_and(|name| name.as_str().eq_ignore_ascii_case("websocket"))
        }
        Version::HTTP_11 => {
            head.method == Method::GET
                && contains(&head.headers, &header::UPGRADE, "websocket")
                && contains(&head.headers, &header::CONNECTION, "upgrade")
        }
        _ => false,
    };
    is_wanted.then(|| head.extensions.remove()).flatten()
}

/// Whether a list has a member, in any case of letters.
fn contains(fields: &HeaderMap, name: &header::HeaderName, member: &str) -> bool {
    let members = fields.get_all(name).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let mut members = members.map(<[u8]>::trim_ascii);
    members.any(|listed| listed.eq_ignore_ascii_case(member.as_bytes()))
}
