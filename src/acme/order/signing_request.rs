//! The signing request (PKCS#10) that an order is finalized with.

use rcgen::{CertificateParams, DistinguishedName, KeyPair};

use crate::acme::error::Error;
use crate::x509::PrivateKey;

/// A signing request for the names, as DER. Its subject is empty: the names are in the subjectAltName, where
/// RFC 8555 section 7.4 looks for them, and a CN has no meaning any more (RFC 9525 section 2).
pub fn for_names(key: &PrivateKey, names: &[String]) -> Result<Vec<u8>, Error> {
    let request = || {
        let key = KeyPair::try_from(&key.to_rustls())?;
        let mut request = CertificateParams::new(names)?;
        request.distinguished_name = DistinguishedName::new();
        Ok(request.serialize_request(&key)?.der().to_vec())
    };
    request().map_err(|error: rcgen::Error| Error::Key(format!("cannot make the signing request: {error}")))
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
            let der = for_names(&key, &names).unwrap();
            let (_, request) = X509CertificationRequest::from_der(&der).unwrap();
            let info = &request.certification_request_info;
            assert_eq!(info.subject_pki.raw, key.spki(), "{kind}");
            assert_eq!(info.subject.iter().count(), 0);
            let text = format!("{:?}", request.requested_extensions().unwrap().collect::<Vec<_>>());
            assert!(text.contains("a.test") && text.contains("b.test"), "{text}");
        }
    }
}
