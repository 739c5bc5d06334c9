//! Weaknesses with a name, each by a question that harms nothing and reads nothing of the server's memory.
//!
//! Each takes a connection of its own. What a server does that was fixed years ago is an alert, silence or a closed connection.

use std::io::{Read, Write};
use std::time::Duration;

use super::client_hello::ClientHello;
use super::flight::{FlightReader, Progress, ServerFlight};
use super::record::{ALERT, CHANGE_CIPHER_SPEC, HEARTBEAT, read_record};
use super::suites::{CURVES, SUITE_CODES, Version};
use super::wire::Wire;
use super::{Error, Server};

/// How long to wait for an answer that a sound server does not give.
const UNSOUND: Duration = Duration::from_millis(700);
/// `unexpected_message` (RFC 5246 section 7.2).
const UNEXPECTED_MESSAGE: u8 = 10;

/// A weakness with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weakness {
    /// CVE-2014-0224: a ChangeCipherSpec is accepted before there are keys.
    CcsInjection,
    /// CVE-2016-0800: SSL 2.0 is spoken, whose weaknesses reach every server with the same key.
    Drown,
    /// CVE-2014-0160: a heartbeat is answered without regard to its length.
    Heartbleed,
    /// ROBOT, CVE-2017-13099 and others: the server tells how a premaster secret was padded.
    Robot,
}

impl Weakness {
    /// Those that any server may have; [`Self::Robot`] needs key exchange by RSA.
    pub(super) const ALL: [Self; 3] = [Self::CcsInjection, Self::Drown, Self::Heartbleed];
}

impl Server {
    /// Whether the server has this weakness.
    ///
    /// # Errors
    /// When no connection can be made.
    pub(super) fn has_weakness(&self, weakness: Weakness) -> Result<bool, Error> {
        match weakness {
            Weakness::CcsInjection => self.accepts_early_cipher_change(),
            Weakness::Drown => self.speaks_ssl2(),
            Weakness::Heartbleed => self.answers_short_heartbeat(),
            Weakness::Robot => self.is_oracle(),
        }
    }

    /// A connection on which the server has sent its ServerHelloDone, before any keys, and what it said; nothing where it does
    /// not come so far.
    pub(super) fn half_done(&self, suites: &[u16]) -> Result<Option<(Wire, ServerFlight)>, Error> {
        let mut random = [0; 64];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| Error::Setup(rustls::Error::FailedToGetRandomBytes))?;
        let mut wire = self.open(false, self.time.share(Duration::from_secs(4)))?;
        let hello = ClientHello {
            offers_heartbeat: true,
            ..ClientHello::new(Version::Tls12, suites, &CURVES, self.server_name())
        };
        if wire.write_all(&hello.encode(&random)).is_err() {
            return Ok(None);
        }
        let mut flight = FlightReader::default();
        let mut chunk = [0; 4096];
        loop {
            let count = wire.read(&mut chunk).unwrap_or(0);
            match flight.feed(chunk.get(..count).unwrap_or_default()) {
                Progress::More if count > 0 => {}
                Progress::Done if flight.answer.alert.is_none() => return Ok(Some((wire, flight.answer))),
                _ => return Ok(None),
            }
        }
    }

    /// A heartbeat with an empty payload and no padding must be ignored (RFC 6520 section 4). OpenSSL before 1.0.1g answers it,
    /// with no payload and random padding: the same fault as with a long payload, without any of the server's memory.
    fn answers_short_heartbeat(&self) -> Result<bool, Error> {
        let Some((mut wire, _)) = self.half_done(&SUITE_CODES)? else { return Ok(false) };
        wire.renew(self.time.share(UNSOUND));
        if wire.write_all(&[HEARTBEAT, 3, 3, 0, 3, 1, 0, 0]).is_err() {
            return Ok(false);
        }
        Ok(read_record(&mut wire).is_ok_and(|(kind, _)| kind == HEARTBEAT))
    }

    /// Twice, because OpenSSL before 1.0.1h takes the first without a word and then cannot decrypt the second, where a sound
    /// server answers the first with `unexpected_message`.
    fn accepts_early_cipher_change(&self) -> Result<bool, Error> {
        let Some((mut wire, _)) = self.half_done(&SUITE_CODES)? else { return Ok(false) };
        wire.renew(self.time.share(UNSOUND));
        let change = [CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1];
        if wire.write_all(&change).is_err() {
            return Ok(false);
        }
        if read_record(&mut wire).is_ok() {
            return Ok(false);
        }
        wire.renew(self.time.share(UNSOUND));
        if wire.write_all(&change).is_err() {
            return Ok(false);
        }
        Ok(
            matches!(read_record(&mut wire), Ok((ALERT, content)) if content.get(1) != Some(&UNEXPECTED_MESSAGE)),
        )
    }

    /// The hello of SSL 2.0 (draft-hickman-netscape-ssl-00) with all its ciphers.
    fn speaks_ssl2(&self) -> Result<bool, Error> {
        const CIPHERS: [[u8; 3]; 7] = [
            [1, 0, 0x80],
            [2, 0, 0x80],
            [3, 0, 0x80],
            [4, 0, 0x80],
            [5, 0, 0x80],
            [6, 0, 0x40],
            [7, 0, 0xc0],
        ];
        let mut challenge = [0; 16];
        aws_lc_rs::rand::fill(&mut challenge)
            .map_err(|_| Error::Setup(rustls::Error::FailedToGetRandomBytes))?;
        let mut hello = vec![1, 0, 2, 0, 21, 0, 0, 0, 16];
        hello.extend(CIPHERS.concat());
        hello.extend(challenge);
        let mut record = vec![0x80, hello.len() as u8];
        record.extend(hello);
        let mut wire = self.open(false, self.time.share(Duration::from_secs(2)))?;
        if wire.write_all(&record).is_err() {
            return Ok(false);
        }
        // A length of two bytes with its highest bit set, or of three; then SERVER-HELLO, and further on the version.
        let mut head = [0; 8];
        if wire.read_exact(&mut head).is_err() {
            return Ok(false);
        }
        Ok(matches!(head, [0x80..=0xff, _, 4, _, _, 0, 2, _] | [0..=0x7f, _, _, 4, _, _, 0, 2]))
    }
}
