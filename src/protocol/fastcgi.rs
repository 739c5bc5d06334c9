//! FastCGI 1.0: everything goes in records; the variables of a request are pairs in a stream of them.
//!
//! ```text
//! record: u8 version (1) | u8 type | u16 id | u16 length | u8 padding | u8 reserved | content | padding
//! pair:   length of the name | length of the value | name | value
//! length: one byte up to 127, else four bytes with the highest bit set, big endian
//! ```
//!
//! A stream (variables, body, answer) ends with a record without content.

use super::cgi_vars::Variable;

/// Bytes of a record's header.
pub const HEADER_LENGTH: usize = 8;

/// The longest content of a record, as far as lengths can say.
const LONGEST_CONTENT: usize = u16::MAX as usize;

/// The longest content of a record that needs no padding to end where the next one should begin (section 3.3: at a
/// multiple of eight bytes).
pub const LONGEST_ALIGNED: usize = 65528;

/// Variables of a request, at most.
pub const MOST_VARIABLES: usize = 1000;

/// Bytes in the content of a `BeginRequest`, `EndRequest` or `UnknownType` record.
pub const BODY_LENGTH: usize = 8;

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    pub record_type: RecordType,
    /// The request that it belongs to; 0 for the connection.
    pub id: u16,
    /// Bytes of content.
    pub length: u16,
    /// Bytes to be skipped after it.
    pub padding: u8,
}

/// What a record carries (section 8 of the specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    BeginRequest,
    AbortRequest,
    EndRequest,
    Params,
    Stdin,
    Stdout,
    Stderr,
    Data,
    GetValues,
    GetValuesResult,
    UnknownType,
    Unknown(u8),
}

/// What a `BeginRequest` record says (section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeginRequest {
    /// 1 responder, 2 authorizer, 3 filter.
    pub role: u16,
    /// Whether the connection stays open after the response.
    pub keep_connection: bool,
}

/// How a request ended, as the protocol sees it (section 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolStatus {
    RequestComplete = 0,
    /// Another request is running on this connection.
    CannotMultiplex = 1,
    UnknownRole = 3,
}

/// Why records or pairs cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A version other than 1.
    #[error("FastCGI version {0} is not supported")]
    Version(u8),
    /// A length that points behind the end.
    #[error("the lengths of the variables are inconsistent")]
    Lengths,
    /// A variable without a name, or with a NUL in it.
    #[error("the name of a variable is invalid")]
    Name,
    /// More variables than [`MOST_VARIABLES`].
    #[error("there are more than {MOST_VARIABLES} variables")]
    TooMany,
}

impl BeginRequest {
    /// The role that this program can take.
    pub const RESPONDER: u16 = 1;

    pub fn decode([role_high, role_low, flags, ..]: [u8; BODY_LENGTH]) -> Self {
        Self { role: u16::from_be_bytes([role_high, role_low]), keep_connection: flags & 1 != 0 }
    }

    pub fn encode(self) -> [u8; BODY_LENGTH] {
        let [role_high, role_low] = self.role.to_be_bytes();
        [role_high, role_low, u8::from(self.keep_connection), 0, 0, 0, 0, 0]
    }
}

impl RecordType {
    const KNOWN: [Self; 11] = [
        Self::BeginRequest,
        Self::AbortRequest,
        Self::EndRequest,
        Self::Params,
        Self::Stdin,
        Self::Stdout,
        Self::Stderr,
        Self::Data,
        Self::GetValues,
        Self::GetValuesResult,
        Self::UnknownType,
    ];

    fn from_code(code: u8) -> Self {
        let known = code.checked_sub(1).and_then(|index| Self::KNOWN.get(usize::from(index)));
        known.copied().unwrap_or(Self::Unknown(code))
    }

    fn code(self) -> u8 {
        if let Self::Unknown(code) = self {
            return code;
        }
        let index = Self::KNOWN.iter().position(|known| *known == self).unwrap_or_default();
        u8::try_from(index).unwrap_or_default() + 1
    }
}

impl RecordHeader {
    /// # Errors
    /// [`Error::Version`].
    pub fn decode(bytes: [u8; HEADER_LENGTH]) -> Result<Self, Error> {
        let [version, code, id_high, id_low, length_high, length_low, padding, _] = bytes;
        if version != 1 {
            return Err(Error::Version(version));
        }
        Ok(Self {
            record_type: RecordType::from_code(code),
            id: u16::from_be_bytes([id_high, id_low]),
            length: u16::from_be_bytes([length_high, length_low]),
            padding,
        })
    }

    pub fn encode(self) -> [u8; HEADER_LENGTH] {
        let [id_high, id_low] = self.id.to_be_bytes();
        let [length_high, length_low] = self.length.to_be_bytes();
        [1, self.record_type.code(), id_high, id_low, length_high, length_low, self.padding, 0]
    }
}

/// Appends a record without padding. Content beyond the longest record is omitted.
pub fn encode_record(out: &mut Vec<u8>, record_type: RecordType, id: u16, content: &[u8]) {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&RecordHeader { record_type, id, length, padding: 0 }.encode());
    out.extend_from_slice(content.get(..length.into()).unwrap_or_default());
}

/// Appends what ends a request.
pub fn encode_end(out: &mut Vec<u8>, id: u16, application_status: u32, status: ProtocolStatus) {
    let [a, b, c, d] = application_status.to_be_bytes();
    encode_record(out, RecordType::EndRequest, id, &[a, b, c, d, status as u8, 0, 0, 0]);
}

/// Appends the reply to a management record of a type that is not known (section 4.2).
pub fn encode_unknown_type(out: &mut Vec<u8>, unknown: RecordType) {
    encode_record(out, RecordType::UnknownType, 0, &[unknown.code(), 0, 0, 0, 0, 0, 0, 0]);
}

/// Appends the reply to a `GetValues` record (section 4.1): of what it asks for, what is known here. One request at a
/// time runs on a connection.
///
/// # Errors
/// The content is not made of pairs.
pub fn encode_values(out: &mut Vec<u8>, asked: &[u8], connections: usize) -> Result<(), Error> {
    let connections = connections.to_string();
    let mut values = ParamsWriter::default();
    for (name, _) in decode_params(asked)? {
        match name {
            b"FCGI_MAX_CONNS" | b"FCGI_MAX_REQS" => values.insert(name, connections.as_bytes()),
            b"FCGI_MPXS_CONNS" => values.insert(name, b"0"),
            _ => {}
        }
    }
    encode_record(out, RecordType::GetValuesResult, 0, &values.finish());
    Ok(())
}

/// Writes a stream as records, with the empty one that ends it.
pub fn encode_stream(out: &mut Vec<u8>, record_type: RecordType, id: u16, content: &[u8]) {
    let last: &[u8] = &[];
    for piece in content.chunks(LONGEST_CONTENT).chain([last]) {
        let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&RecordHeader { record_type, id, length, padding: 0 }.encode());
        out.extend_from_slice(piece);
    }
}

/// The variables of a request in the making: the content of its `Params` stream.
#[derive(Clone, Debug, Default)]
pub struct ParamsWriter {
    content: Vec<u8>,
}

impl ParamsWriter {
    /// Adds a variable. What is longer than a length can say is cut.
    pub fn insert(&mut self, name: &[u8], value: &[u8]) {
        let cut = |text: &'_ [u8]| text.len().min(0x7fff_ffff);
        let (name_length, value_length) = (cut(name), cut(value));
        self.length(name_length);
        self.length(value_length);
        self.content.extend_from_slice(name.get(..name_length).unwrap_or(name));
        self.content.extend_from_slice(value.get(..value_length).unwrap_or(value));
    }

    fn length(&mut self, length: usize) {
        match u8::try_from(length) {
            Ok(short @ ..=127) => self.content.push(short),
            _ => {
                let long = u32::try_from(length).unwrap_or(u32::MAX) | 1 << 31;
                self.content.extend_from_slice(&long.to_be_bytes());
            }
        }
    }

    /// The content of the stream.
    pub fn finish(self) -> Vec<u8> {
        self.content
    }
}

/// Reads the content of a whole `Params` stream: names and values in the order they were sent.
///
/// # Errors
/// [`Error::Lengths`] unless the pairs fill the stream exactly, [`Error::Name`] for a name that is none,
/// [`Error::TooMany`].
pub fn decode_params(mut content: &[u8]) -> Result<Vec<Variable<'_>>, Error> {
    let mut variables = Vec::with_capacity(32);
    while !content.is_empty() {
        let (name_length, rest) = length(content)?;
        let (value_length, rest) = length(rest)?;
        let (name, rest) = rest.split_at_checked(name_length).ok_or(Error::Lengths)?;
        let (value, rest) = rest.split_at_checked(value_length).ok_or(Error::Lengths)?;
        if name.is_empty() || name.contains(&0) {
            return Err(Error::Name);
        }
        if variables.len() == MOST_VARIABLES {
            return Err(Error::TooMany);
        }
        variables.push((name, value));
        content = rest;
    }
    Ok(variables)
}

fn length(content: &[u8]) -> Result<(usize, &[u8]), Error> {
    let (&first, rest) = content.split_first().ok_or(Error::Lengths)?;
    if first < 128 {
        return Ok((first.into(), rest));
    }
    let (&long, rest) = content.split_first_chunk::<4>().ok_or(Error::Lengths)?;
    let length = u32::from_be_bytes(long) & 0x7fff_ffff;
    Ok((usize::try_from(length).map_err(|_| Error::Lengths)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Variables = Vec<(Vec<u8>, Vec<u8>)>;

    fn encode(variables: &Variables) -> Vec<u8> {
        let mut writer = ParamsWriter::default();
        variables.iter().for_each(|(name, value)| writer.insert(name, value));
        writer.finish()
    }

    #[test]
    fn the_bytes_of_the_specification() {
        // Appendix B: FCGI_PARAMS of a Responder, and the two forms of a length.
        let short = encode(&vec![(b"SERVER_PORT".to_vec(), b"80".to_vec())]);
        assert_eq!(short, b"\x0b\x02SERVER_PORT80");
        let long = encode(&vec![(b"A".to_vec(), vec![b'x'; 128])]);
        assert!(long.starts_with(b"\x01\x80\x00\x00\x80Ax"), "{long:?}");
        assert_eq!(long.len(), 1 + 4 + 1 + 128);
        let header = RecordHeader { record_type: RecordType::Params, id: 1, length: 13, padding: 3 };
        assert_eq!(header.encode(), [1, 4, 0, 1, 0, 13, 3, 0]);
    }

    #[test]
    fn types_have_the_numbers_of_the_specification() {
        for (code, record_type) in [
            (1, RecordType::BeginRequest),
            (3, RecordType::EndRequest),
            (5, RecordType::Stdin),
            (6, RecordType::Stdout),
            (10, RecordType::GetValuesResult),
            (0, RecordType::Unknown(0)),
            (11, RecordType::UnknownType),
            (12, RecordType::Unknown(12)),
        ] {
            let header = RecordHeader::decode([1, code, 0, 0, 0, 0, 0, 0]).unwrap();
            assert_eq!(header.record_type, record_type);
            assert_eq!(header.encode()[1], code);
        }
        assert_eq!(RecordHeader::decode([2, 1, 0, 0, 0, 0, 0, 0]), Err(Error::Version(2)));
    }

    #[test]
    fn replies_of_the_specification() {
        let mut out = Vec::new();
        encode_end(&mut out, 1, 938, ProtocolStatus::UnknownRole);
        assert_eq!(out, b"\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x03\xaa\x03\x00\x00\x00");
        out.clear();
        encode_unknown_type(&mut out, RecordType::Unknown(77));
        assert_eq!(out, b"\x01\x0b\x00\x00\x00\x08\x00\x00M\x00\x00\x00\x00\x00\x00\x00");
        out.clear();
        let asked = b"\x0f\x00FCGI_MPXS_CONNS\x0e\x00FCGI_MAX_CONNS\x01\x00X";
        encode_values(&mut out, asked, 12).unwrap();
        let told = b"\x0f\x01FCGI_MPXS_CONNS0\x0e\x02FCGI_MAX_CONNS12";
        assert_eq!((&out[..8], &out[8..]), (&b"\x01\x0a\x00\x00\x00\x24\x00\x00"[..], &told[..]));
        assert_eq!(encode_values(&mut out, b"\x01", 1), Err(Error::Lengths));
        let begin = BeginRequest { role: 1, keep_connection: true };
        assert_eq!(begin.encode(), [0, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(BeginRequest::decode(begin.encode()), begin);
    }

    #[test]
    fn variables_are_counted() {
        let content = |number| b"\x01\x00A".repeat(number);
        for number in [MOST_VARIABLES - 1, MOST_VARIABLES] {
            assert_eq!(decode_params(&content(number)).map(|variables| variables.len()), Ok(number));
        }
        assert_eq!(decode_params(&content(MOST_VARIABLES + 1)), Err(Error::TooMany));
    }

    #[test]
    fn streams_end_with_an_empty_record() {
        let mut out = Vec::new();
        encode_stream(&mut out, RecordType::Stdin, 258, &vec![b'x'; LONGEST_CONTENT + 1]);
        let header = |at: usize| RecordHeader::decode(*out[at..].first_chunk().unwrap()).unwrap();
        let second = HEADER_LENGTH + LONGEST_CONTENT;
        assert_eq!((header(0).length, header(0).id), (u16::MAX, 258));
        assert_eq!(header(second).length, 1);
        assert_eq!(header(second + HEADER_LENGTH + 1).length, 0);
        assert_eq!(out.len(), second + 2 * HEADER_LENGTH + 1);
    }

    #[test]
    fn lengths_must_add_up() {
        for content in [&b"\x01"[..], b"\x01\x01A", b"\x80\x00\x00", b"\xff\xff\xff\xff\x00", b"\x01\x00"] {
            assert_eq!(decode_params(content), Err(Error::Lengths), "{content:?}");
        }
        assert_eq!(decode_params(b"\x00\x01B"), Err(Error::Name));
        assert_eq!(decode_params(b"\x01\x00\x00"), Err(Error::Name));
        assert_eq!(decode_params(b"\x01\x00A"), Ok(vec![(&b"A"[..], &b""[..])]));
        // A short length in the long form is allowed.
        assert_eq!(decode_params(b"\x80\x00\x00\x01\x01AB"), Ok(vec![(&b"A"[..], &b"B"[..])]));
        assert_eq!(decode_params(b""), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(variables in proptest::collection::vec(
            (proptest::collection::vec(1u8.., 1..200), proptest::collection::vec(any::<u8>(), 0..200)), 0..10,
        )) {
            let content = encode(&variables);
            let read: Variables = decode_params(&content).unwrap()
                .into_iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(read, variables);
        }

        #[test]
        fn no_bytes_panic(content in proptest::collection::vec(any::<u8>(), 0..200), header: [u8; 8]) {
            let _ = decode_params(&content);
            if let Ok(decoded) = RecordHeader::decode(header) {
                prop_assert_eq!(&decoded.encode()[..7], &header[..7]);
            }
        }
    }
}
