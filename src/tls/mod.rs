//! Server-side TLS: versions and cipher suites ([`policy`]), which certificate a client gets
//! ([`resolver`], and [`challenge`] for an ACME server that validates), and the configuration made
//! of them ([`server`]).

pub mod challenge;
pub mod policy;
pub mod resolver;
pub mod server;

pub use challenge::{ACME_TLS, AlpnChallenges};
pub use policy::MinVersion;
pub use resolver::{CertificateSet, CertificateSource, Resolver};
pub use server::{Session, server_config};

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
    /// rustls refuses the configuration.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}
