//! Server-side TLS: versions and cipher suites ([`policy`]), which certificate a client gets
//! ([`resolver`], [`added_certificates`], and [`challenge`] for an ACME server that validates), and the configuration made
//! of them ([`server`]); handshakes that wait for one ([`preparation`]); certificates of clients ([`client_auth`]), and connections to servers behind this one
//! ([`client`]).

pub mod added_certificates;
pub mod challenge;
pub mod client;
pub mod client_auth;
pub mod host_pattern;
pub mod policy;
pub mod preparation;
pub mod resolver;
mod served_certificate;
pub mod server;

pub use added_certificates::AddedCertificates;
pub use challenge::{ACME_TLS, AlpnChallenges};
pub use client::client_config;
pub use client_auth::{ClientAuth, ClientCertificates, ClientVerifier, Verifier};
pub use host_pattern::{HostMap, HostPattern};
pub use policy::MinVersion;
pub use preparation::{HelloFacts, HelloReader, Preparation};
pub use resolver::{CertificateSet, CertificateSource, Resolver};
pub use served_certificate::Validity;
pub use server::{ClientIdentity, Session, TlsOptions, server_config};

use std::path::PathBuf;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// rustls does not take a certificate and its key: they do not fit, or are of a kind it cannot
    /// sign with.
    #[error("the certificate and its key cannot be used: {0}")]
    CertifiedKey(#[source] rustls::Error),
    #[error("no certificate to show to clients")]
    NoCertificate,
    /// A file by which the certificates of clients are verified.
    #[error("cannot use {} to verify the certificates of clients: {reason}", path.display())]
    ClientCertificates { path: PathBuf, reason: String },
    /// No roots to verify servers by: those of a file, or of the system.
    #[error("cannot use the root certificates {}: {reason}", match path {
        Some(path) => format!("in {}", path.display()),
        None => "of the system".to_owned(),
    })]
    Roots { path: Option<PathBuf>, reason: String },
    /// rustls refuses the configuration.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}
