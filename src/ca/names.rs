//! Names to certify: as typed, and as certificates and requests carry them.

use crate::x509::{CertificateName, InvalidName, SubjectAltName};

/// Reads names as typed, each once.
///
/// # Errors
/// When one is not a valid name.
pub fn certificate_names(texts: &[impl AsRef<str>]) -> Result<Vec<CertificateName>, InvalidName> {
    let mut names = Vec::with_capacity(texts.len());
    for text in texts {
        let name = CertificateName::parse(text.as_ref())?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The name of a certificate or request as one to certify; `None` for forms that certkit does not
/// issue.
pub(super) fn certificate_name(name: &SubjectAltName) -> Option<CertificateName> {
    match name {
        SubjectAltName::Dns(name) | SubjectAltName::Mail(name) => CertificateName::parse(name).ok(),
        SubjectAltName::Uri(uri) => CertificateName::uri(uri).ok(),
        SubjectAltName::Ip(address) => Some(CertificateName::Ip(*address)),
        SubjectAltName::Directory(_) | SubjectAltName::Malformed { .. } | SubjectAltName::Other { .. } => {
            None
        }
    }
}

/// The reverse: a name to certify as a certificate carries it.
pub(super) fn alternative_name(name: &CertificateName) -> SubjectAltName {
    match name {
        CertificateName::Dns(name) => SubjectAltName::Dns(name.clone()),
        CertificateName::Ip(address) => SubjectAltName::Ip(*address),
        CertificateName::Mail(mail) => SubjectAltName::Mail(mail.clone()),
        CertificateName::Uri(uri) => SubjectAltName::Uri(uri.clone()),
    }
}
