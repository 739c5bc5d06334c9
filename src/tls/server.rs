//! The TLS configuration of a listener, and what is known of a session once its handshake is done.

use std::sync::Arc;

use rustls::compress::CompressionCache;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::{CipherSuite, ProtocolVersion, ServerConfig, ServerConnection};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{ACME_TLS, ClientVerifier, Error, MinVersion, Resolver, policy};
use crate::pem;
use crate::x509::{Certificate, SubjectAltName};

/// Chains that are kept as clients get them compressed (RFC 8879): more than a server has, with those before a swap. rustls'
/// own cache has four, and a server of five sites would compress in every handshake.
const COMPRESSED_CHAINS: usize = 256;

/// What users choose of the configuration of https listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    pub min_version: MinVersion,
    /// Whether clients may resume their sessions.
    pub session_tickets: bool,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self { min_version: MinVersion::default(), session_tickets: true }
    }
}

/// The configuration of an https listener: HTTP/2 and HTTP/1.1 by ALPN, resumption by tickets whose
/// key changes every six hours. All threads and listeners share it for as long as the server runs: a ticket is valid
/// on each of them, and after a reload. Chains are compressed by zlib. (By brotli it would be for Chrome too, which knows
/// no other, but the crate makes the program 1.2 MiB larger; zlib takes 126 KiB.) `clients` verifies the certificates of clients; no session is resumed then,
/// since a resumed one is not verified again, whatever was revoked meanwhile.
///
/// # Errors
/// [`Error::Setup`] when rustls refuses, or the system has no random bytes.
pub fn server_config(
    resolver: Arc<Resolver>,
    options: TlsOptions,
    clients: Option<Arc<ClientVerifier>>,
) -> Result<Arc<ServerConfig>, Error> {
    let resumes = options.session_tickets && clients.is_none();
    let builder = ServerConfig::builder_with_provider(policy::provider())
        .with_protocol_versions(options.min_version.versions())
        .map_err(Error::Setup)?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(resolver);
    // Without a challenge under way, a client that asks for the last finds no certificate.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), ACME_TLS.to_vec()];
    if resumes {
        config.ticketer = Ticketer::new().map_err(Error::Setup)?;
    } else {
        config.send_tls13_tickets = 0;
    }
    config.cert_compression_cache = Arc::new(CompressionCache::new(COMPRESSED_CHAINS));
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
    /// Whether clients are asked for a certificate.
    pub asks_client: bool,
    /// The client, if it has shown a certificate; it holds then.
    pub client: Option<ClientIdentity>,
}

/// What the certificate of a client says: values of the SSL_CLIENT_* variables, as Apache's mod_ssl has them.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The last part first (RFC 4514), as `CN=alice,O=example`.
    pub subject: String,
    pub issuer: String,
    pub common_name: Option<String>,
    /// In hexadecimal.
    pub serial: String,
    /// As OpenSSL prints times: `Nov 28 16:00:00 2026 GMT`.
    pub not_before: String,
    pub not_after: String,
    /// The names for mail of its SAN, else of its subject.
    pub mail: Vec<String>,
    pub dns_names: Vec<String>,
    pub pem: String,
}

impl ClientIdentity {
    /// `None` for a certificate that cannot be read, which none is that was verified.
    fn new(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let names = certificate.subject_alt_names.as_deref().unwrap_or_default();
        let mut mail: Vec<_> = names
            .iter()
            .filter_map(|name| match name {
                SubjectAltName::Mail(mail) => Some(mail.clone()),
                _ => None,
            })
            .collect();
        if mail.is_empty() {
            mail = certificate.subject.mail_addresses().map(str::to_owned).collect();
        }
        let dns = names.iter().filter_map(|name| match name {
            SubjectAltName::Dns(name) => Some(name.clone()),
            _ => None,
        });
        let mut pem = String::new();
        pem::write(&mut pem, "CERTIFICATE", der);
        Some(Self {
            subject: certificate.subject.rfc4514(),
            issuer: certificate.issuer.rfc4514(),
            common_name: certificate.subject.common_name().map(str::to_owned),
            serial: certificate.serial_hex(),
            not_before: openssl_time(certificate.not_before),
            not_after: openssl_time(certificate.not_after),
            mail,
            dns_names: dns.collect(),
            pem,
        })
    }
}

fn openssl_time(time: OffsetDateTime) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second] [year] GMT");
    time.format(FORMAT).unwrap_or_default()
}

impl Session {
    /// Of a connection whose handshake is done, to a server that `asks_client` for a certificate or not.
    pub fn new(connection: &ServerConnection, asks_client: bool) -> Self {
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
            asks_client,
            client: connection
                .peer_certificates()
                .and_then(|chain| chain.first())
                .and_then(|leaf| ClientIdentity::new(leaf)),
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
