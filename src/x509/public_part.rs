//! The public key that a private key carries in itself, for keys that TLS does not use: too small, or on another curve.
//!
//! They cannot sign here, but they can still be compared with a certificate and shown. For all others the
//! cryptographic library says what the public key is.

use super::algorithm::{contents, first_element};
use super::encode::{INTEGER, SEQUENCE, bits, context_constructed, element};
use super::private_key::Form;

/// The SubjectPublicKeyInfo that a private key carries in itself.
pub(super) fn public_part(der: &[u8], form: Form) -> Option<Vec<u8>> {
    let parts = elements(contents(der)?);
    match form {
        // RSAPrivateKey: version, modulus, exponent and more.
        Form::Pkcs1 => {
            let (modulus, exponent) = (integer(parts.get(1)?)?, integer(parts.get(2)?)?);
            let is_whole = parts.len() >= 9 && modulus.len() > 32;
            let key = element(SEQUENCE, &[modulus, exponent]);
            is_whole.then(|| spki(&element(SEQUENCE, &[RSA_ENCRYPTION]), &key))
        }
        // PrivateKeyInfo: version, algorithm, a key in the form that belongs to the algorithm.
        Form::Pkcs8 => {
            let (algorithm, inner) = (*parts.get(1)?, contents(parts.get(2)?)?);
            if contents(algorithm)? == RSA_ENCRYPTION {
                return public_part(inner, Form::Pkcs1);
            }
            let point =
                elements(contents(inner)?).into_iter().find(|part| part.first() == Some(&CONTEXT_1))?;
            Some(spki(algorithm, contents(contents(point)?)?.get(1..)?))
        }
        // ECPrivateKey: version, key, [0] curve, [1] public key.
        Form::Sec1 => {
            let tagged =
                |tag| parts.iter().find(|part| part.first() == Some(&tag)).and_then(|part| contents(part));
            let (curve, point) = (tagged(CONTEXT_0)?, contents(tagged(CONTEXT_1)?)?);
            Some(spki(&element(SEQUENCE, &[EC_PUBLIC_KEY, curve]), point.get(1..)?))
        }
    }
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[algorithm, &bits(key)])
}

fn elements(mut input: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    // A private key has nine parts.
    while let Some(element) = first_element(input)
        && found.len() < 12
    {
        found.push(element);
        input = &input[element.len()..];
    }
    found
}

fn integer(element: &[u8]) -> Option<&[u8]> {
    (element.first() == Some(&INTEGER)).then_some(element)
}

const CONTEXT_0: u8 = context_constructed(0);
const CONTEXT_1: u8 = context_constructed(1);
/// rsaEncryption (RFC 8017 appendix A.1) with its NULL.
const RSA_ENCRYPTION: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];
/// id-ecPublicKey (RFC 5480 section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{KeyKind, PrivateKey};

    #[test]
    fn the_public_part_is_that_of_the_library() {
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa2048] {
            let key = PrivateKey::generate(kind).unwrap();
            let der = key.to_rustls().secret_der().to_vec();
            assert_eq!(public_part(&der, Form::Pkcs8).as_deref(), Some(key.spki()), "{kind}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120)) {
            for form in [Form::Pkcs1, Form::Pkcs8, Form::Sec1] {
                public_part(&bytes, form);
                public_part(&element(SEQUENCE, &[&bytes]), form);
            }
        }
    }
}
