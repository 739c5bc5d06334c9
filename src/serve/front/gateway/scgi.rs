//! SCGI: one request on a connection; the response is a CGI document that ends with the connection.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::response::Parts;

use super::cgi_response::write_document_head;
use super::codec::{
    BodyProgress, CodecSettings, CountedBody, GatewayCodec, HEAD_TOO_LARGE, HeadProgress, ResponseEncoder,
};
use crate::protocol::cgi_vars::Variable;
use crate::protocol::scgi::{Error, Netstring, decode_variables};

pub(in crate::serve::front) struct Scgi {
    limit: usize,
    block: Bytes,
    body: CountedBody,
}

pub(in crate::serve::front) struct ScgiEncoder;

impl GatewayCodec for Scgi {
    type Encoder = ScgiEncoder;

    fn new(settings: CodecSettings) -> Self {
        Self { limit: settings.head, block: Bytes::new(), body: CountedBody::default() }
    }

    fn decode_head(
        &mut self,
        received: &mut BytesMut,
        _: &mut Vec<u8>,
    ) -> Result<HeadProgress, Cow<'static, str>> {
        let netstring = match Netstring::find(received, self.limit) {
            Ok(Some(netstring)) => netstring,
            Ok(None) => return Ok(HeadProgress::Incomplete { needed: 1 }),
            Err(Error::TooLarge(_)) => return Ok(HEAD_TOO_LARGE),
            Err(error) => return Err(error.to_string().into()),
        };
        if let Some(needed @ 1..) = netstring.end.checked_sub(received.len()) {
            return Ok(HeadProgress::Incomplete { needed });
        }
        let head = received.split_to(netstring.end).freeze();
        self.block = netstring.block(&head).map(|block| head.slice_ref(block)).map_err(|e| e.to_string())?;
        Ok(HeadProgress::Request { under_script_name: false })
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

    fn encoder(&self) -> ScgiEncoder {
        ScgiEncoder
    }
}

impl ResponseEncoder for ScgiEncoder {
    fn head(&self, response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
        write_document_head(response, length, out);
    }
}
