//! `--if-needed`: whether the certificate that is there already will do.

use std::path::Path;

use time::OffsetDateTime;

use super::ledger::Records;
use super::names::alternative_name;
use super::profile::LeafProfile;
use super::signing_ca::SigningCa;
use crate::x509::{Certificate, PrivateKey, Purpose, RenewalPolicy};

/// Reads files of earlier certificates, whatever their form.
pub trait CertificateFiles: Sync {
    /// The first certificate of a file; `None` when it cannot be read.
    fn certificate(&self, path: &Path) -> Option<Certificate>;
    /// The private key of a file; `None` when it cannot be read.
    fn key(&self, path: &Path) -> Option<PrivateKey>;
}

/// What is at the path of a new certificate.
pub enum ExistingCertificate {
    /// A certificate that will do.
    Fine(Box<Certificate>),
    /// A key alone, as a run leaves it that was killed between the two files: it waits for its
    /// certificate.
    KeyOnly(PrivateKey),
    /// A certificate of the same CA that will not do, or a key that others may know: it may be replaced.
    Ours,
    /// Nothing, or something that certkit may not replace without --force.
    NoneOrForeign,
}

impl ExistingCertificate {
    /// Reads certificate and key, and compares them with what is wanted.
    pub fn find(
        files: &dyn CertificateFiles,
        certificate: &Path,
        key: &Path,
        wanted: &LeafProfile,
        ca: &SigningCa,
        records: &Records,
        now: OffsetDateTime,
    ) -> Self {
        if certificate.symlink_metadata().is_err() {
            return match files.key(key) {
                Some(key) if records.is_compromised(&key.spki_sha256()) => Self::Ours,
                Some(key) => Self::KeyOnly(key),
                None => Self::NoneOrForeign,
            };
        }
        let Some(found) = files.certificate(certificate) else {
            return Self::NoneOrForeign;
        };
        // The CA issued itself, and perhaps an intermediate: those are not certificates of this
        // command.
        let Some(issuer) = ca.issuer_of(&found).filter(|_| !found.is_ca()) else {
            return Self::NoneOrForeign;
        };
        if records.revoked.of(&issuer.spki_sha256(), &found.serial_hex()).is_some() {
            return Self::Ours;
        }
        let key_fits = || files.key(key).is_some_and(|key| key.spki() == found.spki);
        let is_valid = found.is_valid_at(now)
            && !RenewalPolicy::default().is_due(found.not_before, found.not_after, now);
        let is_for_all = wanted.purposes().all(|purpose| is_for(&found, purpose));
        if is_valid && has_names(&found, wanted) && is_for_all && key_fits() {
            Self::Fine(Box::new(found))
        } else {
            Self::Ours
        }
    }
}

/// Whether its names are those, in any order, and its subject is the one that was asked for by itself.
fn has_names(found: &Certificate, wanted: &LeafProfile) -> bool {
    let names = found.subject_alt_names.as_deref().unwrap_or_default();
    wanted.subject.as_ref().is_none_or(|subject| subject.to_der() == found.subject.der)
        && names.len() == wanted.names.len()
        && wanted.names.iter().all(|name| names.contains(&alternative_name(name)))
}

fn is_for(found: &Certificate, purpose: Purpose) -> bool {
    let wanted = purpose.oid();
    found.extended_key_usage.as_ref().is_some_and(|usages| usages.iter().any(|usage| usage == wanted))
}
