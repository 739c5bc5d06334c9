//! The certificates of `--cert` and `--key`: read, checked, and read again on request.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::advice::serve::{CertificateError, as_warning, key_readable_by_others};
use crate::chain::{self, CheckInput, TrustStore};
use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::ca_lookup::trust_local_ca;
use crate::operands::input::{read_certificates, read_private_key};
use crate::operands::output::shell_word;
use crate::report::Failure;
use crate::sys::clock::{Clock, SystemClock};
use crate::tls::{CertificateSet, CertificateSource};
use crate::x509::CertifiedKey;

pub(super) struct Files {
    pairs: Vec<(PathBuf, PathBuf)>,
    /// Serve although the certificates have expired or are in the wrong order.
    force: bool,
}

impl Files {
    /// Certificates and keys in the same order. Without keys, each certificate file must hold its
    /// own.
    ///
    /// # Errors
    /// When there is not one key for each certificate.
    pub(super) fn new(
        certificates: &[PathBuf],
        keys: &[PathBuf],
        force: bool,
    ) -> Result<Self, CertificateError> {
        let keys = if keys.is_empty() && certificates.iter().all(|path| holds_key(path)) {
            certificates
        } else {
            keys
        };
        if keys.len() != certificates.len() {
            return Err(CertificateError::NotInPairs { certificates: certificates.len(), keys: keys.len() });
        }
        let pairs = certificates.iter().cloned().zip(keys.iter().cloned()).collect();
        Ok(Self { pairs, force })
    }

    /// Reads and checks all pairs, and gives warnings and notes with them.
    ///
    /// # Errors
    /// Findings that stop a start, and make a reload keep the certificates in use.
    pub(super) fn read(&self) -> Result<(Vec<CertifiedKey>, Vec<Finding>), Failure> {
        let mut remarks = Vec::new();
        let mut read = Vec::new();
        for (certificate, key) in &self.pairs {
            read.push(self.read_pair(certificate, key, &mut remarks)?);
        }
        Ok((read, remarks))
    }

    fn read_pair(
        &self,
        certificate: &Path,
        key: &Path,
        remarks: &mut Vec<Finding>,
    ) -> Result<CertifiedKey, Failure> {
        let file = certificate.display().to_string();
        let read = read_certificates(&file)?;
        if !read.malformed.is_empty() {
            return Err(Failure::from(read.malformed).status(1));
        }
        let private_key = read_private_key(key)?;
        remarks.extend(exposed_mode(key).map(|mode| key_readable_by_others(key, mode)));
        let (errors, others): (Vec<_>, Vec<_>) = judge(&read.certificates, &private_key, &file)
            .into_iter()
            .map(|finding| match finding.code {
                // Usually the certificate is new and the key is the wrong one.
                Code::KeyMismatch => finding.at(Location::file(key.display().to_string())),
                _ => finding,
            })
            .partition(|finding| finding.severity == Severity::Error);
        let (stopping, harmless): (Vec<_>, Vec<_>) =
            errors.into_iter().partition(|finding| self.stops(finding));
        if !stopping.is_empty() {
            return Err(Failure { findings: stopping, status: 1 });
        }
        // Clients will complain, but no server at all would be worse.
        remarks.extend(harmless.into_iter().map(as_warning));
        remarks.extend(others);
        let mut chain = read.certificates.into_iter().map(|located| located.certificate);
        let leaf = chain.next().ok_or_else(|| CertificateError::Empty(certificate.to_owned()))?;
        CertifiedKey::new(leaf, chain.collect(), private_key).map_err(|mismatch| {
            let (certificate, key) = (certificate.to_owned(), key.to_owned());
            CertificateError::KeyMismatch { certificate, key, mismatch }.into()
        })
    }

    /// Whether a finding stops the start. A wrong key always does: no handshake could succeed.
    fn stops(&self, finding: &Finding) -> bool {
        match finding.code {
            Code::KeyMismatch => true,
            Code::Expired | Code::NotYetValid | Code::WrongOrder => !self.force,
            _ => false,
        }
    }
}

#[async_trait]
impl CertificateSource for Files {
    fn load(&self) -> Result<CertificateSet, Vec<Finding>> {
        let (read, _) = self.read().map_err(|failure| failure.findings)?;
        CertificateSet::new(&read).map_err(|error| Failure::from(CertificateError::Unusable(error)).findings)
    }

    /// Files are read again on request only.
    async fn changed(&self) {
        std::future::pending().await
    }
}

/// The findings of `certkit check`. The system's store is read only if the chain does not end in a
/// private CA: that takes longer than all the rest.
fn judge(certificates: &[chain::Located], key: &crate::x509::PrivateKey, file: &str) -> Vec<Finding> {
    let word = shell_word(file);
    let check = |trust: &TrustStore| {
        chain::check(&CheckInput {
            key: Some(key),
            ..CheckInput::new(certificates, trust, SystemClock.now(), &word)
        })
    };
    let mut trust = TrustStore::default();
    trust_local_ca(&mut trust);
    let mut judgement = check(&trust);
    if judgement.trusted_by.is_none() {
        let mut trust = TrustStore::system();
        trust_local_ca(&mut trust);
        judgement = check(&trust);
    }
    // Whether clients trust the CA is up to them: a private one is not an error.
    let about_trust = [Code::SelfSigned, Code::TrustedLocally, Code::UntrustedRoot, Code::UnknownIssuer];
    judgement.findings.into_iter().filter(|finding| !about_trust.contains(&finding.code)).collect()
}

/// The mode of a key file that its group or all users may read.
fn exposed_mode(key: &Path) -> Option<u32> {
    let metadata = std::fs::metadata(key).ok()?;
    let mode = metadata.permissions().mode() & 0o777;
    // A pipe or a terminal keeps nothing.
    (metadata.is_file() && mode & 0o077 != 0).then_some(mode)
}

fn holds_key(path: &Path) -> bool {
    let bytes = std::fs::read(path).map(zeroize::Zeroizing::new);
    bytes.is_ok_and(|bytes| crate::pem::scan(&bytes).blocks.iter().any(|block| block.is_private_key()))
}
