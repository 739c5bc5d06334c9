//! Keys and names as facts of a report.

use super::{PublicKeyKind, SubjectAltName};
use crate::der::oid::{self, Oid};
use crate::report::{KeySummary, SubjectName};

/// Curves that have a name, and the bits of their fields.
const CURVES: &[(Oid, u32)] = &[
    (oid::P192, 192),
    (oid::P224, 224),
    (oid::P256, 256),
    (oid::SECP256K1, 256),
    (oid::BRAINPOOL_P256R1, 256),
    (oid::P384, 384),
    (oid::BRAINPOOL_P384R1, 384),
    (oid::BRAINPOOL_P512R1, 512),
    (oid::P521, 521),
];

/// A public key (SubjectPublicKeyInfo, whole DER) as facts.
pub fn key_summary(spki: &[u8]) -> KeySummary {
    let key = PublicKeyKind::new(spki);
    let description = key.to_string();
    let (kind, bits, curve) = match key {
        PublicKeyKind::Dsa => ("dsa", None, None),
        PublicKeyKind::Ec(None) => ("ecdsa", None, None),
        PublicKeyKind::Ec(Some(curve)) => match CURVES.iter().find(|(known, _)| known.text == curve) {
            Some((known, bits)) => ("ecdsa", Some(*bits), Some(known.name.to_owned())),
            None => ("ecdsa", None, Some(curve)),
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
