//! The ciphers that encrypt keys and PKCS#12 files: what they are called, which can be read, and why not.

use super::der::{self, Element, INTEGER};

/// One cipher in use.
#[derive(Debug)]
pub(super) struct Cipher {
    /// What people call it.
    pub(super) name: String,
    /// Whether it can be decrypted here.
    pub(super) supported: bool,
    /// Rounds of a hash that make the key out of the password; for scrypt, blocks that are mixed, of about the same cost.
    pub(super) rounds: u64,
}

/// Rounds that are worth doing for one file. Today's programs ask for up to a million for the key and as many for the
/// proof of the password; the empty password is tried as well.
pub(super) const MAX_ROUNDS: u64 = 5_000_000;

impl Cipher {
    /// The cipher of an AlgorithmIdentifier: PBES2 with its inner cipher (RFC 8018 appendix A.4), or one of the older
    /// schemes (RFC 8018 appendix A.3, RFC 7292 appendix C).
    pub(super) fn of(algorithm: Element<'_>) -> Self {
        let mut parts = der::elements(algorithm.contents);
        let oid = parts.next().map(|oid| der::oid_text(oid.contents)).unwrap_or_default();
        let Some(parameters) = parts.next() else { return Self::named(&oid, OLD_SCHEMES, 0) };
        if oid != PBES2 {
            // PBEParameter: salt, rounds.
            return Self::named(&oid, OLD_SCHEMES, numbers(parameters).next().unwrap_or_default());
        }
        // PBES2-params: key derivation, encryption; each an AlgorithmIdentifier.
        let mut parts = der::elements(parameters.contents);
        let rounds = parts.next().map(derivation_rounds).unwrap_or_default();
        let inner = parts
            .next()
            .and_then(|encryption| der::first(encryption.contents))
            .map(|(oid, _)| der::oid_text(oid.contents))
            .unwrap_or_default();
        Self::named(&inner, PBES2_CIPHERS, rounds)
    }

    fn named(oid: &str, table: &[(&str, &str, bool)], rounds: u64) -> Self {
        match table.iter().find(|(known, ..)| *known == oid) {
            Some(&(_, name, supported)) => Self { name: name.into(), supported, rounds },
            None => Self { name: format!("an unknown cipher ({oid})"), supported: false, rounds },
        }
    }
}

/// The work of a key derivation: PBKDF2 (RFC 8018 appendix A.2: salt, rounds, perhaps the key's length) or scrypt
/// (RFC 7914 section 7: salt, cost, block size, parallelization).
fn derivation_rounds(derivation: Element<'_>) -> u64 {
    let mut parts = der::elements(derivation.contents);
    let (Some(oid), Some(parameters)) = (parts.next(), parts.next()) else { return 0 };
    let mut numbers = numbers(parameters);
    if der::oid_text(oid.contents) == SCRYPT {
        numbers.take(3).fold(1, u64::saturating_mul)
    } else {
        numbers.next().unwrap_or_default()
    }
}

/// The integers among the parts of a SEQUENCE; what is larger than any honest number is the largest.
pub(super) fn numbers(sequence: Element<'_>) -> impl Iterator<Item = u64> {
    der::elements(sequence.contents).filter(|element| element.tag == INTEGER).map(|element| {
        let digits = element.contents.iter();
        digits.fold(0_u64, |number, &byte| number.saturating_mul(256).saturating_add(byte.into()))
    })
}

/// Why something encrypted cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockedError {
    /// The structure does not parse.
    #[error("it is damaged or cut off")]
    Damaged,
    /// No password was given, and it does not open without one.
    #[error("it is encrypted and needs its password")]
    PasswordNeeded,
    /// More rounds of a hash than any honest file asks for.
    #[error("opening it would take more work than any honest file asks for")]
    TooMuchWork,
    /// A cipher that is not read here.
    #[error("it is encrypted with {0}, which certkit does not read")]
    UnsupportedCipher(String),
    /// The password does not fit.
    #[error("the password is wrong")]
    WrongPassword,
}

const PBES2: &str = "1.2.840.113549.1.5.13";
const SCRYPT: &str = "1.3.6.1.4.1.11591.4.11";

const PBES2_CIPHERS: &[(&str, &str, bool)] = &[
    ("1.2.840.113549.3.2", "RC2", false),
    ("1.2.840.113549.3.7", "triple DES", true),
    ("1.3.14.3.2.7", "DES", false),
    ("2.16.840.1.101.3.4.1.2", "AES-128", true),
    ("2.16.840.1.101.3.4.1.6", "AES-128 in GCM mode", true),
    ("2.16.840.1.101.3.4.1.22", "AES-192", true),
    ("2.16.840.1.101.3.4.1.42", "AES-256", true),
    ("2.16.840.1.101.3.4.1.46", "AES-256 in GCM mode", true),
];

const OLD_SCHEMES: &[(&str, &str, bool)] = &[
    ("1.2.840.113549.1.5.1", "the old cipher DES with MD2", false),
    ("1.2.840.113549.1.5.3", "the old cipher DES with MD5", false),
    ("1.2.840.113549.1.5.4", "the old cipher RC2 with MD2", false),
    ("1.2.840.113549.1.5.6", "the old cipher RC2 with MD5", false),
    ("1.2.840.113549.1.5.10", "the old cipher DES with SHA-1", false),
    ("1.2.840.113549.1.5.11", "the old cipher RC2 with SHA-1", false),
    ("1.2.840.113549.1.12.1.1", "the old cipher RC4 of 128 bits", false),
    ("1.2.840.113549.1.12.1.2", "the old cipher RC4 of 40 bits", false),
    ("1.2.840.113549.1.12.1.3", "triple DES", true),
    ("1.2.840.113549.1.12.1.4", "the old cipher DES with two keys", false),
    ("1.2.840.113549.1.12.1.5", "the old cipher RC2 of 128 bits", false),
    ("1.2.840.113549.1.12.1.6", "RC2 of 40 bits", true),
];
