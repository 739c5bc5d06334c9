//! Keys and signatures: what they are called, and whether one verifies under the other.

use std::fmt;

use rustls_pki_types::SignatureVerificationAlgorithm;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Whether a signature verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// It verifies.
    Valid,
    /// It does not: made by another key, or the certificate was changed.
    Invalid,
    /// An algorithm that no client takes any more (MD5, SHA-1, RSA below 2048 bits) or that is not known.
    Unsupported,
}

/// Checks `signature` over `message`. `signature_algorithm` and `spki` are whole DER objects.
pub(super) fn verify(
    signature_algorithm: &[u8],
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> SignatureCheck {
    let Ok((_, parsed)) = SubjectPublicKeyInfo::from_der(spki) else { return SignatureCheck::Unsupported };
    let Some(key_algorithm) = contents(spki).and_then(first_element).and_then(contents) else {
        return SignatureCheck::Unsupported;
    };
    let Some(signature_algorithm) = contents(signature_algorithm) else { return SignatureCheck::Unsupported };
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

/// The kind and size of a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeyKind {
    /// DSA.
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
        match parsed.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.1" => match parsed.parsed() {
                Ok(PublicKey::RSA(rsa)) => Self::Rsa(bits(rsa.modulus)),
                _ => Self::Unreadable,
            },
            "1.2.840.10040.4.1" => Self::Dsa,
            "1.2.840.10045.2.1" => Self::Ec(curve(&parsed.algorithm)),
            "1.3.101.112" => Self::Ed25519,
            "1.3.101.113" => Self::Ed448,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for PublicKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dsa => f.write_str("DSA"),
            Self::Ec(None) => f.write_str("ECDSA with a curve spelled out instead of named"),
            Self::Ec(Some(curve)) => match curve.as_str() {
                P192 => f.write_str("ECDSA P-192"),
                P256 => f.write_str("ECDSA P-256"),
                P384 => f.write_str("ECDSA P-384"),
                P521 => f.write_str("ECDSA P-521"),
                other => write!(f, "ECDSA on curve {other}"),
            },
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Other(kind) => write!(f, "key of kind {kind}"),
            Self::Rsa(bits) => write!(f, "RSA {bits} bits"),
            Self::Unreadable => f.write_str("unreadable key"),
        }
    }
}

// Object identifiers of curves (RFC 5480 section 2.1.1.1).
/// NIST P-192.
pub(super) const P192: &str = "1.2.840.10045.3.1.1";
/// NIST P-256.
pub const P256: &str = "1.2.840.10045.3.1.7";
/// NIST P-384.
pub const P384: &str = "1.3.132.0.34";
/// NIST P-521.
pub const P521: &str = "1.3.132.0.35";

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
    let oid = parsed.algorithm.to_id_string();
    let known = match oid.as_str() {
        "1.2.840.113549.1.1.2" => "RSA with MD2",
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "RSA with SHA-256",
        "1.2.840.113549.1.1.12" => "RSA with SHA-384",
        "1.2.840.113549.1.1.13" => "RSA with SHA-512",
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return format!("algorithm {oid}"),
    };
    known.into()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// What stands inside the outer SEQUENCE of a DER object.
pub(super) fn contents(der: &[u8]) -> Option<&[u8]> {
    let (_, any) = x509_parser::der_parser::asn1_rs::Any::from_der(der).ok()?;
    Some(any.data)
}

fn curve(algorithm: &AlgorithmIdentifier<'_>) -> Option<String> {
    Some(algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string())
}

/// The first DER object in `der`, header included.
pub(super) fn first_element(der: &[u8]) -> Option<&[u8]> {
    let (rest, _) = x509_parser::der_parser::asn1_rs::Any::from_der(der).ok()?;
    der.get(..der.len() - rest.len())
}
