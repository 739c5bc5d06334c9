//! Where the certificates of the running server come from: files, an ACME server, or a CA made for localhost. Each is a
//! [`CertificateSource`](crate::tls::CertificateSource), and the server knows no more of it.

pub mod acme;
pub mod files;
pub mod localhost;
