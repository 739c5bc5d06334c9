//! Signing with a private key: one algorithm for each kind, the one that every client takes.

use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::SigningKey;

use super::algorithm::PublicKeyKind;
use super::algorithm::{P256, P384, P521};
use super::private_key::{Error, PrivateKey};

/// A private key that is ready to sign. It can be shared by threads.
pub struct Signer {
    key: Arc<dyn SigningKey>,
    scheme: SignatureScheme,
    algorithm: &'static [u8],
}

impl PrivateKey {
    /// Makes the key ready to sign certificates: SHA-256, or the hash that is as strong as the curve.
    ///
    /// # Errors
    /// [`Error::Unusable`] when it is too small or of a kind that TLS does not use.
    pub fn signer(&self) -> Result<Signer, Error> {
        let (scheme, algorithm) = match PublicKeyKind::new(self.spki()) {
            PublicKeyKind::Rsa(_) => (SignatureScheme::RSA_PKCS1_SHA256, RSA_SHA256),
            PublicKeyKind::Ed25519 => (SignatureScheme::ED25519, ED25519),
            PublicKeyKind::Ec(Some(curve)) => match curve.as_str() {
                P256 => (SignatureScheme::ECDSA_NISTP256_SHA256, ECDSA_SHA256),
                P384 => (SignatureScheme::ECDSA_NISTP384_SHA384, ECDSA_SHA384),
                P521 => (SignatureScheme::ECDSA_NISTP521_SHA512, ECDSA_SHA512),
                _ => return Err(Error::Unusable),
            },
            _ => return Err(Error::Unusable),
        };
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&self.to_rustls())
            .map_err(|_| Error::Unusable)?;
        Ok(Signer { key, scheme, algorithm })
    }
}

impl Signer {
    /// The AlgorithmIdentifier of its signatures, whole DER.
    pub fn algorithm(&self) -> &'static [u8] {
        self.algorithm
    }

    /// Signs; `None` when the cryptographic library refuses.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.key.choose_scheme(&[self.scheme])?.sign(message).ok()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?})", self.scheme)
    }
}

/// sha256WithRSAEncryption with its NULL (RFC 4055 section 5).
const RSA_SHA256: &[u8] = &[0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 0x05, 0];
/// ecdsa-with-SHA256, without parameters (RFC 5758 section 3.2).
const ECDSA_SHA256: &[u8] = &[0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// ecdsa-with-SHA384.
const ECDSA_SHA384: &[u8] = &[0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
/// ecdsa-with-SHA512.
const ECDSA_SHA512: &[u8] = &[0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
/// Ed25519 (RFC 8410 section 3).
const ED25519: &[u8] = &[0x30, 5, 0x06, 3, 0x2b, 0x65, 0x70];
