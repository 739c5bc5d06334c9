//! What a front server sends. No upstream speaks AJP yet; tests and the fuzz target use this direction.

use super::*;

/// A packet around a payload; content beyond the longest packet is omitted.
pub fn packet(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let mut packet = FROM_FRONT.to_vec();
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(payload.get(..length.into()).unwrap_or_default());
    packet
}

/// A part of a body.
pub fn body(part: &[u8]) -> Vec<u8> {
    let length = u16::try_from(part.len()).unwrap_or_default();
    packet(&[&length.to_be_bytes()[..], part].concat())
}

/// The payload of a request.
pub fn forward(request: &ForwardRequest<'_>) -> Vec<u8> {
    let known = (1..).zip(METHODS).find(|(_, method)| *method == request.method);
    let mut out = vec![2, known.map_or(STORED_METHOD, |(number, _)| number)];
    let optional = |out: &mut Vec<u8>, text: Option<&[u8]>| match text {
        Some(text) => write_string(out, text),
        None => out.extend_from_slice(&NO_STRING.to_be_bytes()),
    };
    for text in [request.protocol, request.uri, request.remote_address] {
        write_string(&mut out, text);
    }
    optional(&mut out, request.remote_host);
    write_string(&mut out, request.server_name);
    out.extend_from_slice(&request.server_port.to_be_bytes());
    out.push(request.is_tls.into());
    out.extend_from_slice(&u16::try_from(request.fields.len()).unwrap_or_default().to_be_bytes());
    for (name, value) in &request.fields {
        match (1..).zip(REQUEST_FIELDS).find(|(_, known)| known == name) {
            Some((code, _)) => out.extend_from_slice(&(FIELD_CODES + code).to_be_bytes()),
            None => write_string(&mut out, name),
        }
        write_string(&mut out, value);
    }
    let attributes = &request.attributes;
    for (code, text) in [
        (3, attributes.remote_user),
        (4, attributes.auth_type),
        (5, attributes.query),
        (7, attributes.tls_certificate),
        (8, attributes.tls_cipher),
        (9, attributes.tls_session),
        (12, attributes.secret),
        (13, known.is_none().then_some(request.method)),
    ] {
        if text.is_some() {
            out.push(code);
            optional(&mut out, text);
        }
    }
    if let Some(size) = attributes.tls_key_size {
        out.push(11);
        out.extend_from_slice(&size.to_be_bytes());
    }
    for (name, value) in &attributes.others {
        out.push(10);
        write_string(&mut out, name);
        write_string(&mut out, value);
    }
    out.push(0xff);
    out
}
