//! Certificates of clients: who must show one, and which are taken.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};

use super::{Error, policy};
use crate::sys::read::read_regular;

/// Bytes of a file with CA certificates or a revocation list, at most.
const LARGEST: u64 = 64 << 20;

/// How clients are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// They are not.
    Off,
    /// They may have none; one that does not hold ends the handshake.
    Request,
    /// They must have one.
    #[default]
    Require,
}

impl FromStr for ClientAuth {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "request" => Ok(Self::Request),
            "require" => Ok(Self::Require),
            _ => Err("expected off, request or require"),
        }
    }
}

/// Which certificates of clients are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The file with the CA certificates that they must lead to.
    pub ca: PathBuf,
    /// Revocation lists: no certificate on one of them is taken.
    pub crls: Vec<PathBuf>,
    pub auth: ClientAuth,
}

/// Verifies certificates of clients by files that can be read again.
pub struct ClientVerifier {
    current: ArcSwap<Verifier>,
    /// The files.
    config: ClientCertificates,
    /// What clients choose their certificate by; as it was at the start.
    hints: Vec<DistinguishedName>,
    is_required: bool,
}

/// What the files say.
pub struct Verifier(Arc<dyn ClientCertVerifier>);

impl ClientVerifier {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Error::ClientCertificates`] for a file that cannot be used.
    pub fn new(config: &ClientCertificates) -> Result<Self, Error> {
        let verifier = read(config)?;
        Ok(Self {
            hints: verifier.root_hint_subjects().to_vec(),
            current: ArcSwap::from_pointee(Verifier(verifier)),
            is_required: config.auth == ClientAuth::Require,
            config: config.clone(),
        })
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn read_again(&self) -> Result<Verifier, Error> {
        read(&self.config).map(Verifier)
    }

    /// Uses what was read again, for handshakes from now on.
    pub fn replace(&self, verifier: Verifier) {
        self.current.store(Arc::new(verifier));
    }
}

fn read(config: &ClientCertificates) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let unusable = |path: &Path, reason: String| Error::ClientCertificates { path: path.to_owned(), reason };
    let bytes = |path: &Path| read_regular(path, LARGEST).map_err(|error| unusable(path, error.to_string()));
    let mut roots = RootCertStore::empty();
    let text = bytes(&config.ca)?;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unusable(&config.ca, error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(&config.ca, error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable(&config.ca, "it contains no certificate in PEM".to_owned()));
    }
    let mut crls = Vec::new();
    for path in &config.crls {
        let bytes = bytes(path)?;
        let before = crls.len();
        for crl in CertificateRevocationListDer::pem_slice_iter(&bytes) {
            crls.push(crl.map_err(|error| unusable(path, error.to_string()))?);
        }
        // CAs publish their lists in DER.
        if crls.len() == before {
            crls.push(CertificateRevocationListDer::from(bytes));
        }
    }
    let has_crls = !crls.is_empty();
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), policy::provider());
    let builder = builder.with_crls(crls);
    // A list is about the certificates of one CA. Of those above the client's, most have none.
    let builder = if has_crls { builder.only_check_end_entity_revocation() } else { builder };
    let builder = match config.auth {
        ClientAuth::Request => builder.allow_unauthenticated(),
        ClientAuth::Off | ClientAuth::Require => builder,
    };
    let file = config.crls.first().unwrap_or(&config.ca);
    builder.build().map_err(|error| unusable(file, error.to_string()))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").field("is_required", &self.is_required).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.current.load().0.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current.load().0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current.load().0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current.load().0.supported_verify_schemes()
    }
}
