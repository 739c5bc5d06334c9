//! OCSP responses that cannot be sent along with a certificate.

use std::path::PathBuf;

use crate::finding::{Code, Finding, Location};
use crate::operands::output::shell_word;
use crate::report::Failure;
use crate::x509::OcspError;

/// A file of `--ocsp-staple` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StapleError {
    #[error("the OCSP response in `{}` cannot be read: {error}", path.display())]
    Damaged { path: PathBuf, error: OcspError },
    #[error("the OCSP response in `{}` is for none of the certificates that are served", .0.display())]
    Foreign(PathBuf),
    #[error(
        "the OCSP response in `{}` cannot be verified: the chain of `{name}` does not contain its issuer",
        path.display()
    )]
    NoIssuer { path: PathBuf, name: String },
    #[error("`{}` contains no OCSP response", .0.display())]
    NoResponse(PathBuf),
    #[error("the OCSP response in `{}` for `{name}` cannot be used: {error}", path.display())]
    Unusable {
        path: PathBuf,
        name: String,
        /// Of the responder that the certificate names.
        url: Option<String>,
        error: OcspError,
    },
}

impl From<StapleError> for Failure {
    fn from(error: StapleError) -> Self {
        use StapleError::*;
        let fetch = |path: &PathBuf, url: Option<&str>| {
            let (file, url) = (shell_word(&path.display().to_string()), url.unwrap_or("URL"));
            let command = "openssl ocsp -issuer CA.pem -cert CERTIFICATE.pem";
            format!("Fetch a new one, as `{command} -url {url} -respout {file}` does.")
        };
        let (path, fix) = match &error {
            Damaged { path, .. } | NoResponse(path) => (path, fetch(path, None)),
            Foreign(path) => (
                path,
                "Name the response for a certificate of --cert, and fetch a new one whenever the certificate is \
                 replaced."
                    .to_owned(),
            ),
            NoIssuer { path, .. } => (
                path,
                "Put the certificate of the issuer behind the server's, into the file of --cert: `certkit merge` \
                 does it."
                    .to_owned(),
            ),
            Unusable { path, error: OcspError::Revoked(_), .. } => {
                (path, "Replace the certificate: clients refuse it.".to_owned())
            }
            Unusable { path, url, .. } => (path, fetch(path, url.as_deref())),
        };
        let location = Location::file(path.display().to_string());
        Self::new(Finding::error(Code::OcspInvalid, error.to_string()).at(location).fix(fix)).status(1)
    }
}

/// What a running server says of a response that it cannot use.
pub fn not_taken(mut finding: Finding, keeps_last: bool) -> Finding {
    finding.message += if keeps_last {
        "; the one that was read before stays in use"
    } else {
        "; clients get the certificate without one"
    };
    super::serve::as_warning(finding)
}
