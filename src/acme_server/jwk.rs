//! Public keys (RFC 7517, RFC 7518, RFC 8037), their hashes (RFC 7638), and signatures by them.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Serialize};
use serde_json::json;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::problem::{Problem, ProblemType};
use crate::der::oid;

/// RSA: from 2048 bits on, and no longer than what is verified quickly.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// A public key as clients send it; members that are not needed are not kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    crv: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    x: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    y: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    n: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    e: String,
    /// A private key: somebody has sent it by mistake.
    #[serde(default, skip_serializing)]
    d: String,
}

struct Curve {
    crv: &'static str,
    alg: &'static str,
    bytes: usize,
    verification: &'static dyn VerificationAlgorithm,
}

static CURVES: [Curve; 3] = [
    Curve { crv: "P-256", alg: "ES256", bytes: 32, verification: &ECDSA_P256_SHA256_FIXED },
    Curve { crv: "P-384", alg: "ES384", bytes: 48, verification: &ECDSA_P384_SHA384_FIXED },
    Curve { crv: "P-521", alg: "ES512", bytes: 66, verification: &ECDSA_P521_SHA512_FIXED },
];

impl Jwk {
    /// The one algorithm that it signs with here.
    ///
    /// # Errors
    /// `badPublicKey` for a key that cannot be used.
    pub(super) fn algorithm(&self) -> Result<&'static str, Problem> {
        Ok(match self.read()? {
            Key::Ec(curve, _) => curve.alg,
            Key::Ed(_) => "EdDSA",
            Key::Rsa(..) => "RS256",
        })
    }

    /// Whether the signature over the message is by this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.read() {
            Ok(Key::Ec(curve, point)) => {
                UnparsedPublicKey::new(curve.verification, point).verify(message, signature).is_ok()
            }
            Ok(Key::Ed(point)) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature).is_ok(),
            Ok(Key::Rsa(n, e)) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            Err(_) => false,
        }
    }

    /// The hash that names the key (RFC 7638), in base64url.
    pub fn thumbprint(&self) -> String {
        // serde_json's map is sorted by name, which is the order of RFC 7638 section 3.3.
        let members = match self.kty.as_str() {
            "EC" => json!({"crv": self.crv, "kty": "EC", "x": self.x, "y": self.y}),
            "OKP" => json!({"crv": self.crv, "kty": "OKP", "x": self.x}),
            _ => json!({"e": self.e, "kty": self.kty, "n": self.n}),
        };
        BASE64URL.encode(digest(&SHA256, members.to_string().as_bytes()))
    }

    /// The key of a certificate or request (SubjectPublicKeyInfo, whole DER); `None` for kinds that sign no requests.
    pub(super) fn from_spki(spki: &[u8]) -> Option<Self> {
        let (_, read) = SubjectPublicKeyInfo::from_der(spki).ok()?;
        let encode = |bytes: &[u8]| BASE64URL.encode(bytes);
        if oid::find(read.algorithm.algorithm.as_bytes()) == Some(oid::ED25519) {
            let x = encode(&read.subject_public_key.data);
            return Some(Self { kty: "OKP".into(), crv: "Ed25519".into(), x, ..Self::default() });
        }
        match read.parsed().ok()? {
            PublicKey::EC(point) => {
                let (form, point) = point.data().split_first()?;
                let curve = CURVES.iter().find(|curve| *form == 4 && point.len() == 2 * curve.bytes)?;
                let (x, y) = point.split_at(curve.bytes);
                let (x, y) = (encode(x), encode(y));
                Some(Self { kty: "EC".into(), crv: curve.crv.into(), x, y, ..Self::default() })
            }
            PublicKey::RSA(rsa) => {
                let (n, e) = (encode(unsigned(rsa.modulus)), encode(unsigned(rsa.exponent)));
                Some(Self { kty: "RSA".into(), n, e, ..Self::default() })
            }
            _ => None,
        }
    }

    fn read(&self) -> Result<Key, Problem> {
        let bad = |detail: &str| Problem::new(ProblemType::BadPublicKey, detail);
        if !self.d.is_empty() {
            return Err(bad("this is a private key; now that it was sent, use another one"));
        }
        let bytes = |text: &str| {
            BASE64URL.decode(text).map_err(|_| bad("the key is not in base64url without padding"))
        };
        match (self.kty.as_str(), self.crv.as_str()) {
            ("EC", crv) => {
                let curve = CURVES.iter().find(|curve| curve.crv == crv);
                let curve = curve.ok_or_else(|| bad("the curve is not P-256, P-384 or P-521"))?;
                let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
                if x.len() != curve.bytes || y.len() != curve.bytes {
                    return Err(bad("the coordinates do not have the length of the curve"));
                }
                Ok(Key::Ec(curve, [&[4][..], &x, &y].concat()))
            }
            ("OKP", "Ed25519") => match bytes(&self.x)? {
                point if point.len() == 32 => Ok(Key::Ed(point)),
                _ => Err(bad("an Ed25519 key has 32 bytes")),
            },
            ("RSA", _) => {
                let (n, e) = (bytes(&self.n)?, bytes(&self.e)?);
                if n.first() == Some(&0) || e.first() == Some(&0) {
                    return Err(bad("the numbers of an RSA key begin with a zero"));
                }
                if !RSA_BYTES.contains(&n.len())
                    || n.first().is_some_and(|byte| *byte < 0x80) && n.len() == 256
                {
                    return Err(bad("an RSA key must have 2048 to 4096 bits"));
                }
                if e.len() > 4 || e.last().is_none_or(|byte| byte % 2 == 0) || e == [1] {
                    return Err(bad("the exponent of the RSA key is not usable; 65537 is usual"));
                }
                Ok(Key::Rsa(n, e))
            }
            _ => Err(bad("the key is not of type EC, RSA or OKP with Ed25519")),
        }
    }
}

enum Key {
    Ec(&'static Curve, Vec<u8>),
    Ed(Vec<u8>),
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
}

fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{KeyKind, PrivateKey};

    #[test]
    fn thumbprints_are_those_of_the_standard() {
        // The example of RFC 7638 section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
                 FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb\
                 9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls\
                 1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key: Jwk =
            serde_json::from_value(json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256"})).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(key.algorithm(), Ok("RS256"));
        // The key of RFC 8037 appendix A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key: Jwk = serde_json::from_value(json!({"kty": "OKP", "crv": "Ed25519", "x": x})).unwrap();
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(key.algorithm(), Ok("EdDSA"));
    }

    #[test]
    fn every_kind_of_key_is_read_from_a_certificate() {
        for (kind, algorithm) in [
            (KeyKind::EcdsaP256, "ES256"),
            (KeyKind::EcdsaP384, "ES384"),
            (KeyKind::EcdsaP521, "ES512"),
            (KeyKind::Ed25519, "EdDSA"),
            (KeyKind::Rsa2048, "RS256"),
        ] {
            let key = Jwk::from_spki(PrivateKey::generate(kind).unwrap().spki()).unwrap();
            assert_eq!(key.algorithm(), Ok(algorithm));
        }
        assert_eq!(Jwk::from_spki(&[0x30, 0]), None);
    }

    #[test]
    fn keys_that_cannot_be_used() {
        let zeros = |count| BASE64URL.encode(vec![0xff; count]);
        for key in [
            json!({"kty": "oct", "k": "AAAA"}),
            json!({"kty": "EC", "crv": "P-256", "x": zeros(31), "y": zeros(32)}),
            json!({"kty": "EC", "crv": "secp256k1", "x": zeros(32), "y": zeros(32)}),
            json!({"kty": "EC", "crv": "P-256", "x": zeros(32), "y": zeros(32), "d": zeros(32)}),
            json!({"kty": "OKP", "crv": "X25519", "x": zeros(32)}),
            json!({"kty": "RSA", "n": zeros(128), "e": "AQAB"}),
            json!({"kty": "RSA", "n": zeros(1024), "e": "AQAB"}),
            json!({"kty": "RSA", "n": zeros(256), "e": "Ag"}),
            json!({"kty": "RSA", "n": zeros(256), "e": "AQ"}),
            json!({"kty": "RSA", "n": format!("{}=", zeros(256)), "e": "AQAB"}),
            json!({"kty": "RSA"}),
        ] {
            let read: Jwk = serde_json::from_value(key.clone()).unwrap();
            assert_eq!(read.algorithm().unwrap_err().class, ProblemType::BadPublicKey, "{key}");
            assert!(!read.verifies(b"", &[0; 64]));
        }
    }
}
