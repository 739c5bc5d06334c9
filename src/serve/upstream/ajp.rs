//! The packets of an AJP response. The server asks for the body of the request as it goes on.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;

use super::body::SentBody;
use super::connect::Duplex;
use super::error::UpstreamError;
use super::reading::read;
use crate::protocol::ajp::PACKET_HEADER;
use crate::protocol::ajp::front::{self, LONGEST_BODY, Reply};
use crate::protocol::cgi_response::ResponseHead;

/// A response, and the request's body as far as it was not asked for.
pub(super) struct AjpExchange {
    stream: Box<dyn Duplex>,
    received: BytesMut,
    body: SentBody,
    /// What was read of the body and not sent.
    rest: Bytes,
    timeout: Duration,
}

/// A packet, without what it is made of.
enum Packet {
    Head(ResponseHead),
    Chunk(Bytes),
    End,
}

impl AjpExchange {
    /// Sends a request whose packet is `head`, and reads the head of the response.
    pub(super) async fn begin(
        stream: Box<dyn Duplex>,
        head: Vec<u8>,
        body: SentBody,
        timeout: Duration,
    ) -> Result<(ResponseHead, Self), UpstreamError> {
        let mut exchange = Self { stream, received: BytesMut::new(), body, rest: Bytes::new(), timeout };
        exchange.write(&head).await?;
        // A body with a length begins at once; the rest waits until it is wanted.
        if http_body::Body::size_hint(&exchange.body).exact().is_some_and(|length| length > 0) {
            exchange.send_body(LONGEST_BODY).await?;
        }
        match exchange.packet().await? {
            Packet::Head(head) => Ok((head, exchange)),
            Packet::Chunk(_) | Packet::End => {
                Err(UpstreamError::Broken("its body comes before its head".to_owned()))
            }
        }
    }

    async fn packet(&mut self) -> Result<Packet, UpstreamError> {
        loop {
            let payload = self.payload().await?;
            let wanted = match front::decode_reply(&payload)? {
                Reply::Chunk(chunk) => return Ok(Packet::Chunk(payload.slice_ref(chunk))),
                Reply::Head { status, fields } => return head(status, &fields).map(Packet::Head),
                Reply::End { .. } => return Ok(Packet::End),
                Reply::GetBody(wanted) => wanted,
                Reply::CPong => continue,
            };
            self.send_body(wanted.into()).await?;
        }
    }

    async fn payload(&mut self) -> Result<Bytes, UpstreamError> {
        loop {
            if let Some(&header) = self.received.first_chunk::<PACKET_HEADER>() {
                let length = front::decode_header(header)?;
                if self.received.len() >= PACKET_HEADER + length {
                    self.received.advance(PACKET_HEADER);
                    return Ok(self.received.split_to(length).freeze());
                }
            }
            if read(&mut self.stream, &mut self.received, self.timeout).await? == 0 {
                return Err(UpstreamError::Broken("the connection ended before the response did".to_owned()));
            }
        }
    }

    /// Sends a part of the body, or that there is no more.
    async fn send_body(&mut self, wanted: usize) -> Result<(), UpstreamError> {
        while self.rest.is_empty() {
            let Some(frame) = self.body.frame().await else { break };
            let frame = frame.map_err(UpstreamError::Client)?;
            self.rest = frame.into_data().unwrap_or_default();
        }
        let part = self.rest.split_to(self.rest.len().min(wanted).min(LONGEST_BODY));
        let packet = if part.is_empty() { front::packet(&[]) } else { front::body(&part) };
        self.write(&packet).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), UpstreamError> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(self.timeout, written).await {
            Ok(written) => written.map_err(|_| UpstreamError::Closed("")),
            Err(_) => Err(UpstreamError::TooSlow(self.timeout)),
        }
    }

    /// The next bytes of the body; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        match self.packet().await? {
            Packet::Chunk(chunk) => Ok(Some(chunk)),
            Packet::End => Ok(None),
            Packet::Head(_) => Err(UpstreamError::Broken("it has two heads".to_owned())),
        }
    }
}

fn head(status: u16, sent: &[(&[u8], &[u8])]) -> Result<ResponseHead, UpstreamError> {
    let invalid = || UpstreamError::Broken("its head contains an invalid field".to_owned());
    let status = StatusCode::from_u16(status).map_err(|_| invalid())?;
    if status.is_informational() {
        return Err(invalid());
    }
    let mut fields = HeaderMap::with_capacity(sent.len());
    let mut content_length = None;
    for (name, value) in sent {
        let name = HeaderName::from_bytes(name).map_err(|_| invalid())?;
        let value = HeaderValue::from_bytes(value).map_err(|_| invalid())?;
        if name == ::http::header::CONTENT_LENGTH {
            let length =
                value.to_str().ok().and_then(|length| length.parse::<u64>().ok()).ok_or_else(invalid)?;
            if content_length.replace(length).is_some_and(|earlier| earlier != length) {
                return Err(invalid());
            }
            fields.insert(name, value);
        } else if name.as_str() != "status" {
            fields.append(name, value);
        }
    }
    Ok(ResponseHead { status, fields, content_length })
}
