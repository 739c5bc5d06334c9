//! Header fields of an application's response that are meant for the server.

use http::{HeaderMap, header};

/// nginx's field, which frameworks set for event streams behind it.
const BUFFERING: &str = "x-accel-buffering";

/// Whether the client is to get each piece of this response as it is made, and nothing is to wait in
/// between. `is_last` says that no other server stands between this one and the client, for which the
/// field would be too.
pub(in crate::serve) fn is_stream(headers: &mut HeaderMap, is_last: bool) -> bool {
    let unbuffered = headers.get(BUFFERING).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"no"));
    if is_last {
        headers.remove(BUFFERING);
    }
    unbuffered || headers.get(header::CONTENT_TYPE).is_some_and(|value| is_event_stream(value.as_bytes()))
}

/// `text/event-stream`, with parameters or without.
fn is_event_stream(value: &[u8]) -> bool {
    let media_type = value.split(|&byte| byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn streams_by_their_header_fields() {
        let case = |name: &'static str, value: &'static str, is_last| {
            let pair = (HeaderName::from_static(name), HeaderValue::from_static(value));
            let mut headers = HeaderMap::from_iter([pair]);
            (is_stream(&mut headers, is_last), headers.len())
        };
        assert_eq!(case("content-type", "text/event-stream", true), (true, 1));
        assert_eq!(case("content-type", "Text/Event-Stream ; charset=utf-8", true), (true, 1));
        assert_eq!(case("content-type", "text/event-streams", true), (false, 1));
        assert_eq!(case("x-accel-buffering", "no", true), (true, 0));
        assert_eq!(case("x-accel-buffering", "No", false), (true, 1));
        assert_eq!(case("x-accel-buffering", "yes", true), (false, 0));
    }
}
