//! The CA certificate that is to be trusted.

use std::fmt::Write;

use aws_lc_rs::digest;

use crate::pem;
use crate::x509::Certificate;

/// What to do with a CA certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Install,
    Uninstall,
}

/// A CA certificate to be trusted.
#[derive(Debug)]
pub struct Anchor {
    pub certificate: Certificate,
    /// What it is called in stores: its common name and enough of its fingerprint to tell two
    /// apart.
    pub name: String,
}

/// Why a file does not name a CA to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    #[error("`{label}` is an intermediate; most programs trust only roots")]
    Intermediate { label: String, issuer: String },
    #[error("`{0}` is not a CA certificate; trusting it would have no effect")]
    NotACa(String),
    #[error("expected one self-signed CA certificate, found {0}")]
    NotOne(usize),
}

impl Anchor {
    /// A certificate under the name that stores show.
    pub fn new(certificate: Certificate) -> Self {
        let sha256 = certificate.sha256();
        let name = format!("{} [{}]", certificate.label(), sha256.get(..12).unwrap_or(&sha256));
        // Java separates the columns of its lists with commas, certutil with blanks at the end of a
        // name.
        let name = name.chars().map(|c| if c.is_control() || c == ',' { ' ' } else { c }).collect();
        Self { certificate, name }
    }

    /// The CA among the certificates of a file. Only a root may be installed; anything may be
    /// uninstalled.
    ///
    /// # Errors
    /// When there is not exactly one, or it may not be installed.
    pub fn choose(mut certificates: Vec<Certificate>, action: Action) -> Result<Self, AnchorError> {
        // In a file of several it is the root that is to be trusted.
        if certificates.len() > 1 {
            certificates.retain(Certificate::is_self_signed);
        }
        let [certificate] = <[Certificate; 1]>::try_from(certificates)
            .map_err(|several| AnchorError::NotOne(several.len()))?;
        if action == Action::Install && !certificate.is_ca() {
            return Err(AnchorError::NotACa(certificate.label()));
        }
        if action == Action::Install && !certificate.is_self_issued() {
            let (label, issuer) = (certificate.label(), certificate.issuer.label());
            return Err(AnchorError::Intermediate { label, issuer });
        }
        Ok(Self::new(certificate))
    }

    /// Its file's name in stores that are folders, without an ending.
    pub(super) fn file_stem(certificate: &Certificate) -> String {
        let sha256 = certificate.sha256();
        format!("certkit-{}", sha256.get(..16).unwrap_or(&sha256))
    }

    /// SHA-1 of the DER in upper-case hexadecimal, by which macOS and Windows look certificates up.
    pub(super) fn sha1(&self) -> String {
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.certificate.der);
        digest.as_ref().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }

    pub fn pem(&self) -> String {
        let mut text = String::new();
        pem::write(&mut text, "CERTIFICATE", &self.certificate.der);
        text
    }

    /// The lines of each copy of the certificate in some PEM.
    pub(super) fn lines_in(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let same = |block: &&pem::PemBlock| block.is_certificate() && *block.der == *self.certificate.der;
        pem::scan(text).blocks.iter().filter(same).map(|block| block.lines).collect()
    }

    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        !self.lines_in(text).is_empty()
    }
}
