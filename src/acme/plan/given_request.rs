//! A signing request (RFC 2986) that the user brings: it says the names of a certificate and has its key, whose private
//! half is elsewhere.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::acme::plan::names::sha256_hex;
use crate::x509::{KeyKind, P256, P384, P521, PublicKeyKind, Request};

/// A request that could be read. It is kept in `renew.json` as base64 of its DER.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GivenRequest {
    der: Vec<u8>,
    spki: Vec<u8>,
}

impl GivenRequest {
    /// Takes a request in DER.
    ///
    /// # Errors
    /// When it does not parse, in words.
    pub fn new(der: &[u8]) -> Result<Self, String> {
        let request = Request::from_der(der).map_err(|error| error.to_string())?;
        Ok(Self { der: der.to_vec(), spki: request.spki })
    }

    /// As the server gets it.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its key.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The kind of its key, if certkit makes such keys.
    pub fn key_kind(&self) -> Option<KeyKind> {
        key_kind(&self.spki)
    }

    /// The kind of its key: the word of `--key-type`, else what people call it.
    pub fn key_word(&self) -> String {
        match self.key_kind() {
            Some(kind) => kind.as_str().to_owned(),
            None => PublicKeyKind::new(&self.spki).to_string(),
        }
    }

    /// What tells it from others.
    pub fn hash(&self) -> String {
        sha256_hex(&String::from(self.clone()))
    }
}

/// The kind of a public key, if certkit makes such keys.
pub fn key_kind(spki: &[u8]) -> Option<KeyKind> {
    match PublicKeyKind::new(spki) {
        PublicKeyKind::Ec(Some(curve)) => match curve.as_str() {
            P256 => Some(KeyKind::EcdsaP256),
            P384 => Some(KeyKind::EcdsaP384),
            P521 => Some(KeyKind::EcdsaP521),
            _ => None,
        },
        PublicKeyKind::Ed25519 => Some(KeyKind::Ed25519),
        PublicKeyKind::Rsa(2048) => Some(KeyKind::Rsa2048),
        PublicKeyKind::Rsa(3072) => Some(KeyKind::Rsa3072),
        PublicKeyKind::Rsa(4096) => Some(KeyKind::Rsa4096),
        _ => None,
    }
}

impl TryFrom<String> for GivenRequest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let der = BASE64_STANDARD.decode(text).map_err(|error| error.to_string())?;
        Self::new(&der)
    }
}

impl From<GivenRequest> for String {
    fn from(request: GivenRequest) -> Self {
        BASE64_STANDARD.encode(request.der)
    }
}

impl fmt::Debug for GivenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GivenRequest({})", self.key_word())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};

    use super::*;

    #[test]
    fn it_is_kept_as_text_and_knows_its_key() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let made = CertificateParams::new(vec!["a.test".into()]).unwrap().serialize_request(&key).unwrap();
        let request = GivenRequest::new(made.der()).unwrap();
        assert_eq!((request.key_kind(), request.key_word().as_str()), (Some(KeyKind::EcdsaP384), "p384"));
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<GivenRequest>(&text).unwrap(), request);
        let other = CertificateParams::new(vec!["b.test".into()]).unwrap().serialize_request(&key).unwrap();
        assert_ne!(GivenRequest::new(other.der()).unwrap().hash(), request.hash());
        for damaged in ["\"\"", "\"MAA=\"", "\"*\""] {
            assert!(serde_json::from_str::<GivenRequest>(damaged).is_err(), "{damaged}");
        }
    }
}
