//! The uwsgi protocol (modifier 0): a four-byte header, a block of variables, the body.
//!
//! ```text
//! u8 modifier1 | u16 size, little endian | u8 modifier2 | block of `size` bytes | body of CONTENT_LENGTH bytes
//! block: (u16 length, key, u16 length, value)*
//! ```
//!
//! The answer is an ordinary HTTP response that ends with the connection.

use super::cgi_vars::Variable;

/// Bytes of the packet header.
pub const HEADER_LENGTH: usize = 4;

/// The answer to a ping (modifier 100): the same with modifier2 1.
pub const PONG: [u8; HEADER_LENGTH] = [100, 0, 0, 1];

/// The four bytes before the block of variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the packet is; see [`Header::kind`].
    pub modifier1: u8,
    /// Bytes of the block.
    pub size: u16,
    /// Says more for some kinds.
    pub modifier2: u8,
}

/// What a packet asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// A request for the application (0).
    Request,
    /// The same, and SCRIPT_NAME is still part of PATH_INFO (30).
    RequestUnderScriptName,
    /// Are you there (100)?
    Ping,
    /// Anything else: other languages, spooler, reload, and running code that was sent along (22).
    /// Never obeyed.
    Other,
}

impl Header {
    /// Reads a header. Every four bytes are one.
    pub fn decode([modifier1, low, high, modifier2]: [u8; HEADER_LENGTH]) -> Self {
        Self { modifier1, size: u16::from_le_bytes([low, high]), modifier2 }
    }

    /// The header as it goes over the wire. No upstream speaks uwsgi yet; tests and the fuzz target
    /// use this direction.
    pub fn encode(self) -> [u8; HEADER_LENGTH] {
        let [low, high] = self.size.to_le_bytes();
        [self.modifier1, low, high, self.modifier2]
    }

    /// What the packet asks for.
    pub fn kind(self) -> PacketKind {
        match self.modifier1 {
            0 => PacketKind::Request,
            30 => PacketKind::RequestUnderScriptName,
            100 => PacketKind::Ping,
            _ => PacketKind::Other,
        }
    }
}

/// Why a block of variables cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A length that points behind the end, or bytes that are left over.
    #[error("the lengths in the block of variables are inconsistent")]
    Lengths,
    /// A variable without a name, or with a NUL in it.
    #[error("the name of a variable is invalid")]
    Name,
    /// More than 65535 bytes: the header cannot say it, and cutting or wrapping would move the
    /// start of the body.
    #[error("the variables do not fit into 65535 bytes")]
    TooLarge,
}

/// Reads a block of variables: names and values in the order they were sent.
///
/// # Errors
/// [`Error::Lengths`] unless the entries fill the block exactly, [`Error::Name`] for a name that is
/// none.
pub fn decode_variables(mut block: &[u8]) -> Result<Vec<Variable<'_>>, Error> {
    let mut variables = Vec::with_capacity(32);
    while !block.is_empty() {
        let (name, rest) = string(block)?;
        let (value, rest) = string(rest)?;
        if name.is_empty() || name.contains(&0) {
            return Err(Error::Name);
        }
        variables.push((name, value));
        block = rest;
    }
    Ok(variables)
}

fn string(block: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let (&length, rest) = block.split_first_chunk::<2>().ok_or(Error::Lengths)?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(length))).ok_or(Error::Lengths)
}

/// Writes a request packet: header and block.
///
/// # Errors
/// [`Error::TooLarge`] when the block has more than 65535 bytes.
pub fn encode_request<'a>(variables: impl IntoIterator<Item = Variable<'a>>) -> Result<Vec<u8>, Error> {
    let mut packet = vec![0; HEADER_LENGTH];
    for (name, value) in variables {
        for string in [name, value] {
            let length = u16::try_from(string.len()).map_err(|_| Error::TooLarge)?;
            packet.extend_from_slice(&length.to_le_bytes());
            packet.extend_from_slice(string);
        }
    }
    let size = u16::try_from(packet.len() - HEADER_LENGTH).map_err(|_| Error::TooLarge)?;
    if let Some(header) = packet.first_chunk_mut() {
        *header = Header { modifier1: 0, size, modifier2: 0 }.encode();
    }
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Variables = Vec<(Vec<u8>, Vec<u8>)>;

    fn encode(variables: &Variables) -> Result<Vec<u8>, Error> {
        encode_request(variables.iter().map(|(name, value)| (&name[..], &value[..])))
    }

    #[test]
    fn the_bytes_of_the_documentation() {
        let packet = encode(&vec![(b"HTTP_HOST".to_vec(), b"127.0.0.1:9090".to_vec())]).unwrap();
        assert_eq!(packet, b"\x00\x1b\x00\x00\x09\x00HTTP_HOST\x0e\x00127.0.0.1:9090");
    }

    #[test]
    fn lengths_must_add_up() {
        for block in
            [&b"\x01"[..], b"\x01\x00", b"\x01\x00A", b"\x01\x00A\x00", b"\x01\x00A\x02\x00B", b"\xff\xffA"]
        {
            assert_eq!(decode_variables(block), Err(Error::Lengths), "{block:?}");
        }
        assert_eq!(decode_variables(b"\x00\x00\x01\x00B"), Err(Error::Name));
        assert_eq!(decode_variables(b"\x01\x00\0\x01\x00B"), Err(Error::Name));
        assert_eq!(decode_variables(b"\x01\x00A\x00\x00"), Ok(vec![(&b"A"[..], &b""[..])]));
        assert_eq!(decode_variables(b""), Ok(vec![]));
    }

    #[test]
    fn sixteen_bits_never_wrap() {
        let largest = 65535 - 5;
        let variables = |length| vec![(b"A".to_vec(), vec![b'x'; length])];
        assert_eq!(encode(&variables(largest)).map(|packet| packet.len()), Ok(65539));
        assert_eq!(encode(&variables(largest + 1)), Err(Error::TooLarge));
        assert_eq!(encode(&variables(65536)), Err(Error::TooLarge));
    }

    #[test]
    fn kinds() {
        let kind = |modifier1| Header { modifier1, size: 0, modifier2: 0 }.kind();
        assert_eq!(kind(0), PacketKind::Request);
        assert_eq!(kind(30), PacketKind::RequestUnderScriptName);
        assert_eq!(kind(100), PacketKind::Ping);
        for other in [5, 9, 14, 17, 22, 97, 98, 110, 111, 173, 255] {
            assert_eq!(kind(other), PacketKind::Other);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(variables in proptest::collection::vec(
            (proptest::collection::vec(1u8.., 1..20), proptest::collection::vec(any::<u8>(), 0..20)), 0..10,
        )) {
            let packet = encode(&variables).unwrap();
            let header = Header::decode(*packet.first_chunk().unwrap());
            prop_assert_eq!(usize::from(header.size), packet.len() - HEADER_LENGTH);
            let read: Variables = decode_variables(&packet[HEADER_LENGTH..]).unwrap()
                .into_iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(read, variables);
        }

        #[test]
        fn no_bytes_panic(block in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_variables(&block);
        }
    }
}
