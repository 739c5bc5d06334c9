//! A CA as its files have it: certificate, key, ledger, and what must be spared when others are
//! written.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::error::Error;
use super::issuer::Issuer;
use super::ledger::Ledger;
use crate::x509::{Certificate, CertifiedKey, SignatureCheck};

/// Certificate and key of a CA folder.
pub const ROOT_FILES: (&str, &str) = ("ca.crt", "ca.key");
pub const INTERMEDIATE_FILES: (&str, &str) = ("intermediate.crt", "intermediate.key");

/// The file of intermediates that `certkit merge` takes.
pub const BUNDLE_FILE: &str = "ca-bundle.ca";

/// A CA that can sign.
pub struct SigningCa {
    pub certified: CertifiedKey,
    /// The intermediates that a server must send besides its own certificate.
    pub bundle: Vec<Certificate>,
    pub path: PathBuf,
    key_path: PathBuf,
    pub ledger: Ledger,
}

/// A file that belongs to the CA itself would be replaced.
#[derive(Debug, thiserror::Error)]
#[error("`{}` belongs to the CA and is not replaced", .0.display())]
pub struct OwnFileError(pub PathBuf);

/// A certificate of another CA.
#[derive(Debug, thiserror::Error)]
#[error("`{file}` was not issued by this CA (`{}`), but by `{issuer}`", .ca.display())]
pub struct NotIssuedHereError {
    pub file: String,
    pub ca: PathBuf,
    pub issuer: String,
}

impl SigningCa {
    /// The CA's certificate with those above it, and the files that certificate and key were read
    /// from.
    pub fn new(certified: CertifiedKey, path: PathBuf, key_path: PathBuf) -> Self {
        let bundle = certified.chain().iter().filter(|ca| !ca.is_self_issued()).cloned().collect();
        Self { certified, bundle, ledger: Ledger::beside(&path), path, key_path }
    }

    /// # Errors
    /// When it cannot issue now.
    pub fn issuer(&self, now: OffsetDateTime) -> Result<Issuer<'_>, Error> {
        Ok(Issuer::new(&self.certified, now)?.named(self.path.display().to_string()))
    }

    /// Refuses the paths of the CA's own files: not even `--force` means to lose the CA for one of
    /// its certificates.
    ///
    /// # Errors
    /// When one of the files to be written would replace the CA's certificate, key or ledger.
    pub fn spare<'a>(&self, files: impl IntoIterator<Item = &'a Path>) -> Result<(), OwnFileError> {
        // Where an intermediate signs, its root is beside it.
        let root = [ROOT_FILES.0, ROOT_FILES.1].map(|name| self.path.with_file_name(name));
        let own = [&self.path, &self.key_path, self.ledger.path(), &root[0], &root[1]];
        for file in files {
            let Ok(target) = file.canonicalize() else { continue };
            if own.iter().any(|own| own.canonicalize().is_ok_and(|own| own == target)) {
                return Err(OwnFileError(file.to_path_buf()));
            }
        }
        Ok(())
    }

    /// Whether this CA's key signed the certificate.
    pub fn has_issued(&self, certificate: &Certificate) -> bool {
        let issuer = self.certified.leaf();
        certificate.names_issuer(issuer) && certificate.signature_by(issuer) == SignatureCheck::Valid
    }

    /// The same as a condition; `file` is the certificate's.
    ///
    /// # Errors
    /// When it did not.
    pub fn require_issued(&self, certificate: &Certificate, file: &str) -> Result<(), NotIssuedHereError> {
        if self.has_issued(certificate) {
            return Ok(());
        }
        let issuer = certificate.issuer.label();
        Err(NotIssuedHereError { file: file.to_owned(), ca: self.path.clone(), issuer })
    }
}
