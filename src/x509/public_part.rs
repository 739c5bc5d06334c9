//! The public key that a private key carries in itself, for keys that TLS does not use: too small, or on another curve.
//!
//! They cannot sign here, but they can still be compared with a certificate and shown. For all others the
//! cryptographic library says what the public key is.

use super::key_form::KeyForm;
use crate::der::{self, CONTEXT_0, CONTEXT_1, Element, INTEGER, NULL, SEQUENCE, bits, element, oid};

/// The SubjectPublicKeyInfo that a private key carries in itself.
pub(super) fn public_part(der: &[u8], form: KeyForm) -> Option<Vec<u8>> {
    // A private key has nine parts.
    let parts: Vec<_> = der::elements(der::contents(der)?).take(12).collect();
    match form {
        // RSAPrivateKey: version, modulus, exponent and more.
        KeyForm::Pkcs1 => {
            let (modulus, exponent) = (integer(*parts.get(1)?)?, integer(*parts.get(2)?)?);
            let is_whole = parts.len() >= 9 && modulus.len() > 32;
            let key = element(SEQUENCE, &[modulus, exponent]);
            let algorithm = element(SEQUENCE, &[oid::RSA_ENCRYPTION.der(), &[NULL, 0]]);
            is_whole.then(|| spki(&algorithm, &key))
        }
        // PrivateKeyInfo: version, algorithm, a key in the form that belongs to the algorithm.
        KeyForm::Pkcs8 => {
            let (algorithm, inner) = (parts.get(1)?, parts.get(2)?.contents);
            if der::contents(algorithm.contents).is_some_and(|kind| oid::RSA_ENCRYPTION.is(kind)) {
                return public_part(inner, KeyForm::Pkcs1);
            }
            let point = tagged(der::elements(der::contents(inner)?), CONTEXT_1)?;
            Some(spki(algorithm.whole, der::contents(point)?.get(1..)?))
        }
        // ECPrivateKey: version, key, [0] curve, [1] public key.
        KeyForm::Sec1 => {
            let parts = || parts.iter().copied();
            let (curve, point) = (tagged(parts(), CONTEXT_0)?, tagged(parts(), CONTEXT_1)?);
            let algorithm = element(SEQUENCE, &[oid::EC_PUBLIC_KEY.der(), curve]);
            Some(spki(&algorithm, der::contents(point)?.get(1..)?))
        }
    }
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[algorithm, &bits(key)])
}

fn integer(part: Element<'_>) -> Option<&[u8]> {
    (part.tag == INTEGER).then_some(part.whole)
}

/// The contents of the part with this tag.
fn tagged<'a>(mut parts: impl Iterator<Item = Element<'a>>, tag: u8) -> Option<&'a [u8]> {
    parts.find(|part| part.tag == tag).map(|part| part.contents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{KeyKind, PrivateKey};

    #[test]
    fn the_public_part_is_that_of_the_library() {
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa2048] {
            let key = PrivateKey::generate(kind).unwrap();
            let der = key.to_rustls().secret_der().to_vec();
            assert_eq!(public_part(&der, KeyForm::Pkcs8).as_deref(), Some(key.spki()), "{kind}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120)) {
            for form in [KeyForm::Pkcs1, KeyForm::Pkcs8, KeyForm::Sec1] {
                public_part(&bytes, form);
                public_part(&element(SEQUENCE, &[&bytes]), form);
            }
        }
    }
}
