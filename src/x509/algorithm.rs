//! Keys and signatures: what they are called, and whether one verifies under the other.

use std::fmt;

use rustls_pki_types::SignatureVerificationAlgorithm;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::der::{self, BIT_STRING, Reader, SEQUENCE, oid};

/// Whether a signature verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    Valid,
    /// It does not: made by another key, or the certificate was changed.
    Invalid,
    /// An algorithm that no client takes any more (MD5, SHA-1, RSA below 2048 bits) or that is not known.
    Unsupported,
}

/// `1.2.840.10045.4.3`, of a last arc (RFC 5758 section 3.2).
const ECDSA_WITH_SHA2: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];

/// Checks `signature` over `message`. `signature_algorithm` and `spki` are whole DER objects.
pub(super) fn verify(
    signature_algorithm: &[u8],
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> SignatureCheck {
    let Ok((_, parsed)) = SubjectPublicKeyInfo::from_der(spki) else { return SignatureCheck::Unsupported };
    let Some(key_algorithm) = der::contents(spki).and_then(der::contents) else {
        return SignatureCheck::Unsupported;
    };
    let Some(signature_algorithm) = der::contents(signature_algorithm) else {
        return SignatureCheck::Unsupported;
    };
    // The rule `encoding` says that a NULL does not belong there.
    let signature_algorithm = match signature_algorithm.strip_suffix(&[5, 0]) {
        Some(bare) if bare.starts_with(ECDSA_WITH_SHA2) => bare,
        _ => signature_algorithm,
    };
    let mut found = SignatureCheck::Unsupported;
    for candidate in algorithms() {
        if candidate.signature_alg_id().as_ref() == signature_algorithm
            && candidate.public_key_alg_id().as_ref() == key_algorithm
        {
            match candidate.verify_signature(&parsed.subject_public_key.data, message, signature) {
                Ok(()) => return SignatureCheck::Valid,
                Err(_) => found = SignatureCheck::Invalid,
            }
        }
    }
    // aws-lc does not look at signatures of short RSA keys, so their failure says nothing.
    if found == SignatureCheck::Invalid && matches!(PublicKeyKind::new(spki), PublicKeyKind::Rsa(..2048)) {
        return SignatureCheck::Unsupported;
    }
    found
}

/// What webpki verifies: the same list that rustls clients use, and P-521.
fn algorithms() -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    webpki::ALL_VERIFICATION_ALGS.iter().copied()
}

/// Whether a public key on a curve (whole DER) gives one coordinate and the sign of the other (RFC 5480 section 2.2).
pub fn is_compressed_point(spki: &[u8]) -> bool {
    let point = || {
        let mut parts = Reader::inside(spki, SEQUENCE).ok()?;
        parts.expect(SEQUENCE).ok()?;
        parts.expect(BIT_STRING).ok()
    };
    matches!(point(), Some([0, 2 | 3, ..]))
}

/// The kind and size of a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeyKind {
    Dsa,
    /// Elliptic curve, named by its object identifier; `None` when the curve's parameters are spelled out.
    Ec(Option<String>),
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// Some other kind, by its object identifier.
    Other(String),
    /// RSA, by the bits of its modulus.
    Rsa(usize),
    /// It does not parse.
    Unreadable,
}

impl PublicKeyKind {
    /// Reads a SubjectPublicKeyInfo (whole DER).
    pub fn new(spki: &[u8]) -> Self {
        let Ok((_, parsed)) = SubjectPublicKeyInfo::from_der(spki) else { return Self::Unreadable };
        match oid::find(parsed.algorithm.algorithm.as_bytes()) {
            Some(oid::RSA_ENCRYPTION) => match parsed.parsed() {
                Ok(PublicKey::RSA(rsa)) => Self::Rsa(bits(rsa.modulus)),
                _ => Self::Unreadable,
            },
            Some(oid::DSA) => Self::Dsa,
            Some(oid::EC_PUBLIC_KEY) => Self::Ec(curve(&parsed.algorithm)),
            Some(oid::ED25519) => Self::Ed25519,
            Some(oid::ED448) => Self::Ed448,
            _ => Self::Other(parsed.algorithm.algorithm.to_id_string()),
        }
    }
}

impl fmt::Display for PublicKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dsa => f.write_str("DSA"),
            Self::Ec(None) => f.write_str("ECDSA with a curve spelled out instead of named"),
            Self::Ec(Some(curve)) => match oid::find_text(curve) {
                Some(known) => write!(f, "ECDSA {}", known.name),
                None => write!(f, "ECDSA on curve {curve}"),
            },
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Other(kind) => match oid::find_text(kind) {
                Some(known) => f.write_str(known.name),
                None => write!(f, "key of kind {kind}"),
            },
            Self::Rsa(bits) => write!(f, "RSA {bits} bits"),
            Self::Unreadable => f.write_str("unreadable key"),
        }
    }
}

/// The curves that certkit makes keys on, as [`PublicKeyKind::Ec`] names them.
pub const P256: &str = oid::P256.text;
pub const P384: &str = oid::P384.text;
pub const P521: &str = oid::P521.text;

/// `ECDSA P-256`, `RSA 2048 bits`: the kind and size of a public key, from its SubjectPublicKeyInfo.
pub fn key_description(spki: &[u8]) -> String {
    PublicKeyKind::new(spki).to_string()
}

/// The bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let significant = number.iter().position(|&byte| byte != 0).map_or(&[][..], |start| &number[start..]);
    let first = significant.first().map_or(0, |byte| byte.leading_zeros() as usize);
    significant.len() * 8 - first
}

/// `ECDSA with SHA-256`: what a signature algorithm is called, from its whole DER.
pub fn signature_description(algorithm: &[u8]) -> String {
    let Ok((_, parsed)) = AlgorithmIdentifier::from_der(algorithm) else { return "unreadable".into() };
    match oid::find(parsed.algorithm.as_bytes()) {
        Some(oid::RSA_PSS) => format!("{} with {}", oid::RSA_PSS.name, pss_hash(algorithm)),
        Some(known) => known.name.to_owned(),
        None => format!("algorithm {}", parsed.algorithm.to_id_string()),
    }
}

/// The hash that the parameters of RSASSA-PSS name in their first field; SHA-1 without it (RFC 4055 section 3.1).
fn pss_hash(algorithm: &[u8]) -> &'static str {
    const HASH_ALGORITHM: u8 = 0xa0;
    let parameters = || {
        let (_, parameters) = der::first(der::contents(algorithm)?)?;
        let (first, _) = der::first(der::contents(parameters)?)?;
        (first.tag == HASH_ALGORITHM).then_some(first.contents)
    };
    let Some(field) = parameters() else { return oid::SHA1.name };
    let name = || oid::find(der::first(der::contents(field)?)?.0.contents);
    name().map_or("another hash", |known| known.name)
}

/// SHA-256 of a SubjectPublicKeyInfo in lower-case hexadecimal.
pub fn spki_sha256(spki: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, spki).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn curve(algorithm: &AlgorithmIdentifier<'_>) -> Option<String> {
    Some(algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string())
}
