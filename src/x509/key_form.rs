//! The three forms of a private key, made out of one another.
//!
//! PKCS#8 (RFC 5958) is an envelope that names the algorithm; inside it an RSA key is PKCS#1 (RFC 8017 appendix A.1.2)
//! and an elliptic one is SEC1 (RFC 5915).

use zeroize::Zeroizing;

use crate::der::{CONTEXT_0, CONTEXT_1, INTEGER, OCTET_STRING, Reader, SEQUENCE, element, oid};

/// The three forms that private keys come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// RSA only (RFC 8017 appendix A.1.2).
    Pkcs1,
    /// Every kind (RFC 5958).
    Pkcs8,
    /// Elliptic curves only (RFC 5915).
    Sec1,
}

/// A key in another form; `spki` is its public key. `None` when it has no such form: PKCS#1 is for RSA, SEC1 for elliptic
/// curves; or when it is damaged.
pub(super) fn convert(der: &[u8], form: KeyForm, spki: &[u8], wanted: KeyForm) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = Reader::inside(spki, SEQUENCE).ok()?.next().ok()?.whole;
    let inner = match form {
        KeyForm::Pkcs8 => {
            let mut parts = Reader::inside(der, SEQUENCE).ok()?;
            parts.expect(INTEGER).ok()?;
            parts.expect(SEQUENCE).ok()?;
            parts.expect(OCTET_STRING).ok()?
        }
        KeyForm::Pkcs1 | KeyForm::Sec1 => der,
    };
    let kind = oid::find(Reader::inside(algorithm, SEQUENCE).ok()?.next().ok()?.contents);
    match wanted {
        KeyForm::Pkcs1 => (kind == Some(oid::RSA_ENCRYPTION)).then(|| Zeroizing::new(inner.to_vec())),
        KeyForm::Sec1 if kind == Some(oid::EC_PUBLIC_KEY) => sec1(inner, algorithm, spki, true),
        KeyForm::Sec1 => None,
        KeyForm::Pkcs8 => {
            // Inside PKCS#8 the curve is not named again, as RFC 5915 section 3 has it and openssl writes.
            let inner = match kind {
                Some(oid::EC_PUBLIC_KEY) => sec1(inner, algorithm, spki, false)?,
                _ => Zeroizing::new(inner.to_vec()),
            };
            // Version 1, without attributes and public key: OpenSSL 3.0 does not read version 2.
            let octets = Zeroizing::new(element(OCTET_STRING, &[&inner]));
            Some(Zeroizing::new(element(SEQUENCE, &[&[INTEGER, 1, 0], algorithm, &octets])))
        }
    }
}

/// ECPrivateKey with its public key, and with its curve if wanted.
fn sec1(inner: &[u8], algorithm: &[u8], spki: &[u8], with_curve: bool) -> Option<Zeroizing<Vec<u8>>> {
    let mut parts = Reader::inside(inner, SEQUENCE).ok()?;
    let version = parts.next().ok()?.whole;
    let secret = parts.next().ok()?.whole;
    let mut out = Zeroizing::new([version, secret].concat());
    if with_curve {
        let mut parts = Reader::inside(algorithm, SEQUENCE).ok()?;
        parts.next().ok()?;
        out.extend_from_slice(&element(CONTEXT_0, &[parts.next().ok()?.whole]));
    }
    let mut parts = Reader::inside(spki, SEQUENCE).ok()?;
    parts.next().ok()?;
    out.extend_from_slice(&element(CONTEXT_1, &[parts.next().ok()?.whole]));
    Some(Zeroizing::new(element(SEQUENCE, &[&out])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{KeyKind, PrivateKey};

    const FORMS: [KeyForm; 3] = [KeyForm::Pkcs8, KeyForm::Pkcs1, KeyForm::Sec1];

    #[test]
    fn every_form_and_back() {
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP521, KeyKind::Ed25519, KeyKind::Rsa2048] {
            let key = PrivateKey::generate(kind).unwrap();
            let pkcs8 = key.to_rustls().secret_der().to_vec();
            let first = convert(&pkcs8, KeyForm::Pkcs8, key.spki(), KeyForm::Pkcs8).unwrap();
            for form in FORMS {
                let Some(other) = convert(&pkcs8, KeyForm::Pkcs8, key.spki(), form) else {
                    assert!(matches!(
                        (kind, form),
                        (KeyKind::Ed25519, _) | (KeyKind::Rsa2048, KeyForm::Sec1) | (_, KeyForm::Pkcs1)
                    ));
                    continue;
                };
                assert_eq!(PrivateKey::from_der(other.clone()).unwrap().spki(), key.spki(), "{kind}");
                assert_eq!(convert(&other, form, key.spki(), KeyForm::Pkcs8).unwrap(), first, "{kind}");
            }
        }
    }

    #[test]
    fn version_two_becomes_version_one() {
        let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
        let document = pair.to_pkcs8().unwrap();
        let key = PrivateKey::from_der(Zeroizing::new(document.as_ref().to_vec())).unwrap();
        assert_eq!(document.as_ref()[4], 1);
        let one = key.pkcs8().unwrap();
        assert_eq!((one[4], one.len()), (0, 48));
        assert_eq!(PrivateKey::from_der(one).unwrap().spki(), key.spki());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(der in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..90), wrapped: bool) {
            let der = if wrapped { element(SEQUENCE, &[&der]) } else { der };
            for form in FORMS {
                for wanted in FORMS {
                    let _ = convert(&der, form, &der, wanted);
                }
            }
        }
    }
}
