//! ROBOT: whether a server tells apart how a premaster secret was padded (Bleichenbacher's oracle).
//!
//! Five messages, as Böck, Somorovsky and Young published them (USENIX Security 2018, section 3): one is padded as it should be,
//! four are not. None has a secret that the server would continue with, so no session comes of it. A sound server treats them
//! alike (RFC 5246 section 7.4.7.1); where it does not, anyone who asks often enough decrypts what was encrypted for its key.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use x509_parser::num_bigint::BigUint;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::record::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, read_record};
use super::suites::{SUITES, Version};
use super::wire::Wire;
use super::{Error, Server};

/// How long to wait for the answer to a whole flight.
const ANSWER: Duration = Duration::from_secs(4);
/// How long to wait for one that is silent although nothing more will come.
const SILENCE: Duration = Duration::from_secs(2);
/// Records of an answer that are compared.
const MAX_RECORDS: usize = 8;
/// What is left of a premaster secret beside its version.
const SECRET: usize = 46;

const CLIENT_KEY_EXCHANGE: u8 = 16;

/// How a message is padded.
#[derive(Clone, Copy, Debug)]
enum Padding {
    Right,
    WrongStart,
    ZeroElsewhere,
    NoZero,
    WrongVersion,
}

impl Padding {
    const ALL: [Self; 5] =
        [Self::Right, Self::WrongStart, Self::ZeroElsewhere, Self::NoZero, Self::WrongVersion];

    /// The message before its encryption, of `length` bytes; nothing for keys of less than about 500 bits.
    fn message(self, length: usize, version: [u8; 2]) -> Option<Vec<u8>> {
        let padding = vec![0x77; length.checked_sub(5 + SECRET)?];
        let secret = [0x33; SECRET];
        let parts: [&[u8]; 5] = match self {
            Self::Right => [&[0, 2], &padding, &[0], &version, &secret],
            Self::WrongStart => [&[0x41, 0x17], &padding, &[0], &version, &secret],
            Self::ZeroElsewhere => [&[0, 2], &padding, &[0x11], &secret, &[0, 0x11]],
            Self::NoZero => [&[0, 2], &padding, &[0x11], &[0x11, 0x11], &secret],
            Self::WrongVersion => [&[0, 2], &padding, &[0], &[2, 2], &secret],
        };
        Some(parts.concat())
    }
}

/// How much is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flight {
    /// The key exchange, ChangeCipherSpec, and what cannot be a Finished message.
    Whole,
    /// The key exchange alone.
    KeyExchange,
}

/// What came: alerts by number, other records by type; then how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    records: Vec<(u8, u8)>,
    end: End,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Closed or reset: which of the two depends on whether bytes arrived that nobody read.
    Closed,
    Silent,
}

/// The public key of the server: modulus, exponent, and the length of the modulus in bytes.
struct RsaKey {
    modulus: BigUint,
    exponent: BigUint,
    length: usize,
}

impl Server {
    /// Whether the answers differ, in the same way twice.
    ///
    /// # Errors
    /// When no connection can be made.
    pub(super) fn is_oracle(&self) -> Result<bool, Error> {
        for flight in [Flight::Whole, Flight::KeyExchange] {
            let Some(first) = self.answers(flight)? else { return Ok(false) };
            let is_alike = |answers: &[Answer]| answers.windows(2).all(|pair| pair[0] == pair[1]);
            if !is_alike(&first) && self.answers(flight)?.as_ref() == Some(&first) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What it answers to each message; nothing where it does not come so far.
    fn answers(&self, flight: Flight) -> Result<Option<Vec<Answer>>, Error> {
        thread::scope(|scope| {
            let asked = Padding::ALL.map(|padding| scope.spawn(move || self.answer_to(padding, flight)));
            let answers = asked.into_iter().map(|asked| asked.join().unwrap_or(Ok(None)));
            answers.collect()
        })
    }

    fn answer_to(&self, padding: Padding, flight: Flight) -> Result<Option<Answer>, Error> {
        let suites: Vec<_> =
            SUITES.iter().filter(|suite| suite.is_static_rsa()).map(|suite| suite.code).collect();
        let Some((mut wire, answer)) = self.half_done(&suites)? else { return Ok(None) };
        let version =
            answer.hello.as_ref().map_or(Version::Tls12, |hello| hello.version).number().to_be_bytes();
        let message = answer.certificates.first().and_then(|first| RsaKey::of(first)).and_then(|key| {
            // The version of the hello, whatever was agreed upon (RFC 5246 section 7.4.7.1).
            let message = padding.message(key.length, Version::Tls12.number().to_be_bytes())?;
            Some(key.encrypt(&message))
        });
        let Some(encrypted) = message else { return Ok(None) };
        let mut sent = record(HANDSHAKE, version, &key_exchange(&encrypted));
        if flight == Flight::Whole {
            sent.extend(record(CHANGE_CIPHER_SPEC, version, &[1]));
            sent.extend(record(HANDSHAKE, version, &[0x55; 64]));
        }
        wire.renew(self.time.share(if flight == Flight::Whole { ANSWER } else { SILENCE }));
        let mut is_sent = wire.write_all(&sent).is_ok();
        if is_sent && flight == Flight::KeyExchange {
            // A sound server waits for more; that nothing will come ends its waiting.
            is_sent = wire.finish_writing().is_ok();
        }
        let closed = Answer { records: Vec::new(), end: End::Closed };
        Ok(Some(if is_sent { read(&mut wire) } else { closed }))
    }
}

impl RsaKey {
    fn of(certificate: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() else { return None };
        let (modulus, exponent) = (BigUint::from_bytes_be(key.modulus), BigUint::from_bytes_be(key.exponent));
        let length = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
        // Of a key that is none, or of one that would take long.
        let is_usual = (64..=1024).contains(&length) && exponent.bits() <= 64;
        is_usual.then_some(Self { modulus, exponent, length })
    }

    /// The bare operation, of the length of the modulus.
    fn encrypt(&self, message: &[u8]) -> Vec<u8> {
        let number = BigUint::from_bytes_be(message).modpow(&self.exponent, &self.modulus).to_bytes_be();
        let mut encrypted = vec![0; self.length.saturating_sub(number.len())];
        encrypted.extend(number);
        encrypted
    }
}

fn key_exchange(encrypted: &[u8]) -> Vec<u8> {
    // At most 1024 bytes and their length.
    let length = encrypted.len() as u16;
    let whole = (length + 2).to_be_bytes();
    [&[CLIENT_KEY_EXCHANGE, 0], &whole[..], &length.to_be_bytes(), encrypted].concat()
}

fn record(kind: u8, version: [u8; 2], content: &[u8]) -> Vec<u8> {
    [&[kind], &version[..], &(content.len() as u16).to_be_bytes(), content].concat()
}

fn read(wire: &mut Wire) -> Answer {
    let mut records = Vec::new();
    let end = loop {
        match read_record(wire) {
            Ok((kind, content)) if records.len() < MAX_RECORDS => {
                let number = if kind == ALERT { content.get(1).copied() } else { None };
                records.push((kind, number.unwrap_or_default()));
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => break End::Silent,
            _ => break End::Closed,
        }
    };
    Answer { records, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_length_of_the_key() {
        for padding in Padding::ALL {
            let message = padding.message(256, [3, 3]).unwrap();
            assert_eq!(message.len(), 256, "{padding:?}");
            assert_eq!(padding.message(40, [3, 3]), None);
        }
        let right = Padding::Right.message(128, [3, 1]).unwrap();
        assert_eq!((&right[..3], &right[79..82]), (&[0, 2, 0x77][..], &[0, 3, 1][..]));
    }

    #[test]
    fn encryption_is_the_power() {
        let key = RsaKey { modulus: 3233_u32.into(), exponent: 17_u32.into(), length: 2 };
        assert_eq!(key.encrypt(&[65]), 2790_u16.to_be_bytes());
        assert_eq!(key.encrypt(&[1]), [0, 1]);
    }
}
