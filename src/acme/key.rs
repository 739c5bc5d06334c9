//! Keys, the signing request, and their PEM forms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, RsaKeySize};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::error::Error;
use crate::x509::KeyKind;

/// Makes a key for a certificate, as PEM.
pub(super) fn generate(kind: KeyKind) -> Result<Zeroizing<String>, Error> {
    let key = match kind {
        KeyKind::EcdsaP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyKind::EcdsaP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        KeyKind::EcdsaP521 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
        KeyKind::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
        KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072),
        KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_4096),
    };
    let key = key.map_err(|error| Error::Key(format!("cannot make a {kind} key: {error}")))?;
    let der = Zeroizing::new(key.serialize_der());
    Ok(Zeroizing::new(pkcs8_to_pem(&der)))
}

/// A signing request for the names. Its subject is empty: the names in the certificate are the server's to write,
/// and the CN has no meaning any more (CA/Browser Forum Baseline Requirements section 7.1.4.3).
pub(super) fn signing_request(key_pem: &[u8], names: &[String]) -> Result<Vec<u8>, Error> {
    let unusable = |error: &dyn std::fmt::Display| Error::Key(format!("no signing request: {error}"));
    let der = pkcs8_from_pem(key_pem).map_err(|error| unusable(&error))?;
    let key = KeyPair::try_from(der.as_slice()).map_err(|error| unusable(&error))?;
    let mut request = CertificateParams::new(names).map_err(|error| unusable(&error))?;
    request.distinguished_name = DistinguishedName::new();
    let request = request.serialize_request(&key).map_err(|error| unusable(&error))?;
    Ok(request.der().to_vec())
}

/// The DER of a PKCS#8 key in PEM.
pub(super) fn pkcs8_from_pem(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, rustls::pki_types::pem::Error> {
    Ok(Zeroizing::new(PrivatePkcs8KeyDer::from_pem_slice(text)?.secret_pkcs8_der().to_vec()))
}

/// A PKCS#8 key as PEM.
pub(super) fn pkcs8_to_pem(der: &[u8]) -> String {
    pem("PRIVATE KEY", der)
}

/// The certificates of a PEM text, in its order.
pub(super) fn certificates_from_pem(
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_slice_iter(text).collect()
}

/// Certificates as PEM.
pub(super) fn certificates_to_pem(certificates: &[CertificateDer<'_>]) -> String {
    certificates.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer;

    use super::*;

    #[test]
    fn the_request_holds_the_names_and_is_signed_by_the_key() {
        let names = ["a.test".to_owned(), "b.test".to_owned()];
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa2048] {
            let key = generate(kind).unwrap();
            let der = signing_request(key.as_bytes(), &names).unwrap();
            let (_, request) = X509CertificationRequest::from_der(&der).unwrap();
            assert_eq!(request.certification_request_info.subject.iter().count(), 0);
            let text = format!("{:?}", request.requested_extensions().unwrap().collect::<Vec<_>>());
            assert!(text.contains("a.test") && text.contains("b.test"), "{text}");
        }
    }

    #[test]
    fn a_damaged_key_is_an_error() {
        assert!(signing_request(b"nothing", &["a.test".into()]).is_err());
        assert!(signing_request(pkcs8_to_pem(b"nothing").as_bytes(), &["a.test".into()]).is_err());
    }
}
