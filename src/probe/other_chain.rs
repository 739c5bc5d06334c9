//! The second certificate of a server that has one with an RSA and one with an ECDSA key: which a client gets depends on the
//! signatures that it offers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, SupportedCipherSuite};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::recorder::{Possession, Recorder};
use super::{Error, Server};
use crate::tls::policy;

/// A kind of key for which servers have a certificate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Ecdsa,
    Rsa,
}

impl KeyKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecdsa => "ECDSA",
            Self::Rsa => "RSA",
        }
    }

    /// The other kind than that of this certificate; nothing where it is neither.
    fn other_than(certificate: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(_)) => Some(Self::Ecdsa),
            Ok(PublicKey::EC(_)) => Some(Self::Rsa),
            _ => None,
        }
    }

    /// Whether a signature scheme or a cipher suite is of this kind, by the name that standards give it.
    fn has(self, name: &str) -> bool {
        match self {
            Self::Ecdsa => name.contains("ECDSA"),
            Self::Rsa => name.contains("RSA"),
        }
    }
}

/// The chain that clients get which know one kind of key only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherChain {
    pub kind: KeyKind,
    /// DER as it was sent.
    pub certificates: Vec<Vec<u8>>,
    /// Whether the server has the key.
    pub possession: Possession,
}

impl Server {
    /// Asks as a client that knows only the other kind of key than that of `leaf`; nothing where the server has no other.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn other_chain(&self, leaf: &[u8]) -> Result<Option<OtherChain>, Error> {
        let Some(kind) = KeyKind::other_than(leaf) else { return Ok(None) };
        let mut provider = (*policy::provider()).clone();
        provider.cipher_suites.retain(|suite| match suite {
            SupportedCipherSuite::Tls12(_) => kind.has(&format!("{:?}", suite.suite())),
            SupportedCipherSuite::Tls13(_) => true,
        });
        let provider = Arc::new(provider);
        let recorder = Recorder::of_schemes(provider.clone(), |scheme| kind.has(&format!("{scheme:?}")));
        let config = Arc::new(self.config_with(provider, recorder.clone())?);
        let mut connection = ClientConnection::new(config, self.rustls_name()).map_err(Error::Setup)?;
        let mut wire = self.open(false, self.time.share(Duration::from_secs(4)))?;
        let done = connection.complete_io(&mut wire);
        let shown = recorder.shown();
        match done {
            // Before it sent a certificate.
            Err(error) if error.kind() == io::ErrorKind::TimedOut && shown.certificates.is_empty() => {
                Err(Error::Broken(error))
            }
            _ if shown.certificates.first().is_none_or(|first| first == leaf) => Ok(None),
            _ => {
                Ok(Some(OtherChain { kind, certificates: shown.certificates, possession: shown.possession }))
            }
        }
    }
}
