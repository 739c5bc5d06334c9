//! A verifier that accepts any certificate and records what the server sends.
//!
//! The chain is judged afterwards, by the same rules as a file. Whether the server has the key of its certificate shows
//! only in the handshake, so that signature is verified here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// What is known of the server's private key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Possession {
    /// The server proved that it has the key of its first certificate.
    Proved,
    /// Its signature was made with another key.
    Refuted,
    /// Not verified: the handshake did not come so far, or the certificate or its key is of a kind that rustls does not read.
    #[default]
    Unknown,
}

/// What the server showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) is_stapled: bool,
    pub(super) possession: Possession,
    pub(super) wants_client_certificate: bool,
}

/// Records what the server shows.
#[derive(Debug)]
pub(super) struct Recorder {
    provider: Arc<CryptoProvider>,
    /// What is offered to the server.
    schemes: Vec<SignatureScheme>,
    shown: Mutex<Shown>,
}

impl Recorder {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Arc<Self> {
        Self::of_schemes(provider, |_| true)
    }

    /// One that knows only some signature schemes.
    pub(super) fn of_schemes(
        provider: Arc<CryptoProvider>,
        is_known: impl Fn(&SignatureScheme) -> bool,
    ) -> Arc<Self> {
        let mut schemes = provider.signature_verification_algorithms.supported_schemes();
        schemes.retain(is_known);
        Arc::new(Self { provider, schemes, shown: Mutex::default() })
    }

    pub(super) fn shown(&self) -> Shown {
        self.record().clone()
    }

    fn record(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        result: Result<HandshakeSignatureValid, Error>,
    ) -> HandshakeSignatureValid {
        self.record().possession = match result {
            Ok(_) => Possession::Proved,
            // aws-lc does not look at signatures of short RSA keys, so their failure says nothing.
            Err(_) if has_short_rsa_key(certificate) => Possession::Unknown,
            Err(Error::InvalidCertificate(
                CertificateError::BadSignature
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
            )) => Possession::Refuted,
            Err(_) => Possession::Unknown,
        };
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut shown = self.record();
        shown.certificates = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| certificate.to_vec())
            .collect();
        shown.is_stapled = !ocsp_response.is_empty();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.judge(certificate, verify_tls12_signature(message, certificate, signed, algorithms)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.judge(certificate, verify_tls13_signature(message, certificate, signed, algorithms)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// Whether the key of a certificate is RSA with less than 2048 bits.
fn has_short_rsa_key(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let key = certificate.public_key().parsed();
    matches!(key, Ok(key @ PublicKey::RSA(_)) if key.key_size() < 2048)
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.record().wants_client_certificate = true;
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
