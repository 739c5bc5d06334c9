//! Signed requests: a JWS in its flattened JSON form (RFC 7515 section 7.2.2), as RFC 8555 section 6.2 limits it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::jwk::Jwk;
use super::problem::{ALGORITHMS, Problem, ProblemType, excerpt};
use super::strict_json;

/// A JWS as it was sent; nothing is verified.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlattenedJws {
    protected: String,
    payload: String,
    signature: String,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    url: Option<String>,
    nonce: Option<String>,
    kid: Option<String>,
    jwk: Option<Jwk>,
    crit: Option<IgnoredAny>,
}

/// A JWS whose parts are read; its signature is not verified yet.
#[derive(Debug)]
pub(super) struct SignedRequest {
    pub(super) algorithm: String,
    pub(super) url: String,
    pub(super) nonce: Option<String>,
    pub(super) key: NamedKey,
    pub(super) payload: Vec<u8>,
    input: Vec<u8>,
    signature: Vec<u8>,
}

/// Which key has signed: exactly one of both is there.
#[derive(Debug)]
pub(super) enum NamedKey {
    /// The URL of an account.
    Kid(String),
    Jwk(Jwk),
}

impl SignedRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// `malformed`.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        Self::open(strict_json::read(body, "the body")?)
    }

    /// Reads the parts of a JWS.
    ///
    /// # Errors
    /// `malformed`.
    pub(super) fn open(jws: FlattenedJws) -> Result<Self, Problem> {
        let part = |text: &str, what: &str| {
            BASE64URL.decode(text).map_err(|_| {
                Problem::malformed(format!("the {what} of the JWS is not base64url without padding"))
            })
        };
        let header: Header =
            strict_json::read(&part(&jws.protected, "protected header")?, "protected header")?;
        if header.crit.is_some() {
            return Err(Problem::malformed("no extension of JWS is understood (`crit`)"));
        }
        let key = match (header.kid, header.jwk) {
            (Some(kid), None) => NamedKey::Kid(kid),
            (None, Some(jwk)) => NamedKey::Jwk(jwk),
            _ => return Err(Problem::malformed("the protected header needs either `kid` or `jwk`")),
        };
        Ok(Self {
            algorithm: header.alg,
            url: header.url.ok_or_else(|| Problem::malformed("the protected header has no `url`"))?,
            nonce: header.nonce,
            key,
            payload: part(&jws.payload, "payload")?,
            input: format!("{}.{}", jws.protected, jws.payload).into_bytes(),
            signature: part(&jws.signature, "signature")?,
        })
    }

    /// Verifies the signature. The algorithm is the key's: what the header says must be the same, so that it cannot
    /// choose how a key is used.
    ///
    /// # Errors
    /// `badSignatureAlgorithm`, `badPublicKey`, `malformed`.
    pub(super) fn verify(&self, key: &Jwk) -> Result<(), Problem> {
        if !ALGORITHMS.contains(&self.algorithm.as_str()) {
            let detail = format!("the algorithm `{}` is not accepted", excerpt(&self.algorithm));
            return Err(Problem::new(ProblemType::BadSignatureAlgorithm, detail));
        }
        let algorithm = key.algorithm()?;
        if self.algorithm != algorithm {
            let detail = format!("this key signs with {algorithm}");
            return Err(Problem::new(ProblemType::BadSignatureAlgorithm, detail));
        }
        if key.verifies(&self.input, &self.signature) {
            Ok(())
        } else {
            Err(Problem::malformed("the signature is not by this key"))
        }
    }

    /// Verifies the MAC of an external account binding (RFC 8555 section 7.3.4).
    ///
    /// # Errors
    /// `badSignatureAlgorithm`, `unauthorized`.
    pub(super) fn verify_mac(&self, secret: &[u8]) -> Result<(), Problem> {
        if self.algorithm != "HS256" {
            let detail = "an external account binding is signed with HS256";
            return Err(Problem::new(ProblemType::BadSignatureAlgorithm, detail));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&key, &self.input, &self.signature)
            .map_err(|_| Problem::unauthorized("the external account binding is not by this key"))
    }

    /// The payload as an object.
    ///
    /// # Errors
    /// `malformed`.
    pub(super) fn payload<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        strict_json::read(&self.payload, "payload")
    }

    /// Refuses a payload where a resource is only read (POST-as-GET, RFC 8555 section 6.3).
    ///
    /// # Errors
    /// `malformed`.
    pub(super) fn require_no_payload(&self) -> Result<(), Problem> {
        if self.payload.is_empty() {
            return Ok(());
        }
        Err(Problem::malformed("this resource is read by POST-as-GET, whose payload is empty"))
    }
}
