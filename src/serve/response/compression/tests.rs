//! What of a response is compressed, for which clients, and what its head says.

use http::Response;
use http_body_util::{BodyExt, StreamBody};

use super::super::encoder::tests::readable;
use super::*;
use crate::serve::request::Client;
use crate::serve::request::variables::from_variables;

static FEW: Semaphore = Semaphore::const_new(5);
const BOTH: Compression =
    Compression { config: CompressionConfig { gzip: true, zstd: true }, encoders: &ENCODERS };

/// A response as the pipeline gets it.
fn response(fields: &[(&'static str, &'static str)], body: OutgoingBody) -> Response<OutgoingBody> {
    let mut response = Response::new(body);
    for (name, value) in fields {
        response.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    response
}

fn text(length: usize) -> OutgoingBody {
    OutgoingBody::text(vec![b'x'; length])
}

/// What comes of it for a request with these fields: its head and its body.
fn applied(
    compression: Compression,
    request: &[(&[u8], &[u8])],
    response: Response<OutgoingBody>,
) -> (Parts, OutgoingBody) {
    let mut variables = vec![(&b"REQUEST_URI"[..], &b"/"[..])];
    variables.extend_from_slice(request);
    let (request, _) = from_variables(&variables, false, Client::default()).unwrap();
    let (mut head, body) = response.into_parts();
    let (body, encoded) = compression.apply(&request, &mut head, body);
    if let Some(encoded) = encoded {
        assert_eq!(field(&head, "content-encoding"), Some(encoded.coding.name()));
    }
    (head, body)
}

fn accepting(value: &str) -> [(&'static [u8], &[u8]); 1] {
    [(b"HTTP_ACCEPT_ENCODING", value.as_bytes())]
}

fn field<'h>(head: &'h Parts, name: &str) -> Option<&'h str> {
    head.headers.get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn the_client_chooses_the_coding() {
    let only = |gzip, zstd| Compression::new(CompressionConfig { gzip, zstd });
    for (compression, value, expected) in [
        (BOTH, "gzip, deflate, br, zstd", Some("zstd")),
        (BOTH, "gzip, zstd;q=0.9", Some("gzip")),
        (BOTH, "*", Some("zstd")),
        (BOTH, "*, zstd;q=0", Some("gzip")),
        (BOTH, "identity;q=0, gzip;q=0.1", Some("gzip")),
        (BOTH, "identity, gzip;q=0.5", None),
        (BOTH, "identity;q=0.5, gzip;q=0.5", Some("gzip")),
        (BOTH, "identity;q=0", None),
        (BOTH, "br", None),
        (BOTH, "gzip;q=0", None),
        (BOTH, "", None),
        (only(true, false), "gzip, zstd", Some("gzip")),
        (only(true, false), "zstd", None),
        (only(false, true), "gzip, zstd", Some("zstd")),
        (only(false, true), "gzip", None),
    ] {
        let page = response(&[("content-type", "text/html")], text(2000));
        let (head, body) = applied(compression, &accepting(value), page);
        assert_eq!(field(&head, "content-encoding"), expected, "{value}");
        assert_eq!(field(&head, "vary"), Some("Accept-Encoding"), "{value}");
        assert_eq!(body.size_hint().exact().unwrap() < 100, expected.is_some(), "{value}");
    }
    assert!(!Compression::default().is_on() && only(false, true).is_on() && only(true, false).is_on());
}

#[test]
fn what_is_compressed_and_what_is_not() {
    let html = ("content-type", "text/html; charset=utf-8");
    let is_encoded = |status: u16, fields: &[(&'static str, &'static str)], body| {
        let mut response = response(fields, body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let (head, _) = applied(BOTH, &accepting("gzip"), response);
        (field(&head, "content-encoding") == Some("gzip"), head.headers.contains_key("vary"))
    };
    let (yes, no) = ((true, true), (false, false));
    for (kind, expected) in [
        ("TEXT/plain", yes),
        ("text/event-stream", yes),
        ("application/json;charset=utf-8", yes),
        ("application/problem+json", yes),
        ("image/svg+xml", yes),
        ("application/manifest+json", yes),
        ("application/wasm", yes),
        ("text/javascript", yes),
        ("image/png", no),
        ("font/woff2", no),
        ("application/octet-stream", no),
        ("application/grpc", no),
        ("text", no),
        ("+json", yes),
        ("", no),
    ] {
        assert_eq!(is_encoded(200, &[("content-type", kind)], text(2000)), expected, "{kind}");
    }
    assert_eq!(is_encoded(200, &[], text(2000)), no, "without a media type");
    assert_eq!(is_encoded(404, &[html], text(2000)), yes);
    assert_eq!(is_encoded(200, &[html], text(1023)), no);
    assert_eq!(is_encoded(200, &[html], text(1024)), yes);
    assert_eq!(
        is_encoded(200, &[html, ("content-length", "10")], text(2000)),
        no,
        "it says that it is short"
    );
    for status in [101, 204, 205] {
        assert_eq!(is_encoded(status, &[html], text(2000)), no, "{status}");
    }
    assert_eq!(is_encoded(206, &[html, ("content-range", "bytes 0-1999/3000")], text(2000)), (false, true));
    for field in [
        ("content-encoding", "br"),
        ("content-encoding", "identity"),
        ("content-range", "bytes 0-1999/3000"),
        ("cache-control", "max-age=1, No-Transform"),
        ("content-md5", "x"),
        ("repr-digest", "x"),
    ] {
        assert_eq!(is_encoded(200, &[html, field], text(2000)), no, "{field:?}");
    }
    let (head, _) =
        applied(BOTH, &accepting("gzip"), response(&[html, ("vary", "Cookie, accept-encoding")], text(2000)));
    assert_eq!(head.headers.get_all("vary").iter().count(), 1);
    let (head, _) = applied(BOTH, &accepting("gzip"), response(&[html, ("vary", "Cookie")], text(2000)));
    assert_eq!(head.headers.get_all("vary").iter().count(), 2);
}

#[tokio::test]
async fn the_head_is_that_of_the_compressed_body() {
    let fields = [
        ("content-type", "text/css"),
        ("content-length", "40000"),
        ("accept-ranges", "bytes"),
        ("etag", "\"a\""),
        ("last-modified", "Thu, 01 Jan 1970 00:16:40 GMT"),
    ];
    let (get, body) = applied(BOTH, &accepting("zstd"), response(&fields, text(40_000)));
    assert_eq!(field(&get, "etag"), Some("W/\"a\""));
    assert_eq!((field(&get, "content-length"), field(&get, "accept-ranges")), (None, None));
    assert!(field(&get, "last-modified").is_some());
    assert!(matches!(body, OutgoingBody::Encoded(_)), "it is more than is compressed at once");
    let bytes = body.collect().await.unwrap().to_bytes();
    assert_eq!(readable(Coding::Zstd, &bytes).len(), 40_000);

    let request = [&accepting("zstd")[..], &[(b"REQUEST_METHOD", b"HEAD")]].concat();
    let (head, body) = applied(BOTH, &request, response(&fields, OutgoingBody::Empty));
    assert_eq!(head.headers, get.headers);
    assert!(body.is_end_stream());

    let (plain, body) = applied(BOTH, &accepting("br"), response(&fields, text(40_000)));
    assert_eq!((field(&plain, "etag"), field(&plain, "content-length")), (Some("\"a\""), Some("40000")));
    assert_eq!((field(&plain, "vary"), body.size_hint().exact()), (Some("Accept-Encoding"), Some(40_000)));
    let weak = response(&[("content-type", "text/css"), ("etag", "W/\"a\"")], text(2000));
    assert_eq!(field(&applied(BOTH, &accepting("gzip"), weak).0, "etag"), Some("W/\"a\""));
}

#[test]
fn a_304_has_the_fields_of_the_response_that_the_client_has() {
    let tag = |known: &'static [u8], tag: &'static str| {
        let mut response = response(&[("etag", tag)], OutgoingBody::Empty);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        let request = [&accepting("gzip")[..], &[(b"HTTP_IF_NONE_MATCH", known)]].concat();
        let (head, _) = applied(BOTH, &request, response);
        assert_eq!(field(&head, "vary"), Some("Accept-Encoding"));
        field(&head, "etag").unwrap().to_owned()
    };
    assert_eq!(tag(b"\"a\"", "\"a\""), "\"a\"");
    assert_eq!(tag(b"\"b\", W/\"a\"", "\"a\""), "W/\"a\"");
    assert_eq!(tag(b"W/\"a\"", "W/\"a\""), "W/\"a\"");
}

/// Each of them takes memory while a slow client holds it.
#[tokio::test]
async fn when_too_many_are_compressed_the_next_is_sent_as_it_is() {
    let large = || {
        let frames = futures_util::stream::pending::<std::io::Result<http_body::Frame<bytes::Bytes>>>();
        response(
            &[("content-type", "text/css")],
            OutgoingBody::Stream(StreamBody::new(frames).boxed_unsync()),
        )
    };
    let few = Compression { encoders: &FEW, ..BOTH };
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(applied(few, &accepting("gzip"), large()).1);
    }
    assert!(held.iter().all(|body| matches!(body, OutgoingBody::Encoded(_))));
    let (plain, body) = applied(few, &accepting("gzip"), large());
    assert!(matches!(body, OutgoingBody::Stream(_)));
    assert_eq!((field(&plain, "content-encoding"), field(&plain, "vary")), (None, Some("Accept-Encoding")));
    let small = response(&[("content-type", "text/css")], text(2000));
    assert_eq!(field(&applied(few, &accepting("gzip"), small).0, "content-encoding"), Some("gzip"));
    held.pop();
    assert!(matches!(applied(few, &accepting("gzip"), large()).1, OutgoingBody::Encoded(_)));
}

#[test]
fn whole_bodies_are_taken_at_once() {
    assert!(text(10).take_whole(9).is_err_and(|body| body.size_hint().exact() == Some(10)));
    assert_eq!(text(10).take_whole(10).ok().unwrap().len(), 10);
    assert!(OutgoingBody::Empty.take_whole(10).ok().unwrap().is_empty());
}
