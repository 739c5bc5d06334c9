//! The server's first answer to a hello, read by hand as far as it is not encrypted.
//!
//! Before TLS 1.3 that is everything up to ServerHelloDone, the certificates included; with TLS 1.3 it is the ServerHello
//! or the HelloRetryRequest. The reader is fed bytes as they come, and never fails on bytes of any kind.

use super::record::{ALERT, APPLICATION_DATA, HANDSHAKE};
use super::suites::{Suite, Version};

/// The longest first answer that is read; the largest chains of real servers have some 20 KiB.
const MAX_BYTES: usize = 256 << 10;
/// A record in clear has at most 2^14 bytes (RFC 8446 section 5.1); some old stacks add 2048.
const MAX_RECORD: usize = (1 << 14) + 2048;

/// The random bytes that make a ServerHello a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Reads a server's first answer.
#[derive(Debug, Default)]
pub(super) struct FlightReader {
    /// Bytes that make no whole record yet.
    records: Vec<u8>,
    /// Handshake bytes that make no whole message yet.
    messages: Vec<u8>,
    total: usize,
    pub(super) answer: ServerFlight,
}

/// What a server said in its first answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ServerFlight {
    /// Its choice, if it made one.
    pub(super) hello: Option<ServerHello>,
    /// The certificates as they were sent, DER.
    pub(super) certificates: Vec<Vec<u8>>,
    /// The size of the finite-field group, where the key exchange has one.
    pub(super) dh_bits: Option<usize>,
    /// The group of the key exchange, where the server named one.
    pub(super) group: Option<u16>,
    /// Whether it sent an OCSP answer along.
    pub(super) is_stapled: bool,
    /// Whether it asked for a certificate of the client.
    pub(super) wants_client_certificate: bool,
    /// The number of a fatal alert (RFC 8446 section 6).
    pub(super) alert: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) version: Version,
    pub(super) suite: u16,
    /// Whether compression was chosen.
    pub(super) is_compressed: bool,
    /// Whether it knows of secure renegotiation (RFC 5746).
    pub(super) is_renegotiation_safe: bool,
    /// Whether it only says which group it wants.
    pub(super) is_retry: bool,
    /// The group, with TLS 1.3.
    pub(super) group: Option<u16>,
    /// Whether the keys depend on the whole handshake (extended master secret, RFC 7627).
    pub(super) has_extended_master_secret: bool,
}

/// How far the reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More bytes are needed.
    More,
    /// Nothing more that matters will come unencrypted.
    Done,
    /// It is not TLS, or does not look like an answer to a hello.
    Invalid,
}

impl FlightReader {
    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Progress {
        self.total += bytes.len();
        if self.total > MAX_BYTES {
            return Progress::Invalid;
        }
        self.records.extend_from_slice(bytes);
        loop {
            let mut reader = Reader(&self.records);
            let (Some(kind), Some(version)) = (reader.u8(), reader.u16()) else { return Progress::More };
            // A first byte of 20 to 23 and a major version of 3 is what every record begins with.
            if !(20..=APPLICATION_DATA).contains(&kind) || version >> 8 != 3 {
                return Progress::Invalid;
            }
            let Some(length) = reader.u16().map(usize::from) else { return Progress::More };
            if length > MAX_RECORD {
                return Progress::Invalid;
            }
            let Some(content) = reader.bytes(length) else { return Progress::More };
            let progress = match kind {
                ALERT => self.answer.alert(content),
                HANDSHAKE => {
                    self.messages.extend_from_slice(content);
                    self.read_messages()
                }
                // Encrypted from here on, and nothing of it was for us.
                APPLICATION_DATA => Progress::Done,
                _ => Progress::More,
            };
            self.records.drain(..5 + length);
            if progress != Progress::More {
                return progress;
            }
        }
    }

    fn read_messages(&mut self) -> Progress {
        loop {
            let mut reader = Reader(&self.messages);
            let (Some(kind), Some(length)) = (reader.u8(), reader.u24()) else { return Progress::More };
            let Some(content) = reader.bytes(length) else { return Progress::More };
            let progress = self.answer.message(kind, content);
            self.messages.drain(..4 + length);
            if progress != Progress::More {
                return progress;
            }
        }
    }
}

impl ServerFlight {
    fn alert(&mut self, content: &[u8]) -> Progress {
        match *content {
            // A warning, such as that the name is not known; the handshake goes on. Closing is the end all the same.
            [1, kind] if kind != 0 => Progress::More,
            [_, kind] => {
                self.alert = Some(kind);
                Progress::Done
            }
            _ => Progress::Invalid,
        }
    }

    /// One handshake message (RFC 5246 section 7.4, RFC 8446 section 4).
    fn message(&mut self, kind: u8, content: &[u8]) -> Progress {
        let understood = match kind {
            2 => ServerHello::read(content).map(|hello| self.hello = Some(hello)),
            11 => certificates(content).map(|certificates| self.certificates = certificates),
            12 => {
                self.key_exchange(content);
                Some(())
            }
            13 => {
                self.wants_client_certificate = true;
                Some(())
            }
            22 => {
                self.is_stapled = true;
                Some(())
            }
            14 => return Progress::Done,
            // HelloRequest and NewSessionTicket say nothing that matters here.
            _ => Some(()),
        };
        match (understood, &self.hello) {
            (None, _) | (_, None) => Progress::Invalid,
            (Some(()), Some(hello)) if hello.version == Version::Tls13 => Progress::Done,
            (Some(()), Some(_)) => Progress::More,
        }
    }

    /// The parameters of a key exchange: what matters is how strong they are (RFC 5246 section 7.4.3, RFC 8422
    /// section 5.4). Unknown ones are passed over.
    fn key_exchange(&mut self, content: &[u8]) {
        let Some(suite) = self.hello.as_ref().and_then(|hello| Suite::of(hello.suite)) else { return };
        let mut reader = Reader(content);
        if suite.is_finite_field() {
            let prime = reader.vec16();
            self.dh_bits = prime.map(bits);
            self.group = prime.and_then(named_field);
        } else if suite.is_elliptic() && reader.u8() == Some(3) {
            self.group = reader.u16();
        }
    }
}

impl ServerHello {
    fn read(content: &[u8]) -> Option<Self> {
        let mut reader = Reader(content);
        let mut version = reader.u16()?;
        let is_retry = reader.bytes(32)? == RETRY_RANDOM;
        reader.vec8()?; // session id
        let suite = reader.u16()?;
        let is_compressed = reader.u8()? != 0;
        let (mut is_renegotiation_safe, mut group) = (false, None);
        let mut has_extended_master_secret = false;
        // Old servers end here.
        if !reader.0.is_empty() {
            let mut extensions = Reader(reader.vec16()?);
            while !extensions.0.is_empty() {
                let number = extensions.u16()?;
                let mut extension = Reader(extensions.vec16()?);
                match number {
                    43 => version = extension.u16()?,
                    23 => has_extended_master_secret = true,
                    51 => group = extension.u16(),
                    0xff01 => is_renegotiation_safe = true,
                    _ => {}
                }
            }
        }
        let version = Version::of(version)?;
        Some(Self {
            version,
            suite,
            is_compressed,
            is_renegotiation_safe,
            is_retry,
            group,
            has_extended_master_secret,
        })
    }
}

/// The certificates of a Certificate message before TLS 1.3 (RFC 5246 section 7.4.2).
fn certificates(content: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut list = Reader(Reader(content).vec24()?);
    let mut certificates = Vec::new();
    while !list.0.is_empty() {
        certificates.push(list.vec24()?.to_vec());
    }
    Some(certificates)
}

/// The group of RFC 7919 (appendix A) that a prime belongs to: they begin alike and differ in size.
fn named_field(prime: &[u8]) -> Option<u16> {
    const START: [u8; 12] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xad, 0xf8, 0x54, 0x58];
    let number = [(256, 256), (384, 257), (512, 258), (768, 259), (1024, 260)]
        .into_iter()
        .find(|(bytes, _)| prime.len() == *bytes);
    number.filter(|_| prime.starts_with(&START)).map(|(_, number)| number)
}

/// The size of a number in bits.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() - zeros) * 8 - first
}

/// Takes numbers and vectors from the front of bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.bytes(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn u8(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        u16::try_from(self.number(2)?).ok()
    }

    fn u24(&mut self) -> Option<usize> {
        self.number(3)
    }

    fn vec8(&mut self) -> Option<&'a [u8]> {
        let length = self.number(1)?;
        self.bytes(length)
    }

    fn vec16(&mut self) -> Option<&'a [u8]> {
        let length = self.number(2)?;
        self.bytes(length)
    }

    fn vec24(&mut self) -> Option<&'a [u8]> {
        let length = self.number(3)?;
        self.bytes(length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind], &length[1..], content].concat()
    }

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3], &length[..], content].concat()
    }

    fn hello(version: u16, suite: u16, compression: u8, random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        let tail = if extensions.is_empty() { vec![] } else { [&length[..], extensions].concat() };
        let head = [&version.to_be_bytes()[..], &random, &[0], &suite.to_be_bytes(), &[compression]].concat();
        message(2, &[head, tail].concat())
    }

    /// A whole answer of TLS 1.1 with DHE: two certificates of three and two bytes, a group of 10 bits.
    fn old_answer() -> Vec<u8> {
        let certificates = message(11, &[0, 0, 11, 0, 0, 3, 1, 2, 3, 0, 0, 2, 4, 5]);
        let exchange = message(12, &[0, 3, 0, 2, 9, 0, 1, 2, 0, 1, 7]);
        [hello(0x0302, 0x0033, 1, [9; 32], &[0xff, 1, 0, 1, 0]), certificates, exchange, message(14, &[])]
            .concat()
    }

    #[test]
    fn an_old_answer_is_read_however_it_is_cut() {
        let messages = old_answer();
        let (first, second) = messages.split_at(50);
        let bytes = [record(HANDSHAKE, first), record(HANDSHAKE, second)].concat();
        for step in [1, 7, bytes.len()] {
            let mut flight = FlightReader::default();
            let steps: Vec<_> = bytes.chunks(step).map(|chunk| flight.feed(chunk)).collect();
            assert_eq!(steps.last(), Some(&Progress::Done));
            assert!(steps.iter().rev().skip(1).all(|progress| *progress == Progress::More));
            let hello = flight.answer.hello.unwrap();
            assert_eq!((hello.version, hello.suite), (Version::Tls11, 0x33));
            assert!(hello.is_compressed && hello.is_renegotiation_safe && !hello.is_retry);
            assert_eq!(flight.answer.certificates, [vec![1, 2, 3], vec![4, 5]]);
            assert_eq!(flight.answer.dh_bits, Some(10));
        }
    }

    #[test]
    fn a_retry_says_its_group() {
        let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xec];
        let mut flight = FlightReader::default();
        let bytes = record(HANDSHAKE, &hello(0x0303, 0x1301, 0, RETRY_RANDOM, &extensions));
        assert_eq!(flight.feed(&bytes), Progress::Done);
        let hello = flight.answer.hello.unwrap();
        assert_eq!((hello.version, hello.group, hello.is_retry), (Version::Tls13, Some(0x11ec), true));
    }

    #[test]
    fn fields_of_rfc_7919_have_a_number() {
        let prime = |start: [u8; 4], bytes: usize| {
            let mut prime = [&[0xff; 8][..], &start].concat();
            prime.resize(bytes, 7);
            prime
        };
        assert_eq!(named_field(&prime([0xad, 0xf8, 0x54, 0x58], 384)), Some(257));
        // A group of RFC 3526, and a size that there is not.
        assert_eq!(named_field(&prime([0xc9, 0x0f, 0xda, 0xa2], 384)), None);
        assert_eq!(named_field(&prime([0xad, 0xf8, 0x54, 0x58], 128)), None);
    }

    #[test]
    fn alerts() {
        let mut flight = FlightReader::default();
        assert_eq!(flight.feed(&record(ALERT, &[1, 112])), Progress::More);
        assert_eq!(flight.feed(&record(ALERT, &[2, 70])), Progress::Done);
        assert_eq!(flight.answer.alert, Some(70));
    }

    #[test]
    fn other_protocols_are_invalid() {
        for text in ["HTTP/1.1 400 Bad Request\r\n", "220 mail.example ESMTP\r\n", "<html>", "\x16\x02\x00"] {
            assert_eq!(FlightReader::default().feed(text.as_bytes()), Progress::Invalid, "{text}");
        }
        let endless = record(HANDSHAKE, &vec![0xff; 16_000]);
        let mut flight = FlightReader::default();
        let ends = (0..100).any(|_| flight.feed(&endless) == Progress::Invalid);
        assert!(ends, "a message that never ends is not gathered for ever");
    }

    proptest! {
        #[test]
        fn any_bytes_are_accepted(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            FlightReader::default().feed(&bytes);
            FlightReader::default().feed(&record(HANDSHAKE, &bytes));
            FlightReader::default().feed(&record(HANDSHAKE, &message(2, &bytes)));
            let _ = certificates(&bytes);
        }

        #[test]
        fn damaged_answers_do_not_panic(at in 0_usize..80, byte in any::<u8>(), step in 1_usize..40) {
            let mut bytes = record(HANDSHAKE, &old_answer());
            let index = at % bytes.len();
            bytes[index] = byte;
            let mut flight = FlightReader::default();
            for chunk in bytes.chunks(step) {
                if flight.feed(chunk) != Progress::More {
                    break;
                }
            }
        }
    }
}
