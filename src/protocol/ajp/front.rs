//! The other side: what a front server sends, and how it reads what comes back.

use super::{
    Error, FIELD_CODES, FROM_FRONT, ForwardRequest, METHODS, NO_STRING, PACKET_HEADER, PacketReader,
    REQUEST_FIELDS, RESPONSE_FIELDS, STORED_METHOD, TO_FRONT, Variable, write_string,
};

/// The longest payload of a body packet that every server takes.
pub const LONGEST_BODY: usize = 8186;

/// What a server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// A part of the response's body.
    Chunk(&'a [u8]),
    Head {
        status: u16,
        /// Names as they were spelled, or in lower case.
        fields: Vec<Variable<'a>>,
    },
    /// The response is complete.
    End {
        /// Whether the connection takes another request.
        is_reused: bool,
    },
    /// So many bytes of the request's body are wanted.
    GetBody(u16),
    /// The reply to a ping.
    CPong,
}

/// The length of the payload that follows the header of a packet.
///
/// # Errors
/// [`Error::Magic`].
pub fn decode_header([first, second, high, low]: [u8; PACKET_HEADER]) -> Result<usize, Error> {
    if [first, second] != TO_FRONT {
        return Err(Error::Magic);
    }
    Ok(u16::from_be_bytes([high, low]).into())
}

/// Reads a payload.
///
/// # Errors
/// [`Error::Lengths`], [`Error::Code`].
pub fn decode_reply(payload: &[u8]) -> Result<Reply<'_>, Error> {
    let mut rest = PacketReader(payload);
    match rest.byte()? {
        3 => {
            let length = rest.number()?;
            // Some servers leave out the NUL behind it.
            rest.0.get(..length.into()).map(Reply::Chunk).ok_or(Error::Lengths)
        }
        4 => {
            let status = rest.number()?;
            rest.string()?; // the phrase
            let count = rest.number()?;
            let mut fields = Vec::new();
            for _ in 0..count {
                let name = rest.field_name(|index| RESPONSE_FIELDS.get(index).map(|name| name.as_bytes()))?;
                fields.push((name, rest.text()?));
            }
            Ok(Reply::Head { status, fields })
        }
        5 => Ok(Reply::End { is_reused: rest.byte()? != 0 }),
        6 => rest.number().map(Reply::GetBody),
        9 => Ok(Reply::CPong),
        _ => Err(Error::Code),
    }
}

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
