//! The TLS configuration of connections to servers behind this one.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{Error, policy};

/// A configuration that verifies servers by the roots in `roots`, in PEM, or by the system's. HTTP/1.1 by ALPN.
///
/// # Errors
/// [`Error::Roots`] without a usable root, [`Error::Setup`] when rustls refuses.
pub fn client_config(roots: Option<&Path>) -> Result<Arc<ClientConfig>, Error> {
    let unusable = |reason: String| Error::Roots { path: roots.map(Path::to_owned), reason };
    let mut store = RootCertStore::empty();
    let found = match roots {
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
            .map_err(|error| unusable(error.to_string()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    // A root that cannot be read is never chosen; the system's stores have some.
    let (added, _) = store.add_parsable_certificates(found);
    if added == 0 {
        return Err(unusable("it contains no root certificate".to_owned()));
    }
    let mut config = ClientConfig::builder_with_provider(policy::provider())
        .with_safe_default_protocol_versions()
        .map_err(Error::Setup)?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
