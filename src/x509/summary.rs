//! Keys and names as facts of a report.

use super::algorithm::{P192, P256, P384, P521};
use super::{PublicKeyKind, SubjectAltName};
use crate::report::{KeySummary, SubjectName};

/// A public key (SubjectPublicKeyInfo, whole DER) as facts.
pub fn key_summary(spki: &[u8]) -> KeySummary {
    let key = PublicKeyKind::new(spki);
    let description = key.to_string();
    let (kind, bits, curve) = match key {
        PublicKeyKind::Dsa => ("dsa", None, None),
        PublicKeyKind::Ec(None) => ("ecdsa", None, None),
        PublicKeyKind::Ec(Some(curve)) => match curve.as_str() {
            P192 => ("ecdsa", Some(192), Some("P-192".to_owned())),
            P256 => ("ecdsa", Some(256), Some("P-256".to_owned())),
            P384 => ("ecdsa", Some(384), Some("P-384".to_owned())),
            P521 => ("ecdsa", Some(521), Some("P-521".to_owned())),
            _ => ("ecdsa", None, Some(curve)),
        },
        PublicKeyKind::Ed25519 => ("ed25519", Some(256), None),
        PublicKeyKind::Ed448 => ("ed448", Some(456), None),
        PublicKeyKind::Other(_) => ("other", None, None),
        PublicKeyKind::Rsa(bits) => ("rsa", u32::try_from(bits).ok(), None),
        PublicKeyKind::Unreadable => ("unreadable", None, None),
    };
    KeySummary { kind, bits, curve, description }
}

/// A name as facts: its form, and the name without that form in front.
pub fn subject_name(name: &SubjectAltName) -> SubjectName {
    let kind = match name {
        SubjectAltName::Directory(_) => "directory",
        SubjectAltName::Dns(_) => "dns",
        SubjectAltName::Ip(_) => "ip",
        SubjectAltName::Mail(_) => "email",
        SubjectAltName::Malformed { .. } | SubjectAltName::Other { .. } => "other",
        SubjectAltName::Uri(_) => "uri",
    };
    SubjectName { kind, value: name.to_string() }
}
