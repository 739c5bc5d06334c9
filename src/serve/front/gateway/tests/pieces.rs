//! However a request comes, in whatever pieces, the same is read; and no bytes do harm.

use proptest::prelude::*;

use super::*;
use crate::protocol::ajp::{Attributes, ForwardRequest, front};

/// Names and values as text, and the body.
type Read = (Vec<(String, String)>, Vec<u8>);

/// What a codec reads of these bytes, which come in pieces of so many; `None` without a whole request.
fn read<C: GatewayCodec>(sent: &[u8], piece: usize) -> Option<Read> {
    let mut codec = C::new(CodecSettings { head: 65535, connections: 1, ajp_secret: None });
    let (mut received, mut replies) = (BytesMut::new(), Vec::new());
    let mut pieces = sent.chunks(piece.max(1));
    loop {
        match codec.decode_head(&mut received, &mut replies).ok()? {
            HeadProgress::Incomplete { needed } => {
                assert!(needed > 0);
                received.extend_from_slice(pieces.next()?);
            }
            HeadProgress::Request { .. } => break,
            HeadProgress::Refused(..) | HeadProgress::End => return None,
        }
    }
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let variables: Vec<_> =
        codec.variables().ok()?.into_iter().map(|(name, value)| (text(name), text(value))).collect();
    let length = variables.iter().find(|(name, _)| name == "CONTENT_LENGTH");
    codec.begin_body(length.and_then(|(_, value)| value.parse().ok()));
    let mut body = Vec::new();
    loop {
        match codec.decode_body(&mut received, &mut replies).ok()? {
            BodyProgress::Data(data) => body.extend_from_slice(&data),
            BodyProgress::Incomplete { needed } => {
                assert!(needed > 0);
                received.extend_from_slice(pieces.next()?);
            }
            BodyProgress::End => return Some((variables, body)),
            BodyProgress::Aborted => return None,
        }
    }
}

fn ajp(variables: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let mut fields: Vec<Variable<'_>> =
        variables.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    fields.push((b"content-length", length.as_bytes()));
    let mut out = front::packet(&front::forward(&ForwardRequest {
        method: b"POST",
        protocol: b"HTTP/1.1",
        uri: b"/",
        remote_address: b"",
        remote_host: None,
        server_name: b"",
        server_port: 80,
        is_tls: false,
        fields,
        attributes: Attributes::default(),
    }));
    body.chunks(8186).for_each(|part| out.extend(front::body(part)));
    out
}

proptest! {
    #[test]
    fn the_same_is_read_of_all_pieces(
        variables in proptest::collection::vec(("[A-Z]{1,9}", "[ -~]{0,30}"), 0..5),
        body in proptest::collection::vec(any::<u8>(), 0..20_000),
        piece in prop_oneof![1usize..40, 1000usize..9000],
    ) {
        let variables: Vec<_> = variables.into_iter().map(|(name, value)| (format!("X{name}"), value)).collect();
        let length = body.len().to_string();
        let mut all = vec![(&b"CONTENT_LENGTH"[..], length.as_bytes())];
        all.extend(variables.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));

        let mut packet = uwsgi::encode_request(all.iter().copied()).unwrap();
        packet.extend_from_slice(&body);
        let mut head = scgi::RequestWriter::new(body.len() as u64);
        all.iter().for_each(|(name, value)| head.insert(name, value));
        let mut netstring = head.finish().unwrap();
        netstring.extend_from_slice(&body);
        let pairs: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let records = fastcgi::request(1, true, &pairs, &body);

        let expected: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.clone(), value.as_bytes().escape_ascii().to_string()))
            .collect();
        for (protocol, read) in [
            ("uwsgi", read::<Uwsgi>(&packet, piece)),
            ("SCGI", read::<Scgi>(&netstring, piece)),
            ("FastCGI", read::<FastCgi>(&records, piece)),
            ("AJP", read::<Ajp>(&ajp(&variables, &body), piece)),
        ] {
            let (mut found, read_body) = read.unwrap();
            // AJP has headers.
            found.iter_mut().for_each(|(name, _)| *name = name.trim_start_matches("HTTP_").to_owned());
            found.retain(|(name, _)| name.starts_with('X'));
            prop_assert_eq!(&found, &expected, "{}", protocol);
            prop_assert!(read_body == body, "{}: {} bytes of {}", protocol, read_body.len(), body.len());
        }
    }

    #[test]
    fn no_bytes_do_harm(
        bytes in proptest::collection::vec(prop_oneof![0u8..8, any::<u8>()], 0..300),
        start in prop_oneof![Just(&b""[..]), Just(&b"\x01\x01\0\x01\0\x08\0\0\0\x01\x01\0\0\0\0\0"[..]), Just(&b"\x124"[..])],
        piece in 1usize..50,
    ) {
        let bytes = [start, &bytes].concat();
        let _ = read::<Uwsgi>(&bytes, piece);
        let _ = read::<Scgi>(&bytes, piece);
        let _ = read::<FastCgi>(&bytes, piece);
        let _ = read::<Ajp>(&bytes, piece);
    }
}
