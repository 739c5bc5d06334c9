//! uwsgi: one request on a connection; the response is plain HTTP that ends with the connection.

use std::borrow::Cow;

use http::header;
use http::response::Parts;
use hyper::ext::ReasonPhrase;

use super::codec::{GatewayCodec, HeadProgress};
use crate::protocol::uwsgi::{HEADER_LENGTH, Header, PONG, PacketKind, decode_variables};

pub(in crate::serve::front) struct Uwsgi;

impl GatewayCodec for Uwsgi {
    const KEEPS_CONNECTION: bool = false;

    fn decode_head(received: &[u8]) -> Result<HeadProgress<'_>, Cow<'static, str>> {
        let Some((header, block)) = received.split_first_chunk::<HEADER_LENGTH>() else {
            return Ok(HeadProgress::Incomplete { needed: HEADER_LENGTH });
        };
        let header = Header::decode(*header);
        let under_script_name = match header.kind() {
            PacketKind::Request => false,
            PacketKind::RequestUnderScriptName => true,
            PacketKind::Ping => return Ok(HeadProgress::Reply(&PONG)),
            PacketKind::Other => return Err("the uwsgi packet is not a request".into()),
        };
        let Some(block) = block.get(..header.size.into()) else {
            return Ok(HeadProgress::Incomplete { needed: HEADER_LENGTH + usize::from(header.size) });
        };
        let variables = decode_variables(block).map_err(|error| error.to_string())?;
        Ok(HeadProgress::Request { variables, under_script_name })
    }

    fn encode_head(response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(response.status.as_str().as_bytes());
        out.push(b' ');
        let usual = response.status.canonical_reason().unwrap_or("Unknown").as_bytes();
        let reason = response.extensions.get::<ReasonPhrase>().map_or(usual, ReasonPhrase::as_bytes);
        out.extend_from_slice(reason);
        out.extend_from_slice(b"\r\n");
        // The connection's end is the response's end: no chunks, which front servers do not decode here.
        for (name, value) in &response.headers {
            if *name != header::TRANSFER_ENCODING && *name != header::CONNECTION {
                write_field(out, name.as_str(), value.as_bytes());
            }
        }
        if let Some(length) = length
            && !response.headers.contains_key(header::CONTENT_LENGTH)
        {
            write_field(out, "content-length", length.to_string().as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
