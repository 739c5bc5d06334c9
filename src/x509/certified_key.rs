//! A chain and its key, proved to belong together.

use std::fmt;

use super::certificate::Certificate;
use super::ocsp::Staple;
use super::private_key::PrivateKey;

/// Certificates, leaf first, and the leaf's private key, which was proved to fit.
#[derive(Clone, Debug)]
pub struct CertifiedKey {
    chain: Vec<Certificate>,
    key: PrivateKey,
    staple: Option<Staple>,
}

/// The key is another certificate's. Both are named by the SHA-256 of their public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub certificate_spki_sha256: String,
    pub key_spki_sha256: String,
}

impl CertifiedKey {
    /// Puts leaf, its issuers and key together.
    ///
    /// # Errors
    /// [`Mismatch`] when the key is not the leaf's.
    pub fn new(leaf: Certificate, issuers: Vec<Certificate>, key: PrivateKey) -> Result<Self, Mismatch> {
        if leaf.spki != key.spki() {
            return Err(Mismatch {
                certificate_spki_sha256: leaf.spki_sha256(),
                key_spki_sha256: key.spki_sha256(),
            });
        }
        let mut chain = issuers;
        chain.insert(0, leaf);
        Ok(Self { chain, key, staple: None })
    }

    /// The server or client certificate.
    pub fn leaf(&self) -> &Certificate {
        &self.chain[0] // `new` puts it there
    }

    /// All certificates, leaf first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The OCSP response that clients get with the chain.
    pub fn staple(&self) -> Option<&Staple> {
        self.staple.as_ref()
    }

    #[must_use]
    pub fn without_staple(self) -> Self {
        Self { staple: None, ..self }
    }

    /// Sends `staple` along with the chain, unless the one that is there can be sent for longer.
    pub fn add_staple(&mut self, staple: Staple) {
        if self.staple.as_ref().is_none_or(|known| known.until <= staple.until) {
            self.staple = Some(staple);
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the certificate's public key is {}, the private key's is {}",
            short(&self.certificate_spki_sha256),
            short(&self.key_spki_sha256)
        )
    }
}

impl std::error::Error for Mismatch {}

/// Enough of a fingerprint to tell two apart by eye.
fn short(sha256: &str) -> String {
    format!("SHA-256 {}…", sha256.get(..16).unwrap_or(sha256))
}
