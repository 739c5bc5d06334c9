//! The PEM files of keys and chains, read and written.

use crate::pem;
use crate::x509::{Certificate, PrivateKey};

/// The private key in a PEM text, or what is wrong with it.
pub fn parse_key(text: &[u8]) -> Result<PrivateKey, String> {
    let scan = pem::scan(text);
    match (scan.blocks.first(), scan.errors.first()) {
        (Some(block), _) => PrivateKey::from_pem(block).map_err(|error| error.to_string()),
        (None, Some(error)) => Err(error.to_string()),
        (None, None) => Err("it holds no key".into()),
    }
}

/// The signing request in a PEM text, as DER, or what is wrong with it.
pub fn parse_request(text: &[u8]) -> Result<Vec<u8>, String> {
    let scan = pem::scan(text);
    let request = scan.blocks.iter().find(|block| block.label.ends_with("CERTIFICATE REQUEST"));
    request.map(|block| block.der.to_vec()).ok_or_else(|| "it holds no signing request".into())
}

/// The certificates in a PEM text in their order, at least one, or what is wrong with it.
pub fn parse_chain(text: &[u8]) -> Result<Vec<Certificate>, String> {
    let scan = pem::scan(text);
    if let Some(error) = scan.errors.first() {
        return Err(error.to_string());
    }
    let blocks = scan.blocks.iter().filter(|block| block.is_certificate());
    let chain: Result<Vec<_>, _> = blocks.map(|block| Certificate::from_der(block.der.to_vec())).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("it holds no certificate".into()),
        chain => chain.map_err(|error| error.to_string()),
    }
}

pub fn chain_text(chain: &[Certificate]) -> Vec<u8> {
    let mut text = String::new();
    for certificate in chain {
        pem::write(&mut text, "CERTIFICATE", &certificate.der);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::KeyKind;

    #[test]
    fn keys_and_chains_are_read_or_refused() {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        assert_eq!(parse_key(key.to_pem().as_bytes()).unwrap().spki(), key.spki());
        assert!(parse_key(b"nothing").is_err());
        assert!(parse_chain(b"nothing").is_err());
        assert!(parse_chain(key.to_pem().as_bytes()).is_err());
        assert!(parse_chain(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").is_err());
    }
}
