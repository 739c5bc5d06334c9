//! The TLS configuration of a listener, and what is known of a session once its handshake is done.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::{CipherSuite, ProtocolVersion, ServerConfig, ServerConnection};

use super::{ACME_TLS, Error, MinVersion, Resolver, policy};

/// The configuration of an https listener: HTTP/2 and HTTP/1.1 by ALPN, resumption by tickets whose
/// key changes every six hours.
///
/// # Errors
/// [`Error::Setup`] when rustls refuses, or the system has no random bytes.
pub fn server_config(resolver: Arc<Resolver>, min_version: MinVersion) -> Result<Arc<ServerConfig>, Error> {
    let mut config = ServerConfig::builder_with_provider(policy::provider())
        .with_protocol_versions(min_version.versions())
        .map_err(Error::Setup)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    // Without a challenge under way, a client that asks for the last finds no certificate.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), ACME_TLS.to_vec()];
    config.ticketer = Ticketer::new().map_err(Error::Setup)?;
    // Tickets carry their state themselves, so nothing needs to be remembered here.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// What is known of a TLS session: the values of the SSL_* variables.
#[derive(Clone, Debug)]
pub struct Session {
    /// `TLSv1.3` or `TLSv1.2`.
    pub protocol: &'static str,
    /// The cipher suite by OpenSSL's name, which is what applications and log readers know.
    pub cipher: &'static str,
    /// The name the client asked for (SNI).
    pub server_name: Option<String>,
    /// Whether the client chose HTTP/2.
    pub http2: bool,
}

impl Session {
    /// Of a connection whose handshake is done.
    pub fn new(connection: &ServerConnection) -> Self {
        Self {
            protocol: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            cipher: connection
                .negotiated_cipher_suite()
                .map(|suite| openssl_name(suite.suite()))
                .unwrap_or_default(),
            server_name: connection.server_name().map(str::to_owned),
            http2: connection.alpn_protocol() == Some(b"h2"),
        }
    }
}

/// OpenSSL's name of a suite that rustls knows.
pub fn openssl_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        other => other.as_str().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_on_offer_has_its_openssl_name() {
        for suite in &policy::provider().cipher_suites {
            let name = openssl_name(suite.suite());
            assert!(name.starts_with("TLS_") != name.contains('-'), "{name}");
        }
    }
}
