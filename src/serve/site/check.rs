//! What a configuration names, opened and let go again.

use super::ajp_secret::AjpSecret;
use super::build;
use crate::serve::config::ServeConfig;
use crate::serve::error::Error;
use crate::sys::opener::Opener;
use crate::tls::ClientVerifier;

/// What would keep a server from starting with `config`, so far as that is known without sockets, certificates and
/// applications. Opens folders and files, and writes nothing.
pub fn obstacles(config: &ServeConfig, opener: &dyn Opener) -> Vec<Error> {
    let mut obstacles = Vec::new();
    if config.trust.proxy_protocol && config.trust.proxies.is_empty() {
        obstacles.push(Error::ProxyProtocolWithoutProxies);
    }
    if let Some(path) = &config.ajp_secret_file {
        let read = AjpSecret::read(path, opener);
        obstacles.extend(read.err().map(|source| Error::AjpSecret { path: path.clone(), source }));
    }
    if let Some(clients) = &config.client_certificates {
        obstacles.extend(ClientVerifier::new(clients).err().map(Error::from));
    }
    for site in std::iter::once(&config.site).chain(&config.sites) {
        obstacles.extend(build::site(site, config.limits, 0, opener, None).err());
    }
    obstacles
}
