//! A private key as JSON (RFC 7518 section 6.3.2), in which certbot keeps its accounts' keys.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use crate::der::{SEQUENCE, element, unsigned};
use crate::x509::PrivateKey;

/// An RSA key with all its parts.
#[derive(Deserialize)]
struct RsaJwk {
    kty: String,
    n: String,
    e: String,
    d: String,
    p: String,
    q: String,
    dp: String,
    dq: String,
    qi: String,
}

impl Drop for RsaJwk {
    fn drop(&mut self) {
        for part in [&mut self.d, &mut self.p, &mut self.q, &mut self.dp, &mut self.dq, &mut self.qi] {
            part.zeroize();
        }
    }
}

/// The key in a JWK, or why it cannot be used.
pub(super) fn parse(text: &[u8]) -> Result<PrivateKey, String> {
    let jwk: RsaJwk =
        serde_json::from_slice(text).map_err(|error| format!("it is not an RSA key: {error}"))?;
    if jwk.kty != "RSA" {
        return Err(format!("it is a key of kind {}", jwk.kty));
    }
    // RFC 8017 appendix A.1.2: version, modulus, exponents, primes, exponents of these, coefficient.
    let mut der = Zeroizing::new(unsigned(&[0]));
    for part in [&jwk.n, &jwk.e, &jwk.d, &jwk.p, &jwk.q, &jwk.dp, &jwk.dq, &jwk.qi] {
        let number = BASE64URL.decode(part.trim_end_matches('=')).map(Zeroizing::new);
        let number = number.map_err(|error| format!("it is damaged: {error}"))?;
        der.extend_from_slice(&Zeroizing::new(unsigned(&number)));
    }
    let der = Zeroizing::new(element(SEQUENCE, &[&der]));
    PrivateKey::from_der(der).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{INTEGER, Reader};
    use crate::x509::KeyKind;

    #[test]
    fn the_parts_make_the_key() {
        let key = PrivateKey::generate(KeyKind::Rsa2048).unwrap();
        let pkcs1 = key.pkcs1().unwrap();
        let mut parts = Reader::inside(&pkcs1, SEQUENCE).unwrap();
        parts.next().unwrap();
        let mut jwk = serde_json::json!({"kty": "RSA"});
        for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
            let bytes = parts.expect(INTEGER).unwrap();
            let bytes = bytes.strip_prefix(&[0]).unwrap_or(bytes);
            jwk[name] = BASE64URL.encode(bytes).into();
        }
        let read = parse(&serde_json::to_vec(&jwk).unwrap()).unwrap();
        assert_eq!(read.spki(), key.spki());
        jwk["kty"] = "EC".into();
        assert!(parse(&serde_json::to_vec(&jwk).unwrap()).unwrap_err().contains("EC"));
        jwk["kty"] = "RSA".into();
        jwk["d"] = "!".into();
        assert!(parse(&serde_json::to_vec(&jwk).unwrap()).unwrap_err().contains("damaged"));
        assert!(parse(b"{}").is_err());
    }
}
