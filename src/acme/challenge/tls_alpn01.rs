//! tls-alpn-01 (RFC 8737): the server connects by TLS with the protocol `acme-tls/1` and finds the answer in a
//! self-signed certificate.
//!
//! [`Proofs`] makes these certificates and knows nothing of sockets, so that an https server can show them on its own
//! listeners; [`TlsAlpn01`] is a listener that does nothing else.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::listen::Sockets;
use super::{ChallengeAnswer, ChallengeKind, Error, Solver};
use crate::tls::{ACME_TLS, AlpnChallenges, policy};
use crate::x509::HostName;

/// The certificate that proves `answer` (RFC 8737 section 3): self-signed, for the very name or address, with the
/// hash of the key authorization in a critical acmeIdentifier.
///
/// # Errors
/// [`Error::Proof`].
pub fn certificate(answer: &ChallengeAnswer) -> Result<CertifiedKey, Error> {
    let error = |reason: String| Error::Proof { name: answer.host.to_string(), reason };
    let make = || {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([answer.host.to_string()])?;
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(&answer.digest())];
        Ok((params.self_signed(&key)?.der().clone(), key.into()))
    };
    let (certificate, key) = make().map_err(|reason: rcgen::Error| error(reason.to_string()))?;
    // `CertifiedKey::from_der` would parse the certificate, and does not know this extension.
    let provider = policy::provider();
    let key = provider.key_provider.load_private_key(key).map_err(|reason| error(reason.to_string()))?;
    Ok(CertifiedKey::new(vec![certificate], key))
}

/// Shows these certificates through the holder of the other end of the [`AlpnChallenges`].
#[derive(Clone, Debug, Default)]
pub struct Proofs(AlpnChallenges);

impl Proofs {
    /// Shown by the listeners that know `challenges`.
    pub fn new(challenges: AlpnChallenges) -> Self {
        Self(challenges)
    }
}

#[async_trait]
impl Solver for Proofs {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::TlsAlpn01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        // All of them, before the first is shown.
        let made = answers.iter().map(certificate).collect::<Result<Vec<_>, _>>()?;
        for (answer, certificate) in answers.iter().zip(made) {
            self.0.present(&server_name(&answer.host), Arc::new(certificate));
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        for answer in answers {
            self.0.withdraw(&server_name(&answer.host));
        }
        Ok(())
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        Some(self.0.was_asked(&server_name(&answer.host)))
    }
}

impl ResolvesServerCert for Proofs {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.choose(&hello)
    }
}

/// A listener that shows proofs and speaks nothing else; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct TlsAlpn01 {
    proofs: Proofs,
    _tasks: JoinSet<()>,
}

impl TlsAlpn01 {
    /// Begins to answer. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`Error::Bind`] when the runtime refuses the sockets, [`Error::Proof`] when TLS cannot be set up.
    pub(super) fn start(sockets: Sockets) -> Result<Self, Error> {
        let proofs = Proofs::default();
        let acceptor = TlsAcceptor::from(Arc::new(config(proofs.clone())?));
        let tasks = sockets.serve(move |stream| serve(stream, acceptor.clone()))?;
        Ok(Self { proofs, _tasks: tasks })
    }
}

#[async_trait]
impl Solver for TlsAlpn01 {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::TlsAlpn01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.proofs.present(answers).await
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.proofs.withdraw(answers).await
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        self.proofs.was_asked(answer)
    }
}

fn config(proofs: Proofs) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(policy::provider())
        .with_safe_default_protocol_versions()
        .map_err(|reason| Error::Proof { name: "TLS".to_owned(), reason: reason.to_string() })?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(proofs));
    config.alpn_protocols = vec![ACME_TLS.to_vec()];
    // RFC 8737 section 4: such a session is never resumed.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(config)
}

/// One handshake; no data follows (RFC 8737 section 4).
async fn serve(stream: TcpStream, acceptor: TlsAcceptor) {
    // A peer may close the connection or ask for something else.
    if let Ok(mut stream) = acceptor.accept(stream).await {
        let _ = stream.shutdown().await;
    }
}

/// The name that a validating server sends as SNI: for an address that of its reverse lookup (RFC 8738 section 6).
pub fn server_name(host: &HostName) -> String {
    match host {
        HostName::Dns(name) => name.clone(),
        HostName::Ip(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        HostName::Ip(IpAddr::V6(address)) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::extensions::GeneralName;
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    fn answer(host: &str) -> ChallengeAnswer {
        ChallengeAnswer {
            host: HostName::parse(host).unwrap(),
            token: "tok".into(),
            key_authorization: "tok.thumb".into(),
            scope: crate::acme::challenge::RecordScope::Name,
        }
    }

    #[test]
    fn the_certificate_is_as_rfc_8737_wants_it() {
        for host in ["a.test", "192.0.2.7", "2001:db8::7"] {
            let answer = answer(host);
            let key = certificate(&answer).unwrap();
            let (_, leaf) = X509Certificate::from_der(&key.cert[0]).unwrap();
            let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
            match (names.as_slice(), &answer.host) {
                ([GeneralName::DNSName(name)], HostName::Dns(host)) => assert_eq!(name, host),
                ([GeneralName::IPAddress(_)], HostName::Ip(_)) => {}
                other => panic!("{other:?}"),
            }
            let oid = x509_parser::oid_registry::Oid::from(&[1, 3, 6, 1, 5, 5, 7, 1, 31]).unwrap();
            let extension = leaf.get_extension_unique(&oid).unwrap().unwrap();
            assert!(extension.critical);
            assert_eq!(extension.value, [&[4, 32], &answer.digest()[..]].concat());
        }
    }

    #[test]
    fn addresses_are_asked_for_by_their_reverse_names() {
        let name = |host: &str| server_name(&answer(host).host);
        assert_eq!(name("192.0.2.7"), "7.2.0.192.in-addr.arpa");
        // The example of RFC 3596 section 2.5.
        assert_eq!(
            name("4321:0:1:2:3:4:567:89ab"),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa"
        );
    }
}
