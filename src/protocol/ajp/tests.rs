//! The bytes of the reference, limits, and properties of both directions.

use proptest::prelude::*;

use super::*;

/// `GET /x` as Apache sends it.
const GET: &[u8] = b"\x02\x02\x00\x08HTTP/1.1\0\x00\x02/x\0\x00\x09127.0.0.1\0\xff\xff\x00\x01a\0\x00P\x00\
    \x00\x02\xa0\x0b\x00\x01a\0\x00\x03X-Y\0\x00\x00\0\x05\x00\x01q\0\x0a\x00\x0fAJP_REMOTE_PORT\0\x00\x0240\0\xff";

#[test]
fn the_bytes_of_the_reference() {
    let request = decode_forward(GET).unwrap();
    assert_eq!((request.method, request.protocol, request.uri), (&b"GET"[..], &b"HTTP/1.1"[..], &b"/x"[..]));
    assert_eq!((request.remote_address, request.remote_host), (&b"127.0.0.1"[..], None));
    assert_eq!((request.server_name, request.server_port, request.is_tls), (&b"a"[..], 80, false));
    assert_eq!(request.fields, [(&b"host"[..], &b"a"[..]), (b"X-Y", b"")]);
    assert_eq!(request.attributes.query, Some(&b"q"[..]));
    assert_eq!(request.attributes.others, [(&b"AJP_REMOTE_PORT"[..], &b"40"[..])]);
    assert_eq!(front::forward(&request), GET);

    assert_eq!(decode_header([0x12, 0x34, 1, 2]), Ok(258));
    assert_eq!(decode_header(*b"GET "), Err(Error::Magic));
    assert_eq!(decode_header([b'A', b'B', 0, 0]), Err(Error::Magic));
    assert_eq!(packet_type(GET), PacketType::ForwardRequest);
    assert_eq!(packet_type(b"\x0a"), PacketType::CPing);
    for ignored in [&b"\x07"[..], b"\x08", b"\x03", b""] {
        assert_eq!(packet_type(ignored), PacketType::Ignored);
    }
    assert_eq!(
        (decode_body(b""), decode_body(b"\0\0"), decode_body(b"\0\x02ab")),
        (&b""[..], &b""[..], &b"ab"[..])
    );
    assert_eq!((decode_body(b"a"), decode_body(b"a body")), (&b"a"[..], &b"a body"[..]), "lighttpd");
}

#[test]
fn responses_of_the_reference() {
    let mut head = HeadWriter::new(200, b"OK");
    head.insert("content-type", b"text/plain");
    head.insert("x-y", b"z");
    let expected =
        b"AB\x00\x23\x04\x00\xc8\x00\x02OK\0\x00\x02\xa0\x01\x00\x0atext/plain\0\x00\x03x-y\0\x00\x01z\0";
    assert_eq!(head.finish().unwrap().escape_ascii().to_string(), expected.escape_ascii().to_string());
    let mut out = Vec::new();
    encode_chunk(&mut out, 3);
    out.extend_from_slice(b"abc\0");
    encode_get_body(&mut out);
    encode_end(&mut out, true);
    encode_end(&mut out, false);
    let expected = b"AB\x00\x07\x03\x00\x03abc\0AB\x00\x03\x06\x1f\xfaAB\x00\x02\x05\x01AB\x00\x02\x05\x00";
    assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn heads_fit_into_a_packet() {
    // Header, type, status, empty reason, count, code, and the length and NUL of the value.
    let around = PACKET_HEADER + 1 + 2 + 3 + 2 + 2 + 3;
    for (length, fits) in
        [(LONGEST_PACKET - 1, true), (LONGEST_PACKET, true), (LONGEST_PACKET + 1, false), (70_000, false)]
    {
        let mut head = HeadWriter::new(200, b"");
        head.insert("location", &vec![b'x'; length - around]);
        let packet = head.finish();
        assert_eq!(packet.as_ref().map(Vec::len), fits.then_some(length));
    }
    let mut chunk = Vec::new();
    encode_chunk(&mut chunk, LONGEST_CHUNK);
    assert_eq!(chunk.len() + LONGEST_CHUNK + 1, LONGEST_PACKET);
}

#[test]
fn what_is_no_request() {
    for end in 0..GET.len() {
        assert_eq!(decode_forward(&GET[..end]), Err(Error::Lengths), "{end}");
    }
    let changed = |at: usize, byte: u8| {
        let mut bytes = GET.to_vec();
        bytes[at] = byte;
        bytes
    };
    let at = |part: &[u8]| GET.windows(part.len()).position(|window| window == part).unwrap();
    assert_eq!(decode_forward(&changed(1, 0)), Err(Error::Code), "a method");
    assert_eq!(decode_forward(&changed(1, 28)), Err(Error::Code), "a method");
    assert_eq!(decode_forward(&changed(1, 0xff)), Err(Error::Code), "a method that is nowhere");
    assert_eq!(decode_forward(&changed(at(b"\xa0\x0b") + 1, 15)), Err(Error::Code), "a header");
    assert_eq!(decode_forward(&changed(at(b"\xa0\x0b") + 1, 0)), Err(Error::Code), "a header");
    assert_eq!(decode_forward(&changed(at(b"\x05\x00\x01q"), 14)), Err(Error::Code), "an attribute");
    assert_eq!(decode_forward(&changed(at(b"/x\0") + 2, b'y')), Err(Error::Lengths), "a NUL");
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..20)
}

fn pairs() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    proptest::collection::vec((text(), text()), 0..6)
}

proptest! {
    #[test]
    fn what_is_written_can_be_read(
        method in prop_oneof![Just(b"GET".to_vec()), Just(b"MKACTIVITY".to_vec()), Just(b"PATCH".to_vec())],
        texts in proptest::collection::vec(text(), 4),
        options in proptest::collection::vec(proptest::option::of(text()), 8),
        (server_port, is_tls, tls_key_size) in any::<(u16, bool, Option<u16>)>(),
        fields in pairs(),
        others in pairs(),
    ) {
        let option = |at: usize| options[at].as_deref();
        let variables = |pairs: &'_ [(Vec<u8>, Vec<u8>)]| -> Vec<(Vec<u8>, Vec<u8>)> { pairs.to_vec() };
        let (fields, others) = (variables(&fields), variables(&others));
        let request = ForwardRequest {
            method: &method,
            protocol: &texts[0],
            uri: &texts[1],
            remote_address: &texts[2],
            remote_host: option(0),
            server_name: &texts[3],
            server_port,
            is_tls,
            fields: fields.iter().map(|(name, value)| (&name[..], &value[..])).collect(),
            attributes: Attributes {
                remote_user: option(1),
                auth_type: option(2),
                query: option(3),
                tls_certificate: option(4),
                tls_cipher: option(5),
                tls_session: option(6),
                tls_key_size,
                secret: option(7),
                others: others.iter().map(|(name, value)| (&name[..], &value[..])).collect(),
            },
        };
        let payload = front::forward(&request);
        prop_assert_eq!(decode_forward(&payload), Ok(request));
        let packet = front::packet(&payload);
        prop_assert_eq!(decode_header(*packet.first_chunk().unwrap()), Ok(payload.len()));
    }

    #[test]
    fn bodies_can_be_read(part in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let packet = front::body(&part);
        prop_assert_eq!(decode_body(&packet[PACKET_HEADER..]), &part[..]);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), header: [u8; 4]) {
        let _ = decode_header(header);
        let _ = decode_body(&bytes);
        let _ = decode_forward(&bytes);
    }
}
