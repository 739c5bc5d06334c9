//! Keys and signatures: what they are called, and whether one verifies under the other.

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
    found
}

/// What webpki verifies: the same list that rustls clients use, and P-521.
fn algorithms() -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    webpki::ALL_VERIFICATION_ALGS.iter().copied()
}

/// `ECDSA P-256`, `RSA 2048 bits`: the kind and size of a public key, from its SubjectPublicKeyInfo.
pub fn key_description(spki: &[u8]) -> String {
    let Ok((_, parsed)) = SubjectPublicKeyInfo::from_der(spki) else { return "unreadable key".into() };
    match parsed.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {} bits", rsa.key_size()),
        Ok(PublicKey::EC(_)) => match curve(&parsed.algorithm).as_deref() {
            Some("1.2.840.10045.3.1.7") => "ECDSA P-256".into(),
            Some("1.3.132.0.34") => "ECDSA P-384".into(),
            Some("1.3.132.0.35") => "ECDSA P-521".into(),
            Some(other) => format!("ECDSA on curve {other}"),
            None => "ECDSA".into(),
        },
        Ok(PublicKey::DSA(_)) => "DSA".into(),
        _ => match parsed.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".into(),
            "1.3.101.113" => "Ed448".into(),
            other => format!("key of kind {other}"),
        },
    }
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
