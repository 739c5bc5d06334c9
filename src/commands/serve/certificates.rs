//! Which certificates the settings ask for.

use std::sync::Arc;

use crate::advice::serve::CertificateError;
use crate::commands::Result;
use crate::config::ServeSettings;
use crate::config::values::AcmeMissing;
use crate::serve::address::Scheme;
use crate::sources::{AcmeRequest, CertificateChoice};
use crate::sys::opener::Opener;

/// What https listeners need; `None` if there is none. Files are opened by `opener`.
pub(super) fn certificate_choice(
    settings: &ServeSettings,
    opener: &Arc<dyn Opener>,
) -> Result<Option<CertificateChoice>> {
    let ServeSettings { acme, cert, key, .. } = settings;
    let listens_by = |scheme| settings.server.listeners.iter().any(|address| address.scheme == scheme);
    if !settings.server.listeners.iter().any(|address| address.scheme.is_tls()) {
        return if acme.names.is_empty() { Ok(None) } else { Err(CertificateError::AcmeWithoutHttps.into()) };
    }
    if !acme.names.is_empty() {
        return Ok(Some(CertificateChoice::Acme(AcmeRequest {
            names: acme.names.clone(),
            server: acme.server.clone(),
            email: acme.email.clone(),
            agrees_to_terms: acme.agree_tos,
            ca_roots: acme.ca_roots.clone(),
            state: acme.state.clone(),
            has_placeholder: acme.missing == AcmeMissing::Local,
            has_http: settings.server.redirect_http.is_some() || listens_by(Scheme::Http),
        })));
    }
    match (cert.is_empty(), key.is_empty()) {
        (true, true) => Ok(Some(CertificateChoice::Localhost { opener: Arc::clone(opener) })),
        (true, false) => Err(CertificateError::KeyWithoutCertificate.into()),
        (false, _) => Ok(Some(CertificateChoice::Files {
            certificates: cert.clone(),
            keys: key.clone(),
            force: settings.force,
            opener: Arc::clone(opener),
        })),
    }
}
