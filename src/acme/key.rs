//! Keys, the signing request, and PEM in and out.

use rcgen::{CertificateParams, DistinguishedName, KeyPair};

use super::error::Error;
use crate::pem;
use crate::x509::{Certificate, PrivateKey};

/// A signing request for the names, as DER. Its subject is empty: the names stand in the subjectAltName, where
/// RFC 8555 section 7.4 looks for them, and a CN has no meaning any more (RFC 9525 section 2).
pub(super) fn signing_request(key: &PrivateKey, names: &[String]) -> Result<Vec<u8>, Error> {
    let request = || {
        let key = KeyPair::try_from(&key.to_rustls())?;
        let mut request = CertificateParams::new(names)?;
        request.distinguished_name = DistinguishedName::new();
        Ok(request.serialize_request(&key)?.der().to_vec())
    };
    request().map_err(|error: rcgen::Error| Error::Key(format!("no signing request: {error}")))
}

/// The private key in a PEM text, or what is wrong with it.
pub(super) fn from_pem(text: &[u8]) -> Result<PrivateKey, String> {
    let scan = pem::scan(text);
    match (scan.blocks.first(), scan.errors.first()) {
        (Some(block), _) => PrivateKey::from_pem(block).map_err(|error| error.to_string()),
        (None, Some(error)) => Err(error.to_string()),
        (None, None) => Err("there is no key in it".into()),
    }
}

/// The certificates in a PEM text in their order, at least one, or what is wrong with it.
pub(super) fn chain_from_pem(text: &[u8]) -> Result<Vec<Certificate>, String> {
    let scan = pem::scan(text);
    if let Some(error) = scan.errors.first() {
        return Err(error.to_string());
    }
    let blocks = scan.blocks.iter().filter(|block| block.is_certificate());
    let chain: Result<Vec<_>, _> = blocks.map(|block| Certificate::from_der(block.der.to_vec())).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("there is no certificate in it".into()),
        chain => chain.map_err(|error| error.to_string()),
    }
}

/// Certificates as PEM.
pub(super) fn chain_to_pem(chain: &[Certificate]) -> Vec<u8> {
    let mut text = String::new();
    for certificate in chain {
        pem::write(&mut text, "CERTIFICATE", &certificate.der);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer;

    use super::*;
    use crate::x509::KeyKind;

    #[test]
    fn the_request_is_for_the_names_and_the_key() {
        let names = ["a.test".to_owned(), "b.test".to_owned()];
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa2048] {
            let key = PrivateKey::generate(kind).unwrap();
            let der = signing_request(&key, &names).unwrap();
            let (_, request) = X509CertificationRequest::from_der(&der).unwrap();
            let info = &request.certification_request_info;
            assert_eq!(info.subject_pki.raw, key.spki(), "{kind}");
            assert_eq!(info.subject.iter().count(), 0);
            let text = format!("{:?}", request.requested_extensions().unwrap().collect::<Vec<_>>());
            assert!(text.contains("a.test") && text.contains("b.test"), "{text}");
        }
    }

    #[test]
    fn keys_and_chains_are_read_or_refused() {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        assert_eq!(from_pem(key.to_pem().as_bytes()).unwrap().spki(), key.spki());
        assert!(from_pem(b"nothing").is_err());
        assert!(chain_from_pem(b"nothing").is_err());
        assert!(chain_from_pem(key.to_pem().as_bytes()).is_err());
        assert!(chain_from_pem(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").is_err());
    }
}
