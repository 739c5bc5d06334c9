//! tls-alpn-01 (RFC 8737): a self-signed certificate with the hash of the key authorization, shown to those who speak
//! `acme-tls/1`.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::settings::ChallengeSettings;
use super::connect;
use crate::acme::challenge::tls_alpn01::server_name;
use crate::acme_server::{Identifier, Policy, Problem, ProblemType, Validation};
use crate::sys::fs::plain;
use crate::tls::{ACME_TLS, policy as tls_policy};
use crate::x509::{Certificate, HostName, SubjectAltName};

/// id-pe-acmeIdentifier (RFC 8737 section 6.1).
const ACME_IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";

/// # Errors
/// `connection`, `dns`, `tls`, `incorrectResponse`.
pub(super) async fn validate(
    validation: &Validation,
    policy: &Policy,
    settings: &ChallengeSettings,
) -> Result<(), Problem> {
    let problem = |class, detail: String| Problem::new(class, format!("{}: {detail}", validation.identifier));
    let host = match &validation.identifier {
        Identifier::Dns(name) => HostName::Dns(name.clone()),
        Identifier::Ip(address) => HostName::Ip(*address),
    };
    let name = ServerName::try_from(server_name(&host))
        .map_err(|error| problem(ProblemType::Tls, error.to_string()))?;
    let config = config().map_err(|error| problem(ProblemType::Tls, error.to_string()))?;
    let stream = connect(&validation.identifier, settings.tls_port, policy, settings).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream =
        connector.connect(name, stream).await.map_err(|error| problem(ProblemType::Tls, plain(&error)))?;
    let (_, session) = stream.get_ref();
    if session.alpn_protocol() != Some(ACME_TLS) {
        return Err(problem(ProblemType::Tls, "it does not speak acme-tls/1".to_owned()));
    }
    let shown = session.peer_certificates().unwrap_or_default();
    let digest = digest(&SHA256, validation.key_authorization.as_bytes());
    match shown {
        [certificate] => judge(certificate, &validation.identifier, digest.as_ref()),
        _ => Err("it shows more than one certificate, or none"),
    }
    .map_err(|reason| problem(ProblemType::IncorrectResponse, reason.to_owned()))
}

/// RFC 8737 section 3.
fn judge(der: &CertificateDer<'_>, identifier: &Identifier, digest: &[u8]) -> Result<(), &'static str> {
    const UNREADABLE: &str = "its certificate cannot be read";
    let certificate = Certificate::from_der(der.to_vec()).map_err(|_| UNREADABLE)?;
    let names = certificate.subject_alt_names.as_deref().unwrap_or_default();
    let is_its_name = match (names, identifier) {
        ([SubjectAltName::Dns(name)], Identifier::Dns(wanted)) => name.eq_ignore_ascii_case(wanted),
        ([SubjectAltName::Ip(address)], Identifier::Ip(wanted)) => address == wanted,
        _ => false,
    };
    if !is_its_name {
        return Err("its certificate is not for this name alone");
    }
    let (_, parsed) = X509Certificate::from_der(der).map_err(|_| UNREADABLE)?;
    let mut extensions = parsed.extensions().iter().filter(|one| one.oid.to_id_string() == ACME_IDENTIFIER);
    match (extensions.next(), extensions.next()) {
        (Some(one), None) if !one.critical => Err("acmeIdentifier is not critical"),
        // An OCTET STRING of 32 bytes.
        (Some(one), None) if one.value == [&[4, 32], digest].concat() => Ok(()),
        (Some(_), None) => Err("acmeIdentifier is that of another key authorization"),
        _ => Err("its certificate has no acmeIdentifier"),
    }
}

fn config() -> Result<ClientConfig, rustls::Error> {
    let provider = tls_policy::provider();
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(schemes)))
        .with_no_client_auth();
    config.alpn_protocols = vec![ACME_TLS.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Takes what is shown: it is judged afterwards, and no chain leads to it. Its critical extension is one that rustls
/// does not read, so the signature of the handshake is not verified by it either; who shows the hash of the key
/// authorization under this name controls it.
#[derive(Debug)]
struct AnyCertificate(Vec<SignatureScheme>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, KeyPair};

    use super::*;

    #[test]
    fn only_the_certificate_of_the_standard_is_taken() {
        let digest = [7; 32];
        let name = Identifier::Dns("a.test".into());
        let make = |names: &[&str], extension: Option<CustomExtension>| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut params = CertificateParams::new(names).unwrap();
            params.custom_extensions.extend(extension);
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
        };
        let proof = || Some(CustomExtension::new_acme_identifier(&digest));
        assert_eq!(judge(&make(&["a.test"], proof()), &name, &digest), Ok(()));
        let mut harmless = CustomExtension::new_acme_identifier(&digest);
        harmless.set_criticality(false);
        for (der, what) in [
            (make(&["b.test"], proof()), "another name"),
            (make(&["a.test", "b.test"], proof()), "two names"),
            (make(&["127.0.0.1"], proof()), "an address"),
            (make(&["a.test"], None), "no extension"),
            (make(&["a.test"], Some(harmless)), "not critical"),
            (make(&["a.test"], Some(CustomExtension::new_acme_identifier(&[8; 32]))), "another key"),
        ] {
            assert!(judge(&der, &name, &digest).is_err(), "{what}");
        }
        let address = Identifier::Ip("127.0.0.1".parse().unwrap());
        assert_eq!(judge(&make(&["127.0.0.1"], proof()), &address, &digest), Ok(()));
    }
}
