//! A private key: read from any of its three forms, written in each, shown to nobody.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use super::algorithm::{hex, key_description};
use super::key_form::{self, KeyForm};
use super::key_kind::KeyKind;
use super::public_part::public_part;
use crate::pem::{self, PemBlock};

/// A private key. One that was made here can sign; one that was read may be too weak for TLS, which shows when it is
/// handed to rustls. Its bytes are wiped when it is dropped, and `Debug` shows its kind only.
#[derive(Clone)]
pub struct PrivateKey {
    der: Zeroizing<Vec<u8>>,
    form: KeyForm,
    spki: Vec<u8>,
}

/// Why there is not a usable key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the private key is encrypted")]
    Encrypted,
    #[error("cannot make a key of kind `{0}`: the system provides no random bytes")]
    Generate(KeyKind),
    /// A block with this label.
    #[error("this is a {0}, not a private key")]
    NotAPrivateKey(String),
    #[error("the private key is damaged or of an unknown kind")]
    Unusable,
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`Error::Generate`] when the system provides no random bytes.
    pub fn generate(kind: KeyKind) -> Result<Self, Error> {
        // PKCS#8 version 1 throughout: OpenSSL 3.0 does not read version 2, which carries the public key too.
        let ecdsa = |algorithm| {
            let key = EcdsaKeyPair::generate(algorithm).ok()?;
            Some(key.to_pkcs8v1().ok()?.as_ref().to_vec())
        };
        let rsa = |size| {
            let key = aws_lc_rs::rsa::KeyPair::generate(size).ok()?;
            let der: Pkcs8V1Der<'_> = key.as_der().ok()?;
            Some(der.as_ref().to_vec())
        };
        let der = match kind {
            KeyKind::EcdsaP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyKind::EcdsaP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyKind::EcdsaP521 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
            KeyKind::Ed25519 => {
                Ed25519KeyPair::generate().ok().and_then(|key| Some(key.to_pkcs8v1().ok()?.as_ref().to_vec()))
            }
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyKind::Rsa4096 => rsa(KeySize::Rsa4096),
        };
        let der = Zeroizing::new(der.ok_or(Error::Generate(kind))?);
        Self::new(der, KeyForm::Pkcs8).map_err(|_| Error::Generate(kind))
    }

    /// Reads a key from a PEM block.
    ///
    /// # Errors
    /// When the block is encrypted, not a private key, or damaged.
    pub fn from_pem(block: &PemBlock) -> Result<Self, Error> {
        let is_encrypted = block.label == "ENCRYPTED PRIVATE KEY"
            || block.headers.iter().any(|(name, value)| name == "Proc-Type" && value.ends_with("ENCRYPTED"));
        if is_encrypted {
            return Err(Error::Encrypted);
        }
        if !block.is_private_key() {
            return Err(Error::NotAPrivateKey(block.label.to_lowercase()));
        }
        // The label is not asked further: some programs write the wrong one of the three.
        Self::from_der(block.der.clone())
    }

    /// Reads a key that is not encrypted, in any of its three forms.
    ///
    /// # Errors
    /// [`Error::Unusable`] when it is damaged or of an unknown kind.
    pub fn from_der(der: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        const FORMS: [KeyForm; 3] = [KeyForm::Pkcs8, KeyForm::Pkcs1, KeyForm::Sec1];
        let usable = FORMS.into_iter().find_map(|form| Self::new(der.clone(), form).ok());
        // A key that is too small for TLS, or on a curve that it does not use, is still to be compared and shown.
        usable
            .or_else(|| {
                let (form, spki) =
                    FORMS.into_iter().find_map(|form| Some((form, public_part(&der, form)?)))?;
                Some(Self { der, form, spki })
            })
            .ok_or(Error::Unusable)
    }

    fn new(der: Zeroizing<Vec<u8>>, form: KeyForm) -> Result<Self, Error> {
        let key = Self { der, form, spki: Vec::new() };
        let signer = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key.to_rustls())
            .map_err(|_| Error::Unusable)?;
        let spki = signer.public_key().map(|spki| spki.to_vec()).ok_or(Error::Unusable)?;
        Ok(Self { spki, ..key })
    }

    /// The public key as SubjectPublicKeyInfo, whole DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the public key in lower-case hexadecimal.
    pub fn spki_sha256(&self) -> String {
        hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.spki).as_ref())
    }

    /// Kind and size, as `ECDSA P-256`.
    pub fn description(&self) -> String {
        key_description(&self.spki)
    }

    /// The key as rustls takes it.
    pub fn to_rustls(&self) -> PrivateKeyDer<'static> {
        let der = self.der.to_vec();
        match self.form {
            KeyForm::Pkcs1 => PrivatePkcs1KeyDer::from(der).into(),
            KeyForm::Pkcs8 => PrivatePkcs8KeyDer::from(der).into(),
            KeyForm::Sec1 => PrivateSec1KeyDer::from(der).into(),
        }
    }

    /// The key as PEM, for a file of mode 0600. PKCS#8, unless it was read in an older form.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let label = match self.form {
            KeyForm::Pkcs1 => "RSA PRIVATE KEY",
            KeyForm::Pkcs8 => "PRIVATE KEY",
            KeyForm::Sec1 => "EC PRIVATE KEY",
        };
        let mut text = Zeroizing::new(String::new());
        pem::write(&mut text, label, &self.der);
        text
    }
}

impl PrivateKey {
    /// The key as PKCS#8 version 1 (RFC 5208): every kind has this form.
    ///
    /// # Errors
    /// [`Error::Unusable`] when the key is damaged inside.
    pub fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        key_form::convert(&self.der, self.form, &self.spki, KeyForm::Pkcs8).ok_or(Error::Unusable)
    }

    /// The key as PKCS#1 (RFC 8017 appendix A.1.2). `None` unless it is an RSA key.
    pub fn pkcs1(&self) -> Option<Zeroizing<Vec<u8>>> {
        key_form::convert(&self.der, self.form, &self.spki, KeyForm::Pkcs1)
    }

    /// The key as SEC1 (RFC 5915). `None` unless it is a key on an elliptic curve, Ed25519 not among them.
    pub fn sec1(&self) -> Option<Zeroizing<Vec<u8>>> {
        key_form::convert(&self.der, self.form, &self.spki, KeyForm::Sec1)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.description())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_keys_are_read_again() {
        for kind in KeyKind::ALL {
            if matches!(kind, KeyKind::Rsa3072 | KeyKind::Rsa4096) {
                continue; // as 2048, but slow to make
            }
            let key = PrivateKey::generate(kind).unwrap();
            let scan = pem::scan(key.to_pem().as_bytes());
            let again = PrivateKey::from_pem(&scan.blocks[0]).unwrap();
            assert_eq!(again.spki(), key.spki(), "{kind}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(ECDSA P-256)");
    }

    #[test]
    fn a_wrong_label_is_tried_as_the_others() {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let text = key.to_pem().replace("PRIVATE KEY", "RSA PRIVATE KEY");
        let block = &pem::scan(text.as_bytes()).blocks[0];
        assert_eq!(PrivateKey::from_pem(block).unwrap().spki(), key.spki());
    }
}
