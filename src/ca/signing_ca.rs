//! A CA as its files have it: certificate, key, ledger, and what must be spared when others are
//! written.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use time::OffsetDateTime;

use super::error::Error;
use super::issuer::Issuer;
use super::ledger::Ledger;
use super::reason::Reason;
use crate::x509::{Certificate, CertifiedKey, SignatureCheck, spki_sha256};

/// Certificate and key of a CA folder.
pub const ROOT_FILES: (&str, &str) = ("ca.crt", "ca.key");
pub const INTERMEDIATE_FILES: (&str, &str) = ("intermediate.crt", "intermediate.key");

/// The root as the one before it certified it, for clients that trust only that one.
pub const CROSS_FILE: &str = "ca.cross.crt";

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
    /// When and why the CA above it revoked it.
    pub revoked: Option<(OffsetDateTime, Reason)>,
    /// See [`Self::family`].
    pub(super) family: OnceLock<Vec<Certificate>>,
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
        let ledger = Ledger::beside(&path).shared_like(&key_path);
        let family = OnceLock::new();
        Self { certified, bundle, ledger, path, key_path, revoked: None, family }
    }

    /// Adds certificates that another root signed for its root, or for its own key: servers send them
    /// to clients that trust only the other one.
    #[must_use]
    pub fn with_cross(mut self, certificates: impl IntoIterator<Item = Certificate>) -> Self {
        let is_above = |cross: &Certificate| {
            let own = self.certified.leaf();
            let signed_by_it = own.names_issuer(cross) && own.signature_by(cross) == SignatureCheck::Valid;
            (cross.spki == own.spki && cross.subject.der == own.subject.der) || signed_by_it
        };
        let cross: Vec<_> = certificates.into_iter().filter(is_above).collect();
        self.bundle.extend(cross);
        self
    }

    /// The file of its private key.
    pub fn key_path(&self) -> &Path {
        &self.key_path
    }

    /// # Errors
    /// When it cannot issue now.
    pub fn issuer(&self, now: OffsetDateTime) -> Result<Issuer<'_>, Error> {
        if let Some((at, reason)) = self.revoked {
            return Err(Error::IssuerRevoked { label: self.certified.leaf().label(), at, reason });
        }
        Ok(Issuer::new(&self.certified, now)?.named(self.path.display().to_string()))
    }

    /// Refuses a public key that others may have, by the ledger. One that cannot be read knows nothing.
    ///
    /// # Errors
    /// When a certificate of this key was revoked for that reason.
    pub fn require_safe_key(&self, spki: &[u8]) -> Result<(), Error> {
        let is_compromised = self.ledger.is_compromised(&spki_sha256(spki));
        if is_compromised.unwrap_or(false) { Err(Error::CompromisedKey) } else { Ok(()) }
    }

    /// Refuses the paths of the CA's own files: not even `--force` means to lose the CA for one of
    /// its certificates.
    ///
    /// # Errors
    /// When one of the files to be written would replace the CA's certificate, key or ledger.
    pub fn spare<'a>(&self, files: impl IntoIterator<Item = &'a Path>) -> Result<(), OwnFileError> {
        // Where an intermediate signs, its root is beside it.
        let root = [ROOT_FILES.0, ROOT_FILES.1, CROSS_FILE].map(|name| self.path.with_file_name(name));
        let own = [&self.path, &self.key_path, self.ledger.path(), &root[0], &root[1], &root[2]];
        let own: Vec<_> = own.into_iter().filter_map(|own| own.canonicalize().ok()).collect();
        for file in files {
            let Ok(target) = file.canonicalize() else { continue };
            if own.contains(&target) {
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
}
