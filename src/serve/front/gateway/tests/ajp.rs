//! AJP: packets, bodies on demand, the secret.

use super::*;
use crate::protocol::ajp::{Attributes, CPONG, ForwardRequest, PACKET_HEADER, front};

/// `GET /` for a server named `a`, with these fields.
fn get<'a>(fields: &[(&'a str, &'a str)]) -> ForwardRequest<'a> {
    ForwardRequest {
        method: b"GET",
        protocol: b"HTTP/1.1",
        uri: b"/",
        remote_address: b"192.0.2.1",
        remote_host: None,
        server_name: b"a",
        server_port: 80,
        is_tls: false,
        fields: fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect(),
        attributes: Attributes::default(),
    }
}

fn packet(request: &ForwardRequest<'_>) -> Vec<u8> {
    front::packet(&front::forward(request))
}

/// The packets that a server sends, as text.
fn packets(mut said: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    while let [b'A', b'B', high, low, rest @ ..] = said {
        let (payload, rest) = rest.split_at(u16::from_be_bytes([*high, *low]).into());
        found.push(payload.escape_ascii().to_string());
        said = rest;
    }
    assert!(said.is_empty(), "{}", said.escape_ascii());
    found
}

const HEAD: &str =
    r"\x04\x00\xc8\x00\x02OK\x00\x00\x02\xa0\x01\x00\x18text/html; charset=utf-8\x00\xa0\x03\x00\x014\x00";
const CHUNK: &str = r"\x03\x00\x04page\x00";
const END: &str = r"\x05\x01";

#[tokio::test]
async fn requests_follow_one_another() {
    let mut sent = packet(&get(&[("host", "a")]));
    sent.extend(front::packet(b"\x0a"));
    // To stop, to say nothing, and what is not known.
    sent.extend(
        [front::packet(b"\x07"), front::packet(b"\x08"), front::packet(b"\x63x"), front::packet(b"")]
            .concat(),
    );
    sent.extend(packet(&get(&[])));
    let said = said_to::<Ajp>(&sent).await;
    let pong = CPONG[PACKET_HEADER..].escape_ascii().to_string();
    assert_eq!(packets(&said), [HEAD, CHUNK, END, &pong, HEAD, CHUNK, END]);
    for malformed in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &front::packet(b"\x02\x02\x00"), &packet(&get(&[]))[..9]]
    {
        assert_eq!(said_to::<Ajp>(malformed).await, b"", "{}", malformed.escape_ascii());
    }
}

#[tokio::test]
async fn packets_may_be_as_large_as_the_limit() {
    for (length, status) in [(LIMIT - 1, r"\x00\xc8"), (LIMIT, r"\x00\xc8"), (LIMIT + 1, r"\x01\xaf")] {
        let mut request = get(&[]);
        let others = front::forward(&request).len() + 1 + 3;
        let query = "x".repeat(length - others);
        request.attributes.query = Some(query.as_bytes());
        let said = said_to::<Ajp>(&packet(&request)).await;
        assert!(packets(&said)[0].starts_with(&format!(r"\x04{status}")), "{length}: {:?}", packets(&said));
    }
}

#[tokio::test]
async fn without_the_secret_nothing_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "swordfish\n").unwrap();
    for (sent, status) in
        [(None, r"\x01\x93"), (Some("swordfisH"), r"\x01\x93"), (Some("swordfish"), r"\x00\xc8")]
    {
        let mut request = get(&[]);
        request.attributes.secret = sent.map(str::as_bytes);
        let sent_packet = packet(&request);
        let said = said_to_with::<Ajp>(&sent_packet, |config| config.ajp_secret_file = Some(file.clone()));
        let said = packets(&said.await);
        assert!(said[0].starts_with(&format!(r"\x04{status}")), "{sent:?}: {said:?}");
    }
}

/// What becomes of these bytes as a body: its parts, the replies, and how it ends.
fn body(fields: &[(&str, &str)], length: Option<u64>, packets: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
    let settings = CodecSettings { head: LIMIT, connections: 1, ajp_secret: None };
    let mut codec = Ajp::new(settings);
    let mut replies = Vec::new();
    let mut received = BytesMut::from(&packet(&get(fields))[..]);
    let progress = codec.decode_head(&mut received, &mut replies);
    assert_eq!(progress, Ok(HeadProgress::Request { under_script_name: false }));
    codec.begin_body(length);
    let mut events = Vec::new();
    let mut packets = packets.iter();
    loop {
        match codec.decode_body(&mut received, &mut replies) {
            Ok(BodyProgress::Data(data)) => events.push(String::from_utf8_lossy(&data).into_owned()),
            Ok(BodyProgress::Incomplete { .. }) => match packets.next() {
                Some(packet) => received.extend_from_slice(packet),
                None => break,
            },
            Ok(BodyProgress::End) => events.push("end".to_owned()),
            Ok(BodyProgress::Aborted) => events.push("aborted".to_owned()),
            Err(error) => {
                events.push(error.into_owned());
                break;
            }
        }
    }
    (events, replies)
}

#[test]
fn bodies_come_as_they_are_asked_for() {
    const ASK: &[u8] = b"AB\x00\x03\x06\x1f\xfa";
    let (one, two, none) = (front::body(b"one"), front::body(b"two"), front::packet(b""));
    // Its length is known: the first packet comes by itself.
    assert_eq!(body(&[], Some(3), &[&one]), (vec!["one".into(), "end".into()], vec![]));
    assert_eq!(
        body(&[], Some(6), &[&one, &two]),
        (vec!["one".into(), "two".into(), "end".into()], ASK.to_vec())
    );
    let (events, _) = body(&[], Some(6), &[&one, &none]);
    assert_eq!(events, ["one", "the request body is shorter than Content-Length"]);
    let (events, _) = body(&[], Some(2), &[&one]);
    assert_eq!(events, ["the request body is longer than Content-Length"]);
    // Unknown: each is asked for.
    let chunked = [("Transfer-Encoding", "chunked")];
    let (events, asked) = body(&chunked, None, &[&one, &two, &front::body(b"")]);
    assert_eq!((events, asked), (vec!["one".into(), "two".into(), "end".into()], ASK.repeat(3)));
    // There is none.
    assert_eq!(body(&[], None, &[]), (vec!["end".into()], vec![]));
    assert_eq!(body(&[], Some(0), &[&front::packet(b"\x0a")]), (vec!["end".into()], CPONG.to_vec()));
    let (events, _) = body(&[], None, &[&packet(&get(&[]))]);
    assert_eq!(events, ["end", "a request follows before the response"]);
}

#[test]
fn what_a_front_server_may_say() {
    let mut request = get(&[
        ("host", "a"),
        ("X-Y", "1"),
        ("X_Y", "2"),
        ("content-type", "text/plain"),
        ("Proxy", "http://evil"),
        ("x y", "3"),
    ]);
    (request.uri, request.is_tls, request.server_port) = (b"/a%20b", true, 443);
    request.attributes = Attributes {
        query: Some(b"c=d"),
        remote_user: Some(b"somebody"),
        tls_certificate: Some(b"-----BEGIN\r\nxyz\n"),
        tls_key_size: Some(256),
        others: vec![
            (b"AJP_REMOTE_PORT", b"40000"),
            (b"AJP_SSL_PROTOCOL", b"TLSv1.3"),
            (b"SCRIPT_NAME", b"/evil"),
            (b"REMOTE_USER", b"root"),
            (b"javax.servlet.include.path_info", b"/WEB-INF"),
        ],
        ..Attributes::default()
    };
    let settings = CodecSettings { head: 65535, connections: 1, ajp_secret: None };
    let mut codec = Ajp::new(settings);
    codec.decode_head(&mut BytesMut::from(&packet(&request)[..]), &mut Vec::new()).unwrap();
    let variables: Vec<_> = codec
        .variables()
        .unwrap()
        .into_iter()
        .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()))
        .collect();
    assert_eq!(
        variables,
        [
            "REQUEST_METHOD=GET",
            "REQUEST_URI=/a%20b?c=d",
            "QUERY_STRING=c=d",
            "SERVER_PROTOCOL=HTTP/1.1",
            "SERVER_NAME=a",
            "SERVER_PORT=443",
            "REMOTE_ADDR=192.0.2.1",
            "HTTPS=on",
            "REMOTE_USER=somebody",
            "SSL_CLIENT_CERT=-----BEGINxyz",
            "SSL_CIPHER_USEKEYSIZE=256",
            "REMOTE_PORT=40000",
            "SSL_PROTOCOL=TLSv1.3",
            "HTTP_HOST=a",
            "HTTP_X_Y=1",
            "CONTENT_TYPE=text/plain",
            "HTTP_PROXY=http://evil",
        ]
    );
}
