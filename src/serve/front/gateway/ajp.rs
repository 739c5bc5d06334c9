//! AJP: a request in one packet, its body in packets that are asked for; connections are kept.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use http::response::Parts;

use super::cgi_response::{fields, missing_length, reason};
use super::codec::{
    BodyProgress, CodecSettings, GatewayCodec, HEAD_TOO_LARGE, HeadProgress, ResponseEncoder,
};
use crate::protocol::ajp::{
    Attributes, CPONG, ForwardRequest, HeadWriter, LONGEST_CHUNK, PACKET_HEADER, PacketType, decode_body,
    decode_forward, decode_header, encode_chunk, encode_end, encode_get_body, packet_type,
};
use crate::protocol::cgi_vars::Variable;
use crate::serve::site::ajp_secret::AjpSecret;

pub(in crate::serve::front) struct Ajp {
    limit: usize,
    secret: Option<Arc<AjpSecret>>,
    /// Of the request that was read last.
    variables: Vec<(Cow<'static, [u8]>, Vec<u8>)>,
    is_chunked: bool,
    body: AjpBody,
}

/// How much of a body has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AjpBody {
    /// A packet of it was asked for, or comes without that.
    Asked { left: Option<u64> },
    /// A packet of it has come.
    Partly { left: Option<u64> },
    /// All of it has come.
    Received,
    /// And its end was seen.
    Over,
}

pub(in crate::serve::front) struct AjpEncoder;

impl Ajp {
    /// Takes the next packet off; what is missing if it is not here.
    fn packet(received: &mut BytesMut) -> Result<Result<Bytes, usize>, Cow<'static, str>> {
        let Some(&header) = received.first_chunk::<PACKET_HEADER>() else {
            return Ok(Err(PACKET_HEADER - received.len()));
        };
        let length = decode_header(header).map_err(|error| error.to_string())?;
        if let Some(needed @ 1..) = (PACKET_HEADER + length).checked_sub(received.len()) {
            return Ok(Err(needed));
        }
        received.advance(PACKET_HEADER);
        Ok(Ok(received.split_to(length).freeze()))
    }

    fn forwarded(&mut self, payload: &[u8]) -> Result<HeadProgress, Cow<'static, str>> {
        let request = decode_forward(payload).map_err(|error| error.to_string())?;
        if let Some(secret) = &self.secret
            && !request.attributes.secret.is_some_and(|sent| secret.is(sent))
        {
            let reason = "the AJP secret is missing or wrong";
            return Ok(HeadProgress::Refused(StatusCode::FORBIDDEN, reason));
        }
        self.is_chunked =
            request.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"transfer-encoding"));
        self.variables = variables(&request);
        Ok(HeadProgress::Request { under_script_name: false })
    }
}

/// The request as CGI has it.
fn variables(request: &ForwardRequest<'_>) -> Vec<(Cow<'static, [u8]>, Vec<u8>)> {
    let mut variables: Vec<(Cow<'static, [u8]>, Vec<u8>)> = Vec::with_capacity(request.fields.len() + 10);
    let mut add = |name: &'static [u8], value: &[u8]| variables.push((name.into(), value.to_vec()));
    let Attributes { query, .. } = request.attributes;
    let uri = match query {
        Some(query) if !query.is_empty() => [request.uri, b"?", query].concat(),
        _ => request.uri.to_vec(),
    };
    add(b"REQUEST_METHOD", request.method);
    add(b"REQUEST_URI", &uri);
    add(b"QUERY_STRING", query.unwrap_or_default());
    add(b"SERVER_PROTOCOL", request.protocol);
    add(b"SERVER_NAME", request.server_name);
    add(b"SERVER_PORT", request.server_port.to_string().as_bytes());
    add(b"REMOTE_ADDR", request.remote_address);
    if request.is_tls {
        add(b"HTTPS", b"on");
    }
    let attributes = &request.attributes;
    let key_size = attributes.tls_key_size.map(|size| size.to_string());
    for (name, value) in [
        (&b"REMOTE_HOST"[..], request.remote_host),
        (b"REMOTE_USER", attributes.remote_user),
        (b"AUTH_TYPE", attributes.auth_type),
        (b"SSL_CLIENT_CERT", attributes.tls_certificate.filter(|_| request.is_tls)),
        (b"SSL_CIPHER", attributes.tls_cipher.filter(|_| request.is_tls)),
        (b"SSL_SESSION_ID", attributes.tls_session.filter(|_| request.is_tls)),
        (b"SSL_CIPHER_USEKEYSIZE", key_size.as_deref().map(str::as_bytes)),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            add(name, value);
        }
    }
    // They may have any name. What is not on this list could shadow something (CVE-2020-1938).
    for (name, value) in &attributes.others {
        match *name {
            b"AJP_REMOTE_PORT" => add(b"REMOTE_PORT", value),
            b"AJP_LOCAL_ADDR" => add(b"SERVER_ADDR", value),
            b"AJP_SSL_PROTOCOL" => add(b"SSL_PROTOCOL", value),
            _ => {}
        }
    }
    for (name, value) in &request.fields {
        if let Some(name) = field_variable(name) {
            // A certificate may be folded over several lines; so may nothing else.
            variables.push((name.into(), value.to_vec()));
        }
    }
    for (name, value) in &mut variables {
        if **name == *b"SSL_CLIENT_CERT" {
            value.retain(|byte| !b"\r\n".contains(byte));
        }
    }
    variables
}

/// The variable of a header; `None` if the application must not see it. (Underscores could shadow a header with dashes.)
fn field_variable(name: &[u8]) -> Option<Vec<u8>> {
    if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
        return None;
    }
    let name: Vec<u8> =
        name.iter().map(|byte| if *byte == b'-' { b'_' } else { byte.to_ascii_uppercase() }).collect();
    match &name[..] {
        b"CONTENT_TYPE" | b"CONTENT_LENGTH" => Some(name),
        _ => Some([b"HTTP_", &name[..]].concat()),
    }
}

impl GatewayCodec for Ajp {
    type Encoder = AjpEncoder;

    const REPLIES: bool = true;
    const ABORTS: bool = true;

    fn new(settings: CodecSettings) -> Self {
        Self {
            limit: settings.head,
            secret: settings.ajp_secret,
            variables: Vec::new(),
            is_chunked: false,
            body: AjpBody::Received,
        }
    }

    fn decode_head(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<HeadProgress, Cow<'static, str>> {
        loop {
            if let Some(&header) = received.first_chunk::<PACKET_HEADER>()
                && decode_header(header).is_ok_and(|length| length > self.limit)
            {
                return Ok(HEAD_TOO_LARGE);
            }
            let payload = match Self::packet(received)? {
                Ok(payload) => payload,
                Err(needed) => return Ok(HeadProgress::Incomplete { needed }),
            };
            match packet_type(&payload) {
                PacketType::ForwardRequest => return self.forwarded(&payload),
                PacketType::CPing => replies.extend_from_slice(&CPONG),
                PacketType::Ignored => {}
            }
        }
    }

    fn variables(&self) -> Result<Vec<Variable<'_>>, Cow<'static, str>> {
        Ok(self.variables.iter().map(|(name, value)| (&**name, &value[..])).collect())
    }

    fn begin_body(&mut self, length: Option<u64>) {
        self.variables.clear();
        self.body = match length {
            Some(0) => AjpBody::Received,
            // The first packet comes without being asked for.
            Some(_) => AjpBody::Asked { left: length },
            None if self.is_chunked => AjpBody::Partly { left: None },
            None => AjpBody::Received,
        };
    }

    fn decode_body(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<BodyProgress, Cow<'static, str>> {
        loop {
            let left = match self.body {
                AjpBody::Received => {
                    self.body = AjpBody::Over;
                    return Ok(BodyProgress::End);
                }
                AjpBody::Over => {
                    let payload = match Self::packet(received)? {
                        Ok(payload) => payload,
                        Err(needed) => return Ok(BodyProgress::Incomplete { needed }),
                    };
                    match packet_type(&payload) {
                        PacketType::ForwardRequest => {
                            return Err("a request follows before the response".into());
                        }
                        PacketType::CPing => replies.extend_from_slice(&CPONG),
                        PacketType::Ignored => {}
                    }
                    continue;
                }
                AjpBody::Partly { left } => {
                    encode_get_body(replies);
                    self.body = AjpBody::Asked { left };
                    continue;
                }
                AjpBody::Asked { left } => left,
            };
            let payload = match Self::packet(received)? {
                Ok(payload) => payload,
                Err(needed) => return Ok(BodyProgress::Incomplete { needed }),
            };
            let data = payload.slice_ref(decode_body(&payload));
            if data.is_empty() {
                self.body = AjpBody::Over;
                return match left {
                    Some(1..) => Err("the request body is shorter than Content-Length".into()),
                    _ => Ok(BodyProgress::End),
                };
            }
            let left = match left {
                None => None,
                Some(left) => Some(
                    left.checked_sub(data.len() as u64)
                        .ok_or("the request body is longer than Content-Length")?,
                ),
            };
            self.body = if left == Some(0) { AjpBody::Received } else { AjpBody::Partly { left } };
            return Ok(BodyProgress::Data(data));
        }
    }

    fn unread(&self, _: usize) -> u64 {
        // What was not asked for does not come.
        if matches!(self.body, AjpBody::Asked { .. }) { u64::from(u16::MAX) } else { 0 }
    }

    fn encoder(&self) -> AjpEncoder {
        AjpEncoder
    }
}

impl ResponseEncoder for AjpEncoder {
    const LONGEST_PIECE: usize = LONGEST_CHUNK;

    fn keeps_connection(&self) -> bool {
        true
    }

    fn head(&self, response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
        let mut head = HeadWriter::new(response.status.as_u16(), reason(response));
        fields(response).for_each(|(name, value)| head.insert(name, value));
        if let Some(length) = missing_length(response, length) {
            head.insert("content-length", length.as_bytes());
        }
        match head.finish() {
            Some(packet) => out.extend_from_slice(&packet),
            None => {
                tracing::error!("the headers of a response are larger than an AJP packet");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let head = HeadWriter::new(status.as_u16(), b"Internal Server Error").finish();
                out.extend_from_slice(&head.unwrap_or_default());
            }
        }
    }

    fn before_piece(&self, length: usize, out: &mut Vec<u8>) {
        encode_chunk(out, length);
    }

    fn after_piece(&self, out: &mut Vec<u8>) {
        out.push(0);
    }

    fn end(&self, out: &mut Vec<u8>) {
        encode_end(out, true);
    }
}
