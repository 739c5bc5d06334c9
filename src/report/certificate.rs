//! What a reader wants to know of one certificate.

use time::OffsetDateTime;

use crate::finding::{Location, Severity};

/// The part a certificate plays in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The certificate of the server or client.
    Leaf,
    /// A CA certificate between leaf and root.
    Intermediate,
    /// A self-signed CA certificate.
    Root,
}

/// What a reader wants to know of one certificate.
#[derive(Clone, Debug)]
pub struct CertificateSummary {
    /// Its part in the chain.
    pub role: Role,
    /// Whether it is for client authentication alone.
    pub is_for_clients_only: bool,
    /// The name to call it by: CN, else the first name, else the whole subject.
    pub label: String,
    /// The whole subject, as `CN=…, O=…`.
    pub subject: String,
    pub issuer: String,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// Every name it is for (subjectAltName).
    pub names: Vec<SubjectName>,
    /// Start of validity, UTC.
    pub not_before: OffsetDateTime,
    /// End of validity, UTC.
    pub not_after: OffsetDateTime,
    pub key: KeySummary,
    /// Kind of its signature, as `ECDSA with SHA-256`.
    pub signature: String,
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub sha256: String,
    /// Addresses of the CRLs that would list it.
    pub crl_urls: Vec<String>,
    /// Addresses of OCSP responders that know it.
    pub ocsp_urls: Vec<String>,
    /// The worst that was found on it; `None` when it is fine, or was not judged.
    pub verdict: Option<Severity>,
    /// Where it was read from, or where it is in the file that was written.
    pub location: Option<Location>,
}

/// A name in a subjectAltName.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectName {
    /// The form of RFC 5280 section 4.2.1.6, one of the words `directory`, `dns`, `email`, `ip`, `other`, `uri`.
    pub kind: &'static str,
    /// As people write it.
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// One of the words `dsa`, `ecdsa`, `ed25519`, `ed448`, `other`, `rsa`, `unreadable`.
    pub kind: &'static str,
    /// The bits of the RSA modulus or of the curve's field; `None` where they are not known.
    pub bits: Option<u32>,
    /// The curve's name, or its object identifier where it has no name here.
    pub curve: Option<String>,
    /// Kind and size for people, as `ECDSA P-256`.
    pub description: String,
}
