//! TLS of `certkit serve` as its clients see it: certificates that are replaced under load, resumption, and what scanners
//! say.

mod compression;
mod failures;
mod faults;
mod ocsp;
mod passwords;
mod scanners;
mod swaps;
mod tickets;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::Test;

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

/// A client that trusts `ca.crt` of the test's folder, resumes sessions where it can, and connects to one port.
#[derive(Clone)]
struct Client {
    config: Arc<ClientConfig>,
    port: u16,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP connection.
struct Connection {
    sender: Sender,
    kind: HandshakeKind,
    /// The server's certificate.
    leaf: Vec<u8>,
    name: String,
}

enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

/// A response.
struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Client {
    fn new(test: &Test, port: u16, version: &'static SupportedProtocolVersion, protocol: &[u8]) -> Self {
        Self::with_groups(test, port, version, protocol, default_provider().kx_groups)
    }

    /// With the key exchanges that it offers.
    fn with_groups(
        test: &Test,
        port: u16,
        version: &'static SupportedProtocolVersion,
        protocol: &[u8],
        kx_groups: Vec<&'static dyn SupportedKxGroup>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(test.path("ca.crt")).unwrap()).unwrap();
        let provider = CryptoProvider { kx_groups, ..default_provider() };
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Self { config: Arc::new(config), port }
    }

    /// The same, with a whole handshake each time: one that resumes is shown no certificate.
    fn never_resuming(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = Resumption::disabled();
        Self { config: Arc::new(config), port: self.port }
    }

    /// A TLS connection.
    async fn tls(&self, name: &str) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await
    }

    /// A connection for requests, which is driven in the background.
    async fn connect(&self, name: &str) -> Result<Connection, Failed> {
        let stream = self.tls(name).await?;
        let session = stream.get_ref().1;
        let kind = session.handshake_kind().unwrap();
        let leaf = session.peer_certificates().unwrap()[0].to_vec();
        let is_http2 = session.alpn_protocol() == Some(HTTP2);
        let stream = TokioIo::new(stream);
        let sender = if is_http2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
            tokio::spawn(connection);
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await?;
            tokio::spawn(connection);
            Sender::Http1(sender)
        };
        Ok(Connection { sender, kind, leaf, name: name.to_owned() })
    }
}

impl Connection {
    async fn get(&mut self, path: &str) -> Result<Received, Failed> {
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                let request = Request::get(path).header("host", &self.name).body(Empty::new())?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                let url = format!("https://{}{path}", self.name);
                sender.send_request(Request::get(url).body(Empty::new())?).await?
            }
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Received { status: head.status, headers: head.headers, body })
    }
}

/// Runs clients to their end.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
