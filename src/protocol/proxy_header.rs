//! The header of the PROXY protocol, versions 1 and 2: who a load balancer's connection is from.
//!
//! ```text
//! 1: PROXY TCP4|TCP6|UNKNOWN source destination port port CRLF      (107 bytes at most)
//! 2: signature | u8 version and command | u8 family and transport | u16 length | addresses | TLVs
//! ```
//!
//! The source is HAProxy's `proxy-protocol.txt`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of a header of version 1, with its line end (section 2.1).
const LONGEST_LINE: usize = 107;

/// What a header of version 2 begins with (section 2.2).
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes before the addresses in version 2.
const FIXED: usize = 16;

/// Bytes of addresses and TLVs that are taken: far more than anyone sends.
const LONGEST_REST: usize = 4096;

/// The TLV with a CRC-32C over the whole header, its own value taken as zero (section 2.2.3).
const CRC32C: u8 = 0x03;

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// They begin otherwise.
    #[error("the connection does not begin with a PROXY header")]
    Missing,
    /// A line of version 1 that is not one.
    #[error("the line of the PROXY header is malformed")]
    Line,
    /// A version, command, family or length of version 2 that is not valid.
    #[error("the binary PROXY header is malformed")]
    Binary,
    /// The checksum is not that of the header.
    #[error("the checksum of the PROXY header is wrong")]
    Checksum,
}

/// A header that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    pub origin: Origin,
    /// Bytes of the header; the client's follow.
    pub length: usize,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The load balancer's own, or one that it knows nothing of.
    Peer,
    Client {
        source: SocketAddr,
        destination: SocketAddr,
    },
}

/// Reads the header at the beginning of `received`; `None` when more of it must come.
///
/// # Errors
/// Bytes that cannot become one, as early as that can be seen.
pub fn decode(received: &[u8]) -> Result<Option<ProxyHeader>, Error> {
    const WORD: &[u8] = b"PROXY ";
    let begins = |whole: &[u8]| {
        let length = whole.len().min(received.len());
        received.get(..length) == whole.get(..length)
    };
    if begins(WORD) {
        decode_line(received)
    } else if begins(&SIGNATURE) {
        decode_binary(received)
    } else {
        Err(Error::Missing)
    }
}

fn decode_line(received: &[u8]) -> Result<Option<ProxyHeader>, Error> {
    let start = received.get(..LONGEST_LINE).unwrap_or(received);
    let Some(end) = start.windows(2).position(|two| two == b"\r\n") else {
        return if received.len() < LONGEST_LINE { Ok(None) } else { Err(Error::Line) };
    };
    let line = start.get(..end).and_then(|line| str::from_utf8(line).ok()).ok_or(Error::Line)?;
    let length = end + 2;
    let mut words = line.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Ok(Some(ProxyHeader { origin: Origin::Peer, length }));
    }
    let (Some(source), Some(destination), Some(source_port), Some(port), None) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Error::Line);
    };
    let address = |text: &str| -> Result<IpAddr, Error> {
        match family {
            Some("TCP4") => text.parse::<Ipv4Addr>().map(IpAddr::from).map_err(|_| Error::Line),
            Some("TCP6") => text.parse::<Ipv6Addr>().map(IpAddr::from).map_err(|_| Error::Line),
            _ => Err(Error::Line),
        }
    };
    let port_of = |text: &str| {
        let is_number =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        text.parse::<u16>().ok().filter(|_| is_number).ok_or(Error::Line)
    };
    let source = SocketAddr::new(address(source)?, port_of(source_port)?);
    let destination = SocketAddr::new(address(destination)?, port_of(port)?);
    Ok(Some(ProxyHeader { origin: Origin::Client { source, destination }, length }))
}

fn decode_binary(received: &[u8]) -> Result<Option<ProxyHeader>, Error> {
    let Some((fixed, rest)) = received.split_first_chunk::<FIXED>() else { return Ok(None) };
    let [.., command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !matches!(command, 0x20 | 0x21) || length > LONGEST_REST {
        return Err(Error::Binary);
    }
    let Some(rest) = rest.get(..length) else { return Ok(None) };
    let (addresses, origin) = match (command, family) {
        (0x20, _) => (address_bytes(family).min(length), Origin::Peer),
        (_, 0x11) => (12, binary_origin(rest, |bytes: [u8; 4]| Ipv4Addr::from(bytes).into())?),
        (_, 0x21) => (36, binary_origin(rest, |bytes: [u8; 16]| Ipv6Addr::from(bytes).into())?),
        // Over a unix socket, over UDP, or unspecified: there is no address that could be used.
        (_, 0x00 | 0x12 | 0x22 | 0x31 | 0x32) => (address_bytes(family), Origin::Peer),
        _ => return Err(Error::Binary),
    };
    let whole = received.get(..FIXED + length).ok_or(Error::Binary)?;
    check_tlvs(whole, FIXED + addresses)?;
    Ok(Some(ProxyHeader { origin, length: FIXED + length }))
}

/// Bytes of the two addresses with their ports.
fn address_bytes(family: u8) -> usize {
    match family >> 4 {
        1 => 12,
        2 => 36,
        3 => 216,
        _ => 0,
    }
}

fn binary_origin<const N: usize>(rest: &[u8], address: impl Fn([u8; N]) -> IpAddr) -> Result<Origin, Error> {
    let (&source, rest) = rest.split_first_chunk::<N>().ok_or(Error::Binary)?;
    let (&destination, rest) = rest.split_first_chunk::<N>().ok_or(Error::Binary)?;
    let (&source_port, rest) = rest.split_first_chunk::<2>().ok_or(Error::Binary)?;
    let (&port, _) = rest.split_first_chunk::<2>().ok_or(Error::Binary)?;
    Ok(Origin::Client {
        source: SocketAddr::new(address(source), u16::from_be_bytes(source_port)),
        destination: SocketAddr::new(address(destination), u16::from_be_bytes(port)),
    })
}

/// Whether the TLVs from `at` on fill the header, and the checksum is right where there is one.
fn check_tlvs(header: &[u8], mut at: usize) -> Result<(), Error> {
    while let Some(tlv) = header.get(at..).filter(|rest| !rest.is_empty()) {
        let [kind, high, low, value @ ..] = tlv else { return Err(Error::Binary) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let value = value.get(..length).ok_or(Error::Binary)?;
        if *kind == CRC32C {
            let sum = <[u8; 4]>::try_from(value).map_err(|_| Error::Binary)?;
            let mut zeroed = header.to_vec();
            zeroed.get_mut(at + 3..at + 7).ok_or(Error::Binary)?.fill(0);
            if crc32c(&zeroed) != u32::from_be_bytes(sum) {
                return Err(Error::Checksum);
            }
        }
        at += 3 + length;
    }
    if at == header.len() { Ok(()) } else { Err(Error::Binary) }
}

/// CRC-32C (RFC 3720 appendix B.4), bit by bit: headers are short and come once a connection.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (POLYNOMIAL & (sum & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(source: &str, destination: &str) -> Origin {
        Origin::Client { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
    }

    #[test]
    fn lines() {
        for (line, origin) in [
            ("PROXY TCP4 192.0.2.1 192.0.2.2 40000 443", client("192.0.2.1:40000", "192.0.2.2:443")),
            ("PROXY TCP6 2001:db8::1 ::1 1 0", client("[2001:db8::1]:1", "[::1]:0")),
            ("PROXY UNKNOWN", Origin::Peer),
            ("PROXY UNKNOWN what ever 1 2 3 4", Origin::Peer),
        ] {
            let sent = format!("{line}\r\nGET /");
            for end in 0..line.len() + 2 {
                assert_eq!(decode(&sent.as_bytes()[..end]), Ok(None), "{line}");
            }
            assert_eq!(decode(sent.as_bytes()), Ok(Some(ProxyHeader { origin, length: line.len() + 2 })));
        }
        for line in [
            "PROXY ",
            "PROXY TCP4 192.0.2.1 192.0.2.2 40000",
            "PROXY TCP4 192.0.2.1 192.0.2.2 40000 443 ",
            "PROXY TCP4  192.0.2.1 192.0.2.2 40000 443",
            "PROXY TCP4 ::1 192.0.2.2 40000 443",
            "PROXY TCP6 192.0.2.1 ::1 1 2",
            "PROXY TCP4 192.0.2.1 192.0.2.2 +1 443",
            "PROXY TCP4 192.0.2.1 192.0.2.2 01 443",
            "PROXY TCP4 192.0.2.1 192.0.2.2 65536 443",
            "PROXY TCP5 192.0.2.1 192.0.2.2 1 443",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 443\n",
            "PROXY UNKNOWN\u{e9}\u{0}",
        ] {
            let decoded = decode(format!("{line}\r\n").as_bytes());
            assert!(decoded == Err(Error::Line) || line.contains('\u{e9}'), "{line}: {decoded:?}");
        }
        for (sent, error) in [
            (&b"GET / HTTP/1.1"[..], Error::Missing),
            (b"PROXYTCP", Error::Missing),
            (b"\x16", Error::Missing),
        ] {
            assert_eq!(decode(sent), Err(error));
        }
    }

    #[test]
    fn a_line_has_107_bytes_at_most() {
        let line = |length: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(length - 16)).into_bytes();
        assert!(matches!(decode(&line(106)), Ok(Some(ProxyHeader { length: 106, .. }))));
        assert!(matches!(decode(&line(107)), Ok(Some(ProxyHeader { length: 107, .. }))));
        assert_eq!(decode(&line(108)), Err(Error::Line));
        assert_eq!(decode(&line(108)[..106]), Ok(None));
        assert_eq!(decode(&line(108)[..107]), Err(Error::Line));
    }

    /// A header of version 2.
    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    const TCP4: &[u8] = &[192, 0, 2, 1, 192, 0, 2, 2, 0x9c, 0x40, 1, 0xbb];

    #[test]
    fn binary_headers() {
        let tcp6 = [[0; 15].as_slice(), &[1], &[0; 15], &[2, 0, 1, 0, 2]].concat();
        let four = client("192.0.2.1:40000", "192.0.2.2:443");
        for (command, family, rest, origin) in [
            (0x21, 0x11, TCP4, four),
            (0x21, 0x11, &[TCP4, &[4, 0, 2, 9, 9]].concat(), four),
            (0x21, 0x21, &tcp6, client("[::1]:1", "[::2]:2")),
            (0x21, 0x31, &[0; 216], Origin::Peer),
            (0x21, 0x00, b"", Origin::Peer),
            (0x20, 0x00, b"", Origin::Peer),
            (0x20, 0x11, TCP4, Origin::Peer),
        ] {
            let header = binary(command, family, rest);
            let length = header.len();
            for end in 0..length {
                assert_eq!(decode(&header[..end]), Ok(None), "{end}");
            }
            assert_eq!(decode(&[&header[..], b"more"].concat()), Ok(Some(ProxyHeader { origin, length })));
        }
        for (command, family, rest) in [
            (0x11, 0x11, TCP4),
            (0x22, 0x11, TCP4),
            (0x21, 0x41, TCP4),
            (0x21, 0x11, &TCP4[..11]),
            (0x21, 0x21, TCP4),
            (0x21, 0x31, TCP4),
            (0x21, 0x11, &[TCP4, &[4, 0, 2, 9]].concat()),
            (0x21, 0x11, &[TCP4, &[4]].concat()),
            (0x21, 0x11, &[TCP4, &[3, 0, 1, 9]].concat()),
        ] {
            assert_eq!(decode(&binary(command, family, rest)), Err(Error::Binary), "{family:x} {rest:?}");
        }
        let padded = |length: usize| {
            let padding = u16::try_from(length - TCP4.len() - 3).unwrap();
            let tlv = [&[4][..], &padding.to_be_bytes(), &vec![0; padding.into()]].concat();
            binary(0x21, 0x11, &[TCP4, &tlv].concat())
        };
        for (length, is_taken) in [(LONGEST_REST - 1, true), (LONGEST_REST, true), (LONGEST_REST + 1, false)]
        {
            assert_eq!(decode(&padded(length)).is_ok(), is_taken, "{length}");
        }
    }

    #[test]
    fn checksums() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        let header = |sum: u32| binary(0x21, 0x11, &[TCP4, &[3, 0, 4], &sum.to_be_bytes()].concat());
        let sum = crc32c(&header(0));
        assert!(matches!(decode(&header(sum)), Ok(Some(_))));
        assert_eq!(decode(&header(sum ^ 1)), Err(Error::Checksum));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            start in prop_oneof![Just(&b""[..]), Just(&b"PROXY "[..]), Just(&SIGNATURE[..])],
        ) {
            let bytes = [start, &bytes].concat();
            if let Ok(Some(header)) = decode(&bytes) {
                prop_assert!(header.length <= bytes.len());
                prop_assert_eq!(decode(&bytes[..header.length]), Ok(Some(header)));
                prop_assert_eq!(decode(&bytes[..header.length - 1]), Ok(None));
            }
        }
    }
}
