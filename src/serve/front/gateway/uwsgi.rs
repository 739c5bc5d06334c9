//! uwsgi: one request on a connection; the response is plain HTTP that ends with the connection.

use std::borrow::Cow;

use bytes::{Buf, Bytes, BytesMut};
use http::response::Parts;

use super::cgi_response::write_http_head;
use super::codec::{
    BodyProgress, CodecSettings, CountedBody, GatewayCodec, HEAD_TOO_LARGE, HeadProgress, ResponseEncoder,
};
use crate::protocol::cgi_vars::Variable;
use crate::protocol::uwsgi::{HEADER_LENGTH, Header, PONG, PacketKind, decode_variables};

pub(in crate::serve::front) struct Uwsgi {
    limit: usize,
    block: Bytes,
    body: CountedBody,
}

pub(in crate::serve::front) struct UwsgiEncoder;

impl GatewayCodec for Uwsgi {
    type Encoder = UwsgiEncoder;

    fn new(settings: CodecSettings) -> Self {
        Self { limit: settings.head, block: Bytes::new(), body: CountedBody::default() }
    }

    fn decode_head(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<HeadProgress, Cow<'static, str>> {
        let Some(header) = received.first_chunk::<HEADER_LENGTH>() else {
            return Ok(HeadProgress::Incomplete { needed: HEADER_LENGTH - received.len() });
        };
        let header = Header::decode(*header);
        let under_script_name = match header.kind() {
            PacketKind::Request => false,
            PacketKind::RequestUnderScriptName => true,
            PacketKind::Ping => {
                replies.extend_from_slice(&PONG);
                return Ok(HeadProgress::End);
            }
            PacketKind::Other => return Err("the uwsgi packet is not a request".into()),
        };
        let size = usize::from(header.size);
        if size > self.limit {
            return Ok(HEAD_TOO_LARGE);
        }
        if let Some(needed @ 1..) = (HEADER_LENGTH + size).checked_sub(received.len()) {
            return Ok(HeadProgress::Incomplete { needed });
        }
        received.advance(HEADER_LENGTH);
        self.block = received.split_to(size).freeze();
        Ok(HeadProgress::Request { under_script_name })
    }

    fn variables(&self) -> Result<Vec<Variable<'_>>, Cow<'static, str>> {
        decode_variables(&self.block).map_err(|error| error.to_string().into())
    }

    fn begin_body(&mut self, length: Option<u64>) {
        self.block.clear();
        self.body.begin(length);
    }

    fn decode_body(
        &mut self,
        received: &mut BytesMut,
        _: &mut Vec<u8>,
    ) -> Result<BodyProgress, Cow<'static, str>> {
        Ok(self.body.decode(received))
    }

    fn unread(&self, received: usize) -> u64 {
        self.body.unread(received)
    }

    fn encoder(&self) -> UwsgiEncoder {
        UwsgiEncoder
    }
}

impl ResponseEncoder for UwsgiEncoder {
    fn head(&self, response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
        write_http_head(response, length, out);
    }
}
