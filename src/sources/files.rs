//! The certificates of `--cert` and `--key`: read, judged, and read again on demand.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::chain::{self, CheckInput, TrustStore};
use crate::commands::Result;
use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::ca_lookup::trust_local_ca;
use crate::operands::input::{read_certificates, read_private_key};
use crate::operands::output::shell_word;
use crate::report::Failure;
use crate::sys::clock::{Clock, SystemClock};
use crate::tls::{CertificateSet, CertificateSource};
use crate::x509::CertifiedKey;

/// Pairs of files.
pub struct Files {
    pairs: Vec<(PathBuf, PathBuf)>,
    /// Show what should stop the start, and start.
    force: bool,
}

impl Files {
    /// The files of `--cert` and `--key`, which belong together in their order. A certificate without a key is looked
    /// at for one in the same file.
    ///
    /// # Errors
    /// When there is not one key for each certificate.
    pub fn new(certificates: &[PathBuf], keys: &[PathBuf], force: bool) -> Result<Self> {
        let keys = if keys.is_empty() && certificates.iter().all(|path| holds_key(path)) {
            certificates
        } else {
            keys
        };
        if keys.len() != certificates.len() {
            let message = format!(
                "there are {} certificates and {} keys; each --cert needs its --key",
                certificates.len(),
                keys.len()
            );
            return Err(Finding::error(Code::InvalidSetting, message)
                .fix("name them in pairs: --cert chain.pem --key server.key")
                .into());
        }
        let pairs = certificates.iter().cloned().zip(keys.iter().cloned()).collect();
        Ok(Self { pairs, force })
    }

    /// Reads and judges all pairs; with them what is to be said and does not stop anything.
    ///
    /// # Errors
    /// What stops a start, or keeps the certificates in use at a reload.
    pub fn read(&self) -> Result<(Vec<CertifiedKey>, Vec<Finding>)> {
        let mut remarks = Vec::new();
        let mut read = Vec::new();
        for (certificate, key) in &self.pairs {
            read.push(self.read_pair(certificate, key, &mut remarks)?);
        }
        Ok((read, remarks))
    }

    fn read_pair(&self, certificate: &Path, key: &Path, remarks: &mut Vec<Finding>) -> Result<CertifiedKey> {
        let file = certificate.display().to_string();
        let read = read_certificates(&file)?;
        if !read.malformed.is_empty() {
            return Err(Failure { findings: read.malformed, status: 1 });
        }
        let private_key = read_private_key(key)?;
        remarks.extend(others_may_read(key));
        let (errors, others): (Vec<_>, Vec<_>) = judge(&read.certificates, &private_key, &file)
            .into_iter()
            .map(|finding| match finding.code {
                // Which file to exchange: most often the certificate is the new one.
                Code::KeyMismatch => finding.at(Location::file(key.display().to_string())),
                _ => finding,
            })
            .partition(|finding| finding.severity == Severity::Error);
        let (stopping, harmless): (Vec<_>, Vec<_>) =
            errors.into_iter().partition(|finding| self.stops(finding));
        if !stopping.is_empty() {
            return Err(Failure { findings: stopping, status: 1 });
        }
        // Clients will complain, but nobody is better off without a server.
        remarks
            .extend(harmless.into_iter().map(|finding| Finding { severity: Severity::Warning, ..finding }));
        remarks.extend(others);
        let mut chain = read.certificates.into_iter().map(|located| located.certificate);
        let leaf =
            chain.next().ok_or_else(|| Finding::error(Code::NoCertificate, format!("{file} is empty")))?;
        CertifiedKey::new(leaf, chain.collect(), private_key).map_err(|mismatch| {
            let message = format!("{} is not the key of the first certificate in {file}: {mismatch}", key.display());
            let finding = Finding::error(Code::KeyMismatch, message)
                .at(Location::file(key.display().to_string()))
                .fix("name the key that the certificate was made with, and put the server certificate first: certkit merge");
            Failure::new(finding).status(1)
        })
    }

    /// Whether a finding stops the start. A wrong key always does: there is nothing to serve with it.
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
    fn load(&self) -> std::result::Result<CertificateSet, Vec<Finding>> {
        let (read, _) = self.read().map_err(|failure| failure.findings)?;
        CertificateSet::new(&read)
            .map_err(|error| vec![Finding::error(Code::InvalidSetting, error.to_string())])
    }

    /// Files are looked at again when somebody says so.
    async fn changed(&self) {
        std::future::pending().await
    }
}

/// What `check` would say of the pair. The system's store is read only if the chain does not end in a CA of one's own:
/// that takes longer than all the rest.
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
    // Whom clients trust is their affair; a private CA is no fault.
    let about_trust = [Code::SelfSigned, Code::TrustedLocally, Code::UntrustedRoot, Code::UnknownIssuer];
    judgement.findings.into_iter().filter(|finding| !about_trust.contains(&finding.code)).collect()
}

/// A warning about a key file that is open to its group or to everybody.
fn others_may_read(key: &Path) -> Option<Finding> {
    let metadata = std::fs::metadata(key).ok()?;
    let mode = metadata.permissions().mode() & 0o777;
    // A pipe or a terminal keeps nothing.
    if !metadata.is_file() || mode & 0o077 == 0 {
        return None;
    }
    let file = key.display().to_string();
    let message = format!("others than its owner may use the private key {file} (its mode is {mode:o})");
    let fix = format!("chmod 600 {}", shell_word(&file));
    Some(Finding::warning(Code::Permission, message).at(Location::file(file)).fix(fix))
}

fn holds_key(path: &Path) -> bool {
    let bytes = std::fs::read(path).map(zeroize::Zeroizing::new);
    bytes.is_ok_and(|bytes| crate::pem::scan(&bytes).blocks.iter().any(|block| block.is_private_key()))
}
