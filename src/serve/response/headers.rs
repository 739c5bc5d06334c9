//! Header fields of responses: those of an application that are meant for the server, and those that settings and rules
//! add or remove.

use std::time::SystemTime;

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use crate::serve::field_name::AddedField;

/// nginx's field, which frameworks set for event streams behind it.
const BUFFERING: &str = "x-accel-buffering";

/// What settings or rules change in the head of a response.
#[derive(Debug, Default)]
pub(in crate::serve) struct FieldEdits {
    pub(in crate::serve) added: Vec<AddedField>,
    pub(in crate::serve) removed: Vec<HeaderName>,
    /// Whether the connection is closed behind the response.
    pub(in crate::serve) closes: bool,
    /// Whether the request is left out of the access log.
    pub(in crate::serve) is_unlogged: bool,
}

impl FieldEdits {
    /// What settings ask for.
    pub(in crate::serve) fn new(added: &[AddedField], removed: Vec<HeaderName>) -> Self {
        let mut edits = Self { removed, ..Self::default() };
        added.iter().for_each(|field| edits.add(&field.name, &field.value));
        edits
    }

    /// Adds a field; `Connection: close` is what it says, and other values of that are the server's business.
    pub(in crate::serve) fn add(&mut self, name: &HeaderName, value: &HeaderValue) {
        if *name == header::CONNECTION {
            self.closes |= value.as_bytes().eq_ignore_ascii_case(b"close");
        } else {
            self.added.push(AddedField { name: name.clone(), value: value.clone() });
        }
    }

    /// Makes all changes to the head of a response. As in uWSGI: what is removed is what the response has by itself,
    /// and what is added comes behind that.
    pub(in crate::serve) fn apply(all: &[&Self], headers: &mut HeaderMap, version: Version) {
        for name in all.iter().flat_map(|edits| &edits.removed) {
            headers.remove(name);
        }
        for AddedField { name, value } in all.iter().flat_map(|edits| &edits.added) {
            // An application that fills the map by itself gets no more.
            let _ = headers.try_append(name, value.clone());
        }
        // RFC 9113 section 8.2.2: not in HTTP/2. A connection that is upgraded has its own end.
        let closes = all.iter().any(|edits| edits.closes);
        if closes && version != Version::HTTP_2 && !headers.contains_key(header::UPGRADE) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// What protects browsers and costs nothing: they do not guess media types, tell other sites where the user comes from, but
/// not from which page, and show the page in frames of the same site only.
const SECURE: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
];

/// Adds the fields that protect browsers, where the response has none of its own.
pub(in crate::serve) fn secure(headers: &mut HeaderMap) {
    for (name, value) in SECURE {
        if !headers.contains_key(&name) {
            // An application that fills the map by itself gets no more.
            let _ = headers.try_insert(name, value);
        }
    }
}

/// A date as header fields have it, within the years that it can say.
pub(in crate::serve) fn http_date(time: SystemTime) -> String {
    /// The last second of the year 9999 (RFC 9110 section 5.6.7 has four digits for the year).
    const LAST: u64 = 253_402_300_799;
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs().min(LAST));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
}

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
    use super::*;

    #[test]
    fn fields_are_removed_then_added() {
        let added = ["X-A: 2", "Connection: close"].map(|field| field.parse().unwrap());
        let edits = FieldEdits::new(&added, vec![HeaderName::from_static("x-b")]);
        let after = |version| {
            let mut headers = HeaderMap::new();
            headers.insert("x-a", HeaderValue::from_static("1"));
            headers.insert("x-b", HeaderValue::from_static("1"));
            FieldEdits::apply(&[&edits], &mut headers, version);
            let values = headers.get_all("x-a").iter().map(|value| value.to_str().unwrap().to_owned());
            (values.collect::<Vec<_>>(), headers.contains_key("x-b"), headers.contains_key("connection"))
        };
        assert_eq!(after(Version::HTTP_11), (vec!["1".into(), "2".into()], false, true));
        assert_eq!(after(Version::HTTP_2), (vec!["1".into(), "2".into()], false, false));
        assert_eq!(http_date(SystemTime::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

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
