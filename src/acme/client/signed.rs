//! Signed requests (RFC 8555 section 6.2).
//!
//! A request is a JWS (RFC 7515): ES256, ES384 or ES512 for keys on curves (RFC 7518 section 3.4), RS256 for RSA.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::acme::client::http::Http;
use crate::acme::error::Error;
use crate::acme::reply::call_error::CallError;
use crate::x509::PrivateKey;

/// A key that signs requests, and how it is named in them.
pub struct Signer {
    pair: Pair,
    /// The public key (RFC 7517).
    jwk: Value,
    /// The account's address; without one the request carries the key itself.
    account: Option<String>,
}

const NO_SIGNATURE: CallError = CallError::Key("it makes no signature");

enum Pair {
    Ecdsa(EcdsaKeyPair, &'static str),
    Rsa(RsaKeyPair),
}

impl Signer {
    /// A signer that names its key by the account's address.
    ///
    /// # Errors
    /// [`Error::Key`] for a kind of key that signs no requests.
    pub fn of_account(key: &PrivateKey, url: &str) -> Result<Self, Error> {
        Ok(Self { account: Some(url.to_owned()), ..Self::bare(key)? })
    }

    /// A signer that sends its public key along, for a new account or a certificate's key.
    ///
    /// # Errors
    /// [`Error::Key`] for a kind of key that signs no requests.
    pub fn bare(key: &PrivateKey) -> Result<Self, Error> {
        let unusable = || Error::Key(format!("a key of kind {} cannot sign requests", key.description()));
        let (_, spki) = SubjectPublicKeyInfo::from_der(key.spki()).map_err(|_| unusable())?;
        let encode = |bytes: &[u8]| BASE64URL.encode(bytes);
        let (pair, jwk) = match spki.parsed().map_err(|_| unusable())? {
            PublicKey::EC(point) => {
                let curve = Curve::of_point(point.data()).ok_or_else(unusable)?;
                // RFC 5480 section 2.2: 4, then both coordinates in full length, as RFC 7518 section 6.2.1.2 wants them.
                let (x, y) = point.data().get(1..).ok_or_else(unusable)?.split_at(curve.coordinate_bytes);
                let pair = ecdsa_pair(curve.signing, &key.to_rustls()).ok_or_else(unusable)?;
                let jwk = json!({"kty": "EC", "crv": curve.name, "x": encode(x), "y": encode(y)});
                (Pair::Ecdsa(pair, curve.algorithm), jwk)
            }
            PublicKey::RSA(public) => {
                let pair = rsa_pair(&key.to_rustls()).ok_or_else(unusable)?;
                // RFC 7518 section 6.3.1: no zero in front, which DER needs and JWK does not want.
                let (n, e) = (unsigned(public.modulus), unsigned(public.exponent));
                (Pair::Rsa(pair), json!({"kty": "RSA", "n": encode(n), "e": encode(e)}))
            }
            _ => return Err(unusable()),
        };
        Ok(Self { pair, jwk, account: None })
    }

    /// The account's address.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The hash that names the key in answers to challenges (RFC 7638 section 3).
    pub fn thumbprint(&self) -> String {
        // The members are those that RFC 7638 section 3.2 wants and no others, here in its order.
        let members: BTreeMap<_, _> = self.jwk.as_object().into_iter().flatten().collect();
        let text = json!(members).to_string();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        BASE64URL.encode(digest)
    }

    /// A JWS in its flattened JSON form (RFC 7515 section 7.2.2). No payload is the empty string of POST-as-GET (RFC 8555
    /// section 6.3).
    ///
    /// # Errors
    /// [`CallError::Key`] when the system gives no random bytes.
    pub fn sign(&self, url: &str, nonce: Option<&str>, payload: Option<&Value>) -> Result<Value, CallError> {
        let mut header = json!({"alg": self.pair.algorithm(), "url": url});
        match &self.account {
            Some(account) => header["kid"] = account.as_str().into(),
            None => header["jwk"] = self.jwk.clone(),
        }
        if let Some(nonce) = nonce {
            header["nonce"] = nonce.into();
        }
        jws(&header, payload, |input| self.pair.sign(input))
    }
}

/// The proof that the holder of the account's key also holds the external account's secret (RFC 8555 section 7.3.4).
///
/// # Errors
/// None in practice; HMAC cannot fail.
pub fn external_binding(
    kid: &str,
    secret: &[u8],
    account_key: &Value,
    url: &str,
) -> Result<Value, CallError> {
    let header = json!({"alg": "HS256", "kid": kid, "url": url});
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    jws(&header, Some(account_key), |input| Ok(hmac::sign(&key, input).as_ref().to_vec()))
}

/// Sends a signed request, once.
///
/// # Errors
/// What keeps the answer from coming, and the server's refusal.
pub async fn post(
    http: &Http,
    signer: &Signer,
    url: &str,
    payload: Option<&Value>,
) -> Result<Response<Bytes>, CallError> {
    let nonce = http.nonce().await?;
    let body = signer.sign(url, Some(&nonce), payload)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        // RFC 8555 section 6.2.
        .header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/jose+json"))
        .body(Bytes::from(serde_json::to_vec(&body)?))?;
    http.send(request).await
}

fn jws(
    header: &Value,
    payload: Option<&Value>,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, CallError>,
) -> Result<Value, CallError> {
    let protected = BASE64URL.encode(serde_json::to_vec(header)?);
    let payload = match payload {
        Some(payload) => BASE64URL.encode(serde_json::to_vec(payload)?),
        None => String::new(),
    };
    let signature = sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(json!({"protected": protected, "payload": payload, "signature": BASE64URL.encode(signature)}))
}

impl Pair {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ecdsa(_, algorithm) => algorithm,
            Self::Rsa(_) => "RS256",
        }
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, CallError> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(pair, _) => {
                let signature = pair.sign(&random, input).map_err(|_| NO_SIGNATURE)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, input, &mut signature).map_err(|_| NO_SIGNATURE)?;
                Ok(signature)
            }
        }
    }
}

struct Curve {
    name: &'static str,
    algorithm: &'static str,
    coordinate_bytes: usize,
    signing: &'static EcdsaSigningAlgorithm,
}

const CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        algorithm: "ES256",
        coordinate_bytes: 32,
        signing: &ECDSA_P256_SHA256_FIXED_SIGNING,
    },
    Curve {
        name: "P-384",
        algorithm: "ES384",
        coordinate_bytes: 48,
        signing: &ECDSA_P384_SHA384_FIXED_SIGNING,
    },
    Curve {
        name: "P-521",
        algorithm: "ES512",
        coordinate_bytes: 66,
        signing: &ECDSA_P521_SHA512_FIXED_SIGNING,
    },
];

impl Curve {
    fn of_point(point: &[u8]) -> Option<&'static Self> {
        CURVES.iter().find(|curve| point.first() == Some(&4) && point.len() == 1 + 2 * curve.coordinate_bytes)
    }
}

fn ecdsa_pair(signing: &'static EcdsaSigningAlgorithm, key: &PrivateKeyDer<'_>) -> Option<EcdsaKeyPair> {
    match key {
        PrivateKeyDer::Pkcs8(der) => EcdsaKeyPair::from_pkcs8(signing, der.secret_pkcs8_der()).ok(),
        other => EcdsaKeyPair::from_private_key_der(signing, other.secret_der()).ok(),
    }
}

fn rsa_pair(key: &PrivateKeyDer<'_>) -> Option<RsaKeyPair> {
    match key {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
        other => RsaKeyPair::from_der(other.secret_der()).ok(),
    }
}

fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
        RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    };

    use super::*;
    use crate::x509::KeyKind;

    fn decoded(value: &Value) -> Vec<u8> {
        BASE64URL.decode(value.as_str().unwrap()).unwrap()
    }

    fn input(jws: &Value) -> Vec<u8> {
        format!("{}.{}", jws["protected"].as_str().unwrap(), jws["payload"].as_str().unwrap()).into_bytes()
    }

    #[test]
    fn signatures_verify_by_the_key_that_is_named() {
        let curves: [(KeyKind, &str, &'static dyn VerificationAlgorithm); 3] = [
            (KeyKind::EcdsaP256, "ES256", &ECDSA_P256_SHA256_FIXED),
            (KeyKind::EcdsaP384, "ES384", &ECDSA_P384_SHA384_FIXED),
            (KeyKind::EcdsaP521, "ES512", &ECDSA_P521_SHA512_FIXED),
        ];
        for (kind, algorithm, verification) in curves {
            let signer = Signer::bare(&PrivateKey::generate(kind).unwrap()).unwrap();
            let signed = signer.sign("https://ca.test/x", Some("n1"), Some(&json!({"a": 1}))).unwrap();
            let header: Value = serde_json::from_slice(&decoded(&signed["protected"])).unwrap();
            assert_eq!(header["alg"], algorithm);
            assert_eq!((&header["nonce"], &header["url"]), (&json!("n1"), &json!("https://ca.test/x")));
            assert_eq!(&header["jwk"], signer.jwk());
            assert!(header.get("kid").is_none());
            let mut point = vec![4];
            point.extend(decoded(&header["jwk"]["x"]));
            point.extend(decoded(&header["jwk"]["y"]));
            UnparsedPublicKey::new(verification, point)
                .verify(&input(&signed), &decoded(&signed["signature"]))
                .unwrap();
        }
    }

    #[test]
    fn an_rsa_key_signs_with_rs256() {
        let signer = Signer::bare(&PrivateKey::generate(KeyKind::Rsa2048).unwrap()).unwrap();
        let signed = signer.sign("https://ca.test/x", None, None).unwrap();
        assert_eq!(signed["payload"], "");
        let header: Value = serde_json::from_slice(&decoded(&signed["protected"])).unwrap();
        assert_eq!(header["alg"], "RS256");
        let (n, e) = (decoded(&header["jwk"]["n"]), decoded(&header["jwk"]["e"]));
        assert_eq!((n.len(), e.as_slice()), (256, [1, 0, 1].as_slice()));
        RsaPublicKeyComponents { n, e }
            .verify(&RSA_PKCS1_2048_8192_SHA256, &input(&signed), &decoded(&signed["signature"]))
            .unwrap();
    }

    #[test]
    fn thumbprints_are_those_of_the_standard() {
        // The example of RFC 7638 section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
                 FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb\
                 9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls\
                 1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let signer =
            Signer { jwk: json!({"kty": "RSA", "n": n, "e": "AQAB"}), ..Signer::bare(&key).unwrap() };
        assert_eq!(signer.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn an_account_is_named_by_its_address() {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let signed =
            Signer::of_account(&key, "https://ca.test/a/1").unwrap().sign("u", Some("n"), None).unwrap();
        let header: Value = serde_json::from_slice(&decoded(&signed["protected"])).unwrap();
        assert_eq!(header["kid"], "https://ca.test/a/1");
        assert!(header.get("jwk").is_none());
    }

    #[test]
    fn an_external_account_binds_the_key() {
        let jwk = json!({"kty": "EC"});
        let bound = external_binding("kid-1", b"secret", &jwk, "https://ca.test/new").unwrap();
        let header: Value = serde_json::from_slice(&decoded(&bound["protected"])).unwrap();
        assert_eq!(header, json!({"alg": "HS256", "kid": "kid-1", "url": "https://ca.test/new"}));
        assert_eq!(serde_json::from_slice::<Value>(&decoded(&bound["payload"])).unwrap(), jwk);
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        hmac::verify(&key, &input(&bound), &decoded(&bound["signature"])).unwrap();
    }

    #[test]
    fn keys_that_sign_no_requests_are_refused() {
        let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
        assert!(matches!(Signer::bare(&key), Err(Error::Key(_))));
    }
}
