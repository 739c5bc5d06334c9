//! Which kind of object some DER is, by its shape alone.

use super::BlockKind;
use crate::der::{
    self, BIT_STRING, CONTEXT_0, CONTEXT_1, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE,
    UTC_TIME, elements, first,
};

/// What a DER object is, by its shape. `None` when it has none of the known ones.
pub(super) fn identify(der: &[u8]) -> Option<BlockKind> {
    let (outer, _) = first(der)?;
    if outer.tag != SEQUENCE {
        return None;
    }
    let mut children = elements(outer.contents);
    let (one, two) = (children.next()?, children.next()?);
    let three = children.next();
    match (one.tag, two.tag, three.map_or(0, |three| three.tag)) {
        // Certificate, CertificateList and CertificationRequest all are: to be signed, algorithm, signature.
        (SEQUENCE, SEQUENCE, BIT_STRING) => Some(identify_signed(one.contents)),
        (SEQUENCE, OCTET_STRING, 0) if begins_with_oid(one) => Some(BlockKind::EncryptedPrivateKey),
        (SEQUENCE, BIT_STRING, 0) if begins_with_oid(one) => Some(BlockKind::PublicKey),
        (OID, CONTEXT_0, 0) if is_message(one.contents) => Some(BlockKind::Pkcs7),
        // PFX (RFC 7292 section 4): version 3, then a ContentInfo.
        (INTEGER, SEQUENCE, 0 | SEQUENCE) if one.contents == [3] && begins_with_oid(two) => {
            Some(BlockKind::Pkcs12)
        }
        // PrivateKeyInfo (RFC 5958 section 2).
        (INTEGER, SEQUENCE, OCTET_STRING) if begins_with_oid(two) => Some(BlockKind::PrivateKey),
        // ECPrivateKey (RFC 5915 section 3).
        (INTEGER, OCTET_STRING, 0 | CONTEXT_0 | CONTEXT_1) if one.contents == [1] => {
            Some(BlockKind::PrivateKey)
        }
        // RSAPrivateKey (RFC 8017 appendix A.1.2) has nine numbers, DSA's old form six.
        (INTEGER, INTEGER, INTEGER) => {
            let numbers = elements(outer.contents).take(6).filter(|element| element.tag == INTEGER).count();
            (numbers == 6).then_some(BlockKind::PrivateKey)
        }
        // RSAPublicKey: modulus and exponent. Two short numbers could be anything.
        (INTEGER, INTEGER, 0) if one.contents.len() >= 64 => Some(BlockKind::PublicKey),
        _ => None,
    }
}

/// Which of the signed objects it is, by the part that is signed. Every odd one counts as a certificate: its parser
/// says best what is wrong.
fn identify_signed(contents: &[u8]) -> BlockKind {
    match tags::<4>(contents) {
        // CertificationRequestInfo (RFC 2986 section 4.1): version, subject, public key, attributes.
        [INTEGER, SEQUENCE, SEQUENCE, 0 | CONTEXT_0] => BlockKind::CertificateRequest,
        // TBSCertList (RFC 5280 section 5.1): version, algorithm, issuer, time; version 1 has no version.
        [INTEGER, SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME]
        | [SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME, _] => BlockKind::Crl,
        _ => BlockKind::Certificate,
    }
}

fn begins_with_oid(element: Element<'_>) -> bool {
    element.contents.first() == Some(&OID)
}

/// Tags of the first `N` elements; 0 where there are fewer.
fn tags<const N: usize>(input: &[u8]) -> [u8; N] {
    let mut tags = [0; N];
    for (tag, element) in tags.iter_mut().zip(elements(input)) {
        *tag = element.tag;
    }
    tags
}

/// Whether this is an identifier below `pkcs-7` (1.2.840.113549.1.7), known or not.
fn is_message(oid: &[u8]) -> bool {
    let data = der::oid::DATA.contents();
    oid.starts_with(&data[..data.len() - 1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            identify(&bytes);
        }

        #[test]
        fn no_sequences_panic(tags in proptest::collection::vec(tag(), 0..60)) {
            identify(&der::element(SEQUENCE, &[&tags]));
        }
    }

    fn tag() -> impl Strategy<Value = u8> {
        const TAGS: [u8; 6] = [SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING, OID, CONTEXT_0];
        prop_oneof![6 => prop::sample::select(&TAGS[..]), 1 => 0u8..12]
    }
}
