//! A certificate and where it was read.

use crate::finding::Location;
use crate::report::{CertificateSummary, Role};
use crate::x509::{Certificate, Purpose, key_summary, signature_description, subject_name};

/// A certificate and where it was read.
#[derive(Clone, Debug)]
pub struct Located {
    pub certificate: Certificate,
    /// File, block and lines; `None` for one from the system's store or fresh from a CA.
    pub location: Option<Location>,
}

impl Located {
    /// Its part in a chain, as far as it shows.
    pub fn role(&self) -> Role {
        if !self.certificate.is_ca() {
            Role::Leaf
        } else if self.certificate.is_self_issued() {
            Role::Root
        } else {
            Role::Intermediate
        }
    }

    /// What a reader wants to know of it.
    pub fn summary(&self, role: Role) -> CertificateSummary {
        let certificate = &self.certificate;
        let names = certificate.subject_alt_names.iter().flatten().map(subject_name).collect();
        let is_for = |purpose: Purpose| {
            certificate.extended_key_usage.iter().flatten().any(|usage| usage == purpose.oid())
        };
        CertificateSummary {
            role,
            is_for_clients_only: is_for(Purpose::Client) && !is_for(Purpose::Server),
            label: certificate.label(),
            subject: certificate.subject.to_string(),
            issuer: certificate.issuer.to_string(),
            serial: certificate.serial_hex(),
            names,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            key: key_summary(&certificate.spki),
            signature: signature_description(&certificate.signature_algorithm),
            sha256: certificate.sha256(),
            crl_urls: certificate.crl_urls.clone(),
            ocsp_urls: certificate.ocsp_urls.clone(),
            verdict: None,
            location: self.location.clone(),
        }
    }
}

impl From<Certificate> for Located {
    fn from(certificate: Certificate) -> Self {
        Self { certificate, location: None }
    }
}
