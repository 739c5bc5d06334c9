//! Whether a client may start another handshake inside a connection (renegotiation, RFC 5246 section 7.4.1.1; TLS 1.3 has none).
//!
//! rustls, which never renegotiates, makes the first handshake with TLS 1.2, and its keys then carry one more ClientHello. It
//! is asked once, and the connection ends with the first words of the answer.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConnection, ConnectionTrafficSecrets, SupportedCipherSuite};

use super::client_hello::ClientHello;
use super::record::{APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, read_record};
use super::suites::{CURVES, SUITE_CODES, Version};
use super::wire::Wire;
use super::{Error, Server};
use crate::tls::policy;

/// How long to wait for the answer; a server that ignores the question sends none.
const ANSWER: Duration = Duration::from_millis(700);
/// Records that may come before the answer, such as a greeting.
const MAX_RECORDS: u64 = 16;

const SERVER_HELLO: u8 = 2;

/// Which renegotiation a server grants to a client that starts one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renegotiation {
    /// That of RFC 5746, which is bound to the handshake before it.
    pub is_secure_granted: bool,
    /// One that is not bound to it (CVE-2009-3555).
    pub is_insecure_granted: bool,
}

impl Renegotiation {
    /// What it grants in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self { is_insecure_granted: true, .. } => "insecure",
            Self { is_secure_granted: true, .. } => "secure",
            _ => "none",
        }
    }
}

/// Whether the new hello names the handshake before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding {
    /// By the client's Finished message (RFC 5746 section 3.5).
    Bound,
    Unbound,
}

impl Server {
    /// Asks for both kinds of renegotiation; nothing where rustls cannot speak TLS 1.2 with the server.
    ///
    /// # Errors
    /// When no connection can be made.
    pub(super) fn renegotiation(&self) -> Result<Option<Renegotiation>, Error> {
        let Some(is_secure_granted) = self.grants_renegotiation(Binding::Bound)? else { return Ok(None) };
        let is_insecure_granted = self.grants_renegotiation(Binding::Unbound)?.unwrap_or_default();
        Ok(Some(Renegotiation { is_secure_granted, is_insecure_granted }))
    }

    fn grants_renegotiation(&self, binding: Binding) -> Result<Option<bool>, Error> {
        let (mut config, _) = self.client_config(Arc::new(tls12_with_gcm()))?;
        config.enable_secret_extraction = true;
        config.resumption = Resumption::disabled();
        let mut connection =
            ClientConnection::new(Arc::new(config), self.rustls_name()).map_err(Error::Setup)?;
        let wire = self.open(false, self.time.share(Duration::from_secs(4)))?;
        let mut wire = KeptWire { wire, written: Vec::new() };
        if connection.complete_io(&mut wire).is_err() {
            return Ok(None);
        }
        let Ok(secrets) = connection.dangerous_extract_secrets() else { return Ok(None) };
        let (Some(ours), Some(theirs)) = (RecordKey::new(&secrets.tx.1), RecordKey::new(&secrets.rx.1))
        else {
            return Ok(None);
        };
        let Some(finished) = ours.first_sealed(&wire.written) else { return Ok(None) };
        let mut random = [0; 64];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| Error::Setup(rustls::Error::FailedToGetRandomBytes))?;
        let hello = ClientHello {
            // The content of the Finished message, without its head.
            renegotiates: finished.get(4..).filter(|_| binding == Binding::Bound),
            ..ClientHello::new(Version::Tls12, &SUITE_CODES, &CURVES, self.server_name())
        };
        // Without the head of the record, which is sealed anew.
        let hello = hello.encode(&random);
        let Some(record) = ours.seal(secrets.tx.0, hello.get(5..).unwrap_or_default()) else {
            return Ok(None);
        };
        wire.wire.renew(self.time.share(ANSWER));
        if wire.wire.write_all(&record).is_err() {
            return Ok(Some(false));
        }
        Ok(Some(theirs.has_hello(&mut wire.wire, secrets.rx.0)))
    }
}

/// TLS 1.2 with the ciphers that records are sealed by here.
fn tls12_with_gcm() -> CryptoProvider {
    let mut provider = (*policy::provider()).clone();
    provider.cipher_suites.retain(|suite| {
        let is_gcm = format!("{:?}", suite.suite()).contains("GCM");
        is_gcm && matches!(suite, SupportedCipherSuite::Tls12(_))
    });
    provider
}

/// A connection that keeps what is written.
struct KeptWire {
    wire: Wire,
    written: Vec<u8>,
}

impl Read for KeptWire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wire.read(buffer)
    }
}

impl Write for KeptWire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.wire.write(bytes)?;
        self.written.extend(bytes.iter().take(count));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire.flush()
    }
}

/// Seals and opens the records of one direction by AES-GCM as TLS 1.2 does (RFC 5288).
struct RecordKey {
    key: LessSafeKey,
    iv: [u8; 12],
}

impl RecordKey {
    fn new(secrets: &ConnectionTrafficSecrets) -> Option<Self> {
        let (algorithm, key, iv) = match secrets {
            ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&AES_128_GCM, key, iv),
            ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&AES_256_GCM, key, iv),
            _ => return None,
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, key.as_ref()).ok()?);
        Some(Self { key, iv: iv.as_ref().try_into().ok()? })
    }

    /// A handshake record.
    fn seal(&self, sequence: u64, message: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = self.iv;
        for (byte, other) in nonce.iter_mut().skip(4).zip(sequence.to_be_bytes()) {
            *byte ^= other;
        }
        let mut sealed = message.to_vec();
        let aad = Aad::from(additional(sequence, HANDSHAKE, message.len()));
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).ok()?;
        let length = u16::try_from(8 + sealed.len()).ok()?.to_be_bytes();
        Some([&[HANDSHAKE, 3, 3], &length[..], nonce.get(4..)?, &sealed].concat())
    }

    /// What a handshake record contains.
    fn open(&self, sequence: u64, payload: &[u8]) -> Option<Vec<u8>> {
        let (explicit, sealed) = payload.split_at_checked(8)?;
        let nonce = [self.iv.get(..4)?, explicit].concat().try_into().ok()?;
        let length = sealed.len().checked_sub(self.key.algorithm().tag_len())?;
        let aad = Aad::from(additional(sequence, HANDSHAKE, length));
        let mut opened = sealed.to_vec();
        let opened = self.key.open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut opened).ok()?;
        Some(opened.to_vec())
    }

    /// The first sealed message of what was written: the one after ChangeCipherSpec.
    fn first_sealed(&self, mut written: &[u8]) -> Option<Vec<u8>> {
        let mut is_next = false;
        loop {
            let (kind, payload) = read_record(&mut written).ok()?;
            if is_next {
                return self.open(0, &payload).filter(|_| kind == HANDSHAKE);
            }
            is_next = kind == CHANGE_CIPHER_SPEC;
        }
    }

    /// Whether a ServerHello comes.
    fn has_hello(&self, wire: &mut Wire, first: u64) -> bool {
        for sequence in first..first + MAX_RECORDS {
            match read_record(wire) {
                Ok((HANDSHAKE, payload)) => match self.open(sequence, &payload) {
                    Some(message) if message.first() == Some(&SERVER_HELLO) => return true,
                    // A HelloRequest.
                    Some(message) if message.first() == Some(&0) => {}
                    _ => return false,
                },
                Ok((APPLICATION_DATA, _)) => {}
                _ => return false,
            }
        }
        false
    }
}

/// What is authenticated besides the content of a record (RFC 5246 section 6.2.3.3).
fn additional(sequence: u64, kind: u8, length: usize) -> [u8; 13] {
    let mut data = [0; 13];
    data[..8].copy_from_slice(&sequence.to_be_bytes());
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    data[8..].copy_from_slice(&[kind, 3, 3, length[0], length[1]]);
    data
}
