//! AJP 1.3, which Apache's mod_proxy_ajp and lighttpd's mod_ajp13 speak: packets with binary heads, bodies on demand.
//!
//! ```text
//! packet: 0x12 0x34 (from the front server) or "AB" (to it) | u16 length | payload
//! string: u16 length | bytes | NUL     (length 0xffff: none, and no NUL)
//! ```
//!
//! The source is the AJPv13 reference of the Apache Tomcat Connectors.

pub mod front;
#[cfg(test)]
mod tests;

use super::cgi_vars::Variable;

/// Bytes before a payload.
pub const PACKET_HEADER: usize = 4;

/// Bytes of a packet that every front server takes.
pub const LONGEST_PACKET: usize = 8192;

/// Bytes of a body in such a packet: without header, type, length and the NUL behind them.
pub const LONGEST_CHUNK: usize = LONGEST_PACKET - PACKET_HEADER - 4;

/// Bytes of a body that are asked for at a time: a packet without its header and its length.
const ASKED: u16 = 8186;

const FROM_FRONT: [u8; 2] = [0x12, 0x34];
const TO_FRONT: [u8; 2] = *b"AB";

/// The length that stands for no string.
const NO_STRING: u16 = 0xffff;

/// Why bytes cannot be read as a packet or a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It does not begin as packets of front servers do.
    #[error("this is not an AJP packet")]
    Magic,
    /// A length that points behind the end, or a string without its NUL.
    #[error("the lengths in the AJP packet are inconsistent")]
    Lengths,
    /// A number that stands for nothing.
    #[error("the AJP packet contains an unknown code")]
    Code,
}

/// What a packet of a front server is (its first byte). Packets of bodies have no such byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    ForwardRequest,
    /// Are you there? The reply is [`CPONG`].
    CPing,
    /// To stop the server (7), a ping without reply (8), and whatever else there is: never obeyed.
    Ignored,
}

/// The reply to a [`PacketType::CPing`].
pub const CPONG: [u8; 5] = [TO_FRONT[0], TO_FRONT[1], 0, 1, 9];

/// A request, as its front server forwards it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardRequest<'a> {
    pub method: &'a [u8],
    pub protocol: &'a [u8],
    /// Not decoded, without its query.
    pub uri: &'a [u8],
    pub remote_address: &'a [u8],
    pub remote_host: Option<&'a [u8]>,
    pub server_name: &'a [u8],
    pub server_port: u16,
    pub is_tls: bool,
    /// Names as they were spelled, or in lower case.
    pub fields: Vec<Variable<'a>>,
    pub attributes: Attributes<'a>,
}

/// What else is known of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes<'a> {
    pub remote_user: Option<&'a [u8]>,
    pub auth_type: Option<&'a [u8]>,
    pub query: Option<&'a [u8]>,
    pub tls_certificate: Option<&'a [u8]>,
    pub tls_cipher: Option<&'a [u8]>,
    pub tls_session: Option<&'a [u8]>,
    pub tls_key_size: Option<u16>,
    pub secret: Option<&'a [u8]>,
    /// Names and values that a configuration has added.
    pub others: Vec<Variable<'a>>,
}

const METHODS: [&[u8]; 27] = [
    b"OPTIONS",
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"ACL",
    b"REPORT",
    b"VERSION-CONTROL",
    b"CHECKIN",
    b"CHECKOUT",
    b"UNCHECKOUT",
    b"SEARCH",
    b"MKWORKSPACE",
    b"UPDATE",
    b"LABEL",
    b"MERGE",
    b"BASELINE-CONTROL",
    b"MKACTIVITY",
];

/// The number of a method that stands as text in an attribute.
const STORED_METHOD: u8 = 0xff;

/// Names of request headers by their number, from 0xa001 on.
const REQUEST_FIELDS: [&[u8]; 14] = [
    b"accept",
    b"accept-charset",
    b"accept-encoding",
    b"accept-language",
    b"authorization",
    b"connection",
    b"content-type",
    b"content-length",
    b"cookie",
    b"cookie2",
    b"host",
    b"pragma",
    b"referer",
    b"user-agent",
];

/// Names of response headers by their number, from 0xa001 on.
const RESPONSE_FIELDS: [&str; 11] = [
    "content-type",
    "content-language",
    "content-length",
    "date",
    "last-modified",
    "location",
    "set-cookie",
    "set-cookie2",
    "servlet-engine",
    "status",
    "www-authenticate",
];

/// What numbers of headers begin with. No string is as long.
const FIELD_CODES: u16 = 0xa000;

/// The length of the payload that follows the header of a packet.
///
/// # Errors
/// [`Error::Magic`].
pub fn decode_header(header: [u8; PACKET_HEADER]) -> Result<usize, Error> {
    let [first, second, high, low] = header;
    if [first, second] != FROM_FRONT {
        return Err(Error::Magic);
    }
    Ok(u16::from_be_bytes([high, low]).into())
}

/// What a payload is, outside of a body.
pub fn packet_type(payload: &[u8]) -> PacketType {
    match payload.first() {
        Some(2) => PacketType::ForwardRequest,
        Some(10) => PacketType::CPing,
        _ => PacketType::Ignored,
    }
}

/// The part of a body that a payload holds. Without any, the body has ended.
///
/// The length before the part is that of the rest of the packet. If it is not, there is none: lighttpd 1.4.69 sends the
/// part alone (measured).
pub fn decode_body(payload: &[u8]) -> &[u8] {
    match payload.split_first_chunk::<2>() {
        Some((&length, rest)) if usize::from(u16::from_be_bytes(length)) == rest.len() => rest,
        _ => payload,
    }
}

/// Reads what is forwarded.
///
/// # Errors
/// [`Error::Lengths`], [`Error::Code`].
pub fn decode_forward(payload: &[u8]) -> Result<ForwardRequest<'_>, Error> {
    let mut fields = PacketReader(payload);
    fields.byte()?; // the type
    let method = fields.byte()?;
    let mut request = ForwardRequest {
        method: b"",
        protocol: fields.text()?,
        uri: fields.text()?,
        remote_address: fields.text()?,
        remote_host: fields.string()?,
        server_name: fields.text()?,
        server_port: fields.number()?,
        is_tls: fields.byte()? != 0,
        fields: Vec::new(),
        attributes: Attributes::default(),
    };
    for _ in 0..fields.number()? {
        let name = fields.field_name(|index| REQUEST_FIELDS.get(index).copied())?;
        request.fields.push((name, fields.text()?));
    }
    let stored_method = fields.attributes(&mut request.attributes)?;
    let known = method.checked_sub(1).and_then(|index| METHODS.get(usize::from(index)));
    request.method = match method {
        STORED_METHOD => stored_method.ok_or(Error::Code)?,
        _ => known.ok_or(Error::Code)?,
    };
    Ok(request)
}

/// What is left of a payload.
struct PacketReader<'a>(&'a [u8]);

impl<'a> PacketReader<'a> {
    fn byte(&mut self) -> Result<u8, Error> {
        let (&byte, rest) = self.0.split_first().ok_or(Error::Lengths)?;
        self.0 = rest;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u16, Error> {
        let (&bytes, rest) = self.0.split_first_chunk().ok_or(Error::Lengths)?;
        self.0 = rest;
        Ok(u16::from_be_bytes(bytes))
    }

    fn string(&mut self) -> Result<Option<&'a [u8]>, Error> {
        match self.number()? {
            NO_STRING => Ok(None),
            length => self.bytes(length).map(Some),
        }
    }

    /// None is as good as an empty one.
    fn text(&mut self) -> Result<&'a [u8], Error> {
        Ok(self.string()?.unwrap_or_default())
    }

    fn bytes(&mut self, length: u16) -> Result<&'a [u8], Error> {
        let (bytes, rest) = self.0.split_at_checked(length.into()).ok_or(Error::Lengths)?;
        self.0 = rest.strip_prefix(b"\0").ok_or(Error::Lengths)?;
        Ok(bytes)
    }

    /// The name of a header; `known` knows those with a number.
    fn field_name(&mut self, known: impl Fn(usize) -> Option<&'static [u8]>) -> Result<&'a [u8], Error> {
        match self.number()? {
            NO_STRING => Err(Error::Code),
            code if code & 0xff00 == FIELD_CODES => {
                usize::from(code & 0xff).checked_sub(1).and_then(known).ok_or(Error::Code)
            }
            length => self.bytes(length),
        }
    }

    /// Reads attributes to their end; the method, if one stands there.
    fn attributes(&mut self, found: &mut Attributes<'a>) -> Result<Option<&'a [u8]>, Error> {
        let mut method = None;
        loop {
            match self.byte()? {
                // Context, servlet path and route are Tomcat's own.
                1 | 2 | 6 => drop(self.string()?),
                3 => found.remote_user = self.string()?,
                4 => found.auth_type = self.string()?,
                5 => found.query = self.string()?,
                7 => found.tls_certificate = self.string()?,
                8 => found.tls_cipher = self.string()?,
                9 => found.tls_session = self.string()?,
                10 => {
                    let name = self.text()?;
                    found.others.push((name, self.text()?));
                }
                11 => found.tls_key_size = Some(self.number()?),
                12 => found.secret = self.string()?,
                13 => method = self.string()?,
                0xff => return Ok(method),
                _ => return Err(Error::Code),
            }
        }
    }
}

/// The head of a response in the making.
#[derive(Debug)]
pub struct HeadWriter {
    packet: Vec<u8>,
    count_at: usize,
    count: u16,
}

impl HeadWriter {
    pub fn new(status: u16, reason: &[u8]) -> Self {
        let mut packet = vec![TO_FRONT[0], TO_FRONT[1], 0, 0, 4];
        packet.extend_from_slice(&status.to_be_bytes());
        write_string(&mut packet, reason);
        let count_at = packet.len();
        packet.extend_from_slice(&[0, 0]);
        Self { packet, count_at, count: 0 }
    }

    /// Adds a field; its name in lower case.
    pub fn insert(&mut self, name: &str, value: &[u8]) {
        match (1..).zip(RESPONSE_FIELDS).find(|(_, known)| *known == name) {
            Some((code, _)) => self.packet.extend_from_slice(&(FIELD_CODES + code).to_be_bytes()),
            None => write_string(&mut self.packet, name.as_bytes()),
        }
        write_string(&mut self.packet, value);
        self.count = self.count.saturating_add(1);
    }

    /// The packet; `None` if it is longer than front servers take.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        let length = u16::try_from(self.packet.len() - PACKET_HEADER).ok()?;
        if self.packet.len() > LONGEST_PACKET {
            return None;
        }
        self.packet.get_mut(2..PACKET_HEADER)?.copy_from_slice(&length.to_be_bytes());
        self.packet.get_mut(self.count_at..self.count_at + 2)?.copy_from_slice(&self.count.to_be_bytes());
        Some(self.packet)
    }
}

/// Appends what comes before a part of a body; behind it comes a NUL. `length` is [`LONGEST_CHUNK`] at most.
pub fn encode_chunk(out: &mut Vec<u8>, length: usize) {
    let length = u16::try_from(length.min(LONGEST_CHUNK)).unwrap_or_default();
    out.extend_from_slice(&TO_FRONT);
    out.extend_from_slice(&(length + 4).to_be_bytes());
    out.push(3);
    out.extend_from_slice(&length.to_be_bytes());
}

/// Appends the end of a response; whether the connection takes another request.
pub fn encode_end(out: &mut Vec<u8>, is_reused: bool) {
    out.extend_from_slice(&TO_FRONT);
    out.extend_from_slice(&[0, 2, 5, u8::from(is_reused)]);
}

/// Appends the request for a further part of the body.
pub fn encode_get_body(out: &mut Vec<u8>) {
    out.extend_from_slice(&TO_FRONT);
    out.extend_from_slice(&[0, 3, 6]);
    out.extend_from_slice(&ASKED.to_be_bytes());
}

/// A string, cut where a length cannot say more.
fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    let text = text.get(..usize::from(NO_STRING) - 1).unwrap_or(text);
    out.extend_from_slice(&u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(text);
    out.push(0);
}
