//! The server from outside, over real sockets and without an application.

mod handshakes;
mod messages;
mod reload;

use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::config::{AccessLogTarget, Buffers, Limits, Root, SiteConfig};
use super::log_format::LogFormat;
use super::*;
use crate::ca::{CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, make_root};
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::opener::OwnRights;
use crate::x509::{CertificateName, KeyKind, PrivateKey, Purpose};

/// A server with a page at the root, which ends with the value.
struct Running {
    ports: Vec<u16>,
    service: Arc<Service>,
    config: ServeConfig,
    stop: ShutdownSender,
    reload: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

struct Silent;

impl Observer for Silent {
    fn reloading(&self) {}
    fn code_refused(&self) {}
    fn reloaded(&self) {}
    fn certificates_replaced(&self) {}
    fn certificates_refused(&self, _: &[Finding]) {}
    fn certificates_unreadable(&self, _: Duration) {}
    fn settings_refused(&self, _: &[Finding]) {}
}

/// Settings that stay as they are.
struct Fixed(ServeConfig);

impl Reload for Fixed {
    fn settings(&self) -> Result<ServeConfig, Vec<Finding>> {
        Ok(self.0.clone())
    }
}

impl Running {
    async fn start(listeners: &[&str], change: impl FnOnce(&mut ServeConfig)) -> Self {
        Self::start_with(listeners, None, change).await
    }

    async fn start_with(
        listeners: &[&str],
        certificates: Option<Certificates>,
        change: impl FnOnce(&mut ServeConfig),
    ) -> Self {
        let mut config = ServeConfig {
            listeners: listeners.iter().map(|listen| listen.parse().unwrap()).collect(),
            redirect_http: None,
            socket_mode: 0o600,
            backlog: 16,
            max_connections: 16,
            max_connections_per_address: None,
            front_threads: 1,
            buffers: Buffers::default(),
            tls: tls::TlsOptions::default(),
            limits: Limits::default(),
            site: SiteConfig {
                hsts_seconds: Some(60),
                root: Root::StartPage("the page".into()),
                ..SiteConfig::default()
            },
            access_log: AccessLogTarget::Off,
            log_format: LogFormat::default(),
            log_max_size: None,
            graceful_timeout: Duration::from_secs(5),
            ..ServeConfig::default()
        };
        change(&mut config);
        let bound = BoundServer::bind(&config, &OwnRights::shared()).unwrap();
        let server = Server::start(bound, config.clone(), certificates).await.unwrap();
        let ports = server
            .addresses()
            .iter()
            .map(|address| match address.endpoint {
                Endpoint::Tcp { port, .. } => port,
                Endpoint::Unix(_) | Endpoint::Fd(_) => 0,
            })
            .collect();
        let stop = ShutdownSender::default();
        let (reload, reloads) = mpsc::channel(1);
        let service = Arc::clone(&server.service);
        let settings = Arc::new(Fixed(config.clone()));
        let task = tokio::spawn(server.run(stop.subscribe(), reloads, settings, Arc::new(Silent)));
        Self { ports, service, config, stop, reload, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.ports[0])).await.unwrap()
    }

    /// Everything that the server says to `request` until it closes.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    }

    async fn stop(self) {
        self.stop.advance(Phase::Draining);
        self.task.await.unwrap();
    }
}

async fn read_all(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut said = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut said)).await.unwrap().unwrap();
    String::from_utf8(said).unwrap()
}

/// The status lines of several answers on one connection.
fn statuses(said: &str) -> Vec<&str> {
    said.match_indices("HTTP/1.1 ").filter_map(|(at, _)| said.get(at + 9..at + 12)).collect()
}

const LAST: &str = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn earlier_requests_are_answered_before_the_refusal() {
    let server = Running::start(&["http:127.0.0.1:0"], |_| {}).await;
    let good = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let said = server.ask(&format!("{good}{good}GET  / HTTP/1.1\r\n\r\n{good}")).await;
    assert_eq!(statuses(&said), ["200", "200", "400"], "{said}");
    assert!(said.ends_with("`METHOD target HTTP/1.1`\n"), "{said}");
    let said = server
        .ask(&format!("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{good}"))
        .await;
    assert_eq!(statuses(&said), ["400"]);
    server.stop().await;
}

#[tokio::test]
async fn hosts_and_expectations() {
    let server = Running::start(&["http:127.0.0.1:0"], |_| {}).await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n", "400"),
        ("GET /%00 HTTP/1.1\r\nHost: a\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n", "417"),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n", "200"),
    ] {
        let said = server.ask(&format!("{head}Connection: close\r\n\r\n")).await;
        assert_eq!(statuses(&said), [status], "{head}");
    }
    let said = server.ask("GET / HTTP/1.0\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.0 200 OK\r\n") && said.ends_with("the page"), "{said}");
    assert!(!said.contains("strict-transport-security"));
    server.stop().await;
}

#[tokio::test]
async fn slow_heads_are_cut_and_idle_connections_closed() {
    let short = Duration::from_millis(300);
    let server = Running::start(&["http:127.0.0.1:0"], |config| {
        config.limits.header_timeout = short;
        config.limits.keepalive = short;
    })
    .await;
    let start = Instant::now();
    let said = server.ask("GET / HTTP/1.1\r\nHost: a").await;
    assert_eq!(statuses(&said), ["408"]);
    // Before a request and after a response the connection ends without another response.
    assert_eq!(server.ask("").await, "");
    let said = server.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(statuses(&said), ["200"]);
    assert!(start.elapsed() >= short * 3, "{:?}", start.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_idle_connections() {
    let server = Running::start(&["http:127.0.0.1:0"], |_| {}).await;
    let mut silent = server.connect().await;
    let mut used = server.connect().await;
    used.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut byte = [0];
    used.read_exact(&mut byte).await.unwrap();
    let start = Instant::now();
    server.stop().await;
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(read_all(&mut silent).await, "");
    assert!(read_all(&mut used).await.ends_with("the page"));
}

#[tokio::test]
async fn several_threads_serve_and_stop_as_one() {
    let (certificates, roots) = certificates();
    let server = Running::start_with(&["https:127.0.0.1:0"], Some(certificates), |config| {
        config.front_threads = 3;
        config.max_connections = 64;
    })
    .await;
    let (connector, name) = connector(roots, &[]);
    let mut streams = Vec::new();
    for _ in 0..12 {
        let mut stream = connector.connect(name.clone(), server.connect().await).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        streams.push(stream);
    }
    let silent = server.connect().await;
    let start = Instant::now();
    server.stop().await;
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    for stream in &mut streams {
        assert!(read_all(stream).await.ends_with("the page"));
    }
    drop(silent);
}

#[tokio::test]
async fn the_longest_idle_connection_makes_room() {
    let server = Running::start(&["http:127.0.0.1:0"], |config| config.max_connections = 2).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut idle = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        idle.push(stream);
    }
    assert_eq!(statuses(&server.ask(LAST).await), ["200"]);
    assert!(read_all(&mut idle.remove(0)).await.ends_with("the page"));
    let mut other = idle.remove(0);
    other.write_all(LAST.as_bytes()).await.unwrap();
    assert!(read_all(&mut other).await.contains("the pageHTTP/1.1 200 OK"));
    server.stop().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let server = Running::start(&["http:127.0.0.1:0"], |config| {
        config.max_connections_per_address = Some(2);
        config.limits.header_timeout = Duration::from_secs(100);
    })
    .await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    assert_eq!(third.read(&mut [0]).await.unwrap_or(0), 0);
    drop(first);
    // The server may notice a little later.
    let request = "GET / HTTP/1.0\r\n\r\n";
    let answered = async {
        loop {
            let mut stream = server.connect().await;
            let _ = stream.write_all(request.as_bytes()).await;
            if stream.read(&mut [0]).await.is_ok_and(|length| length > 0) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), answered).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn control_frames_without_end_close_the_connection() {
    let (certificates, roots) = certificates();
    let server = Running::start_with(&["https:127.0.0.1:0"], Some(certificates), |config| {
        config.limits.header_timeout = Duration::from_secs(100);
    })
    .await;
    let (connector, name) = connector(roots, &[b"h2"]);
    let mut stream = connector.connect(name, server.connect().await).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for _ in 0..5_000 {
        bytes.extend(b"\0\0\x08\x06\0\0\0\0\0");
        bytes.extend([7; 8]);
    }
    let mut answers = Vec::new();
    let both = async { tokio::join!(writer.write_all(&bytes), reader.read_to_end(&mut answers)) };
    let _ = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
    assert!(answers.len() < 2_000 * 17, "{} bytes of answers", answers.len());
    server.stop().await;
}

#[tokio::test]
async fn folders_of_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/index.html"), "index").unwrap();
    let large = "0123456789".repeat(100_000);
    std::fs::write(folder.path().join("large.txt"), &large).unwrap();
    let path = folder.path().to_owned();
    let server =
        Running::start(&["http:127.0.0.1:0"], |config| config.site.folders.push(("/files".into(), path)))
            .await;
    let get = async |method: &str, target: &str, field: &str| {
        server
            .ask(&format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{field}\r\n"))
            .await
    };
    let said = get("GET", "/files/sub/", "").await;
    assert!(
        said.contains("content-type: text/html; charset=utf-8\r\n") && said.ends_with("\r\n\r\nindex"),
        "{said}"
    );
    let said = get("GET", "/files/sub?a=b", "").await;
    assert!(said.contains("308 ") && said.contains("location: /files/sub/?a=b\r\n"), "{said}");
    let said = get("GET", "/files/large.txt", "").await;
    assert!(said.ends_with(&large) && said.contains("content-length: 1000000\r\n"));
    let etag = said.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let said = get("GET", "/files/large.txt", &format!("If-None-Match: {etag}\r\n")).await;
    assert_eq!(statuses(&said), ["304"]);
    let said = get("HEAD", "/files/large.txt", "").await;
    assert!(said.contains("content-length: 1000000\r\n") && said.ends_with("\r\n\r\n"), "{said}");
    for (method, target, status) in [
        ("POST", "/files/large.txt", "405"),
        ("GET", "/files/none", "404"),
        ("GET", "/files/%2e%2e/", "200"), // the page at the root
        ("GET", "/files/", "404"),
        ("GET", "/filesystem", "200"),
    ] {
        assert_eq!(statuses(&get(method, target, "").await), [status], "{method} {target}");
    }
    server.stop().await;
}

#[tokio::test]
async fn uwsgi_goes_the_same_way() {
    let server = Running::start(&["uwsgi:127.0.0.1:0"], |_| {}).await;
    let mut stream = server.connect().await;
    stream.write_all(&[100, 0, 0, 0]).await.unwrap();
    assert_eq!(read_all(&mut stream).await.as_bytes(), [100, 0, 0, 1]);
    let variables: [(&[u8], &[u8]); 3] =
        [(b"REQUEST_METHOD", b"POST"), (b"PATH_INFO", b"/x"), (b"CONTENT_LENGTH", b"300000")];
    let mut packet = crate::protocol::uwsgi::encode_request(variables).unwrap();
    // An unread body must not cost the client its response.
    packet.resize(packet.len() + 300_000, b'x');
    let mut stream = server.connect().await;
    stream.write_all(&packet).await.unwrap();
    let said = read_all(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("\r\n\r\nthe page"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn https_and_what_else_comes_to_its_port() {
    let (certificates, roots) = certificates();
    let server = Running::start_with(&["https:127.0.0.1:0"], Some(certificates), |config| {
        config.redirect_http = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let (connector, name) = connector(roots, &[]);
    let mut stream = connector.connect(name, server.connect().await).await.unwrap();
    stream.write_all(LAST.as_bytes()).await.unwrap();
    let said = read_all(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("the page"), "{said}");
    assert!(said.contains("strict-transport-security: max-age=60\r\n"), "{said}");

    // Plain HTTP on the TLS port goes to the same port, that of the redirecting listener to the
    // port of https.
    let said = server.ask(&LAST.replace("a.example", "a.example:99")).await;
    assert!(said.contains("308 ") && said.contains("location: https://a.example:99/\r\n"), "{said}");
    let mut stream = TcpStream::connect(("127.0.0.1", server.ports[1])).await.unwrap();
    stream.write_all(LAST.replace("GET /", "GET /x?y").as_bytes()).await.unwrap();
    let said = read_all(&mut stream).await;
    assert!(said.contains(&format!("location: https://a.example:{}/x?y\r\n", server.ports[0])), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn acme_servers_are_answered_on_the_listeners() {
    let (mut certificates, _) = certificates();
    let (other, other_roots) = self::certificates();
    let (http, alpn) = (HttpChallenges::default(), AlpnChallenges::default());
    certificates.http_challenges = http.clone();
    certificates.alpn_challenges = alpn.clone();
    let server = Running::start_with(&["https:127.0.0.1:0"], Some(certificates), |config| {
        config.redirect_http = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let challenge = LAST.replace("GET /", "GET /.well-known/acme-challenge/token");
    let ask = async || {
        let mut stream = TcpStream::connect(("127.0.0.1", server.ports[1])).await.unwrap();
        stream.write_all(challenge.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    };
    assert_eq!(statuses(&ask().await), ["308"]);
    http.present("token", "token.thumb");
    let said = ask().await;
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("\r\n\r\ntoken.thumb"), "{said}");

    let (connector, name) = connector(other_roots, &[tls::ACME_TLS]);
    let validate = async || connector.connect(name.clone(), server.connect().await).await;
    assert!(validate().await.is_err());
    alpn.present("A.example", other.set.choose(None, |_| true).unwrap());
    let mut stream = validate().await.unwrap();
    assert_eq!(read_all(&mut stream).await, "");
    assert!(alpn.withdraw("a.example"));
    assert!(validate().await.is_err());
    server.stop().await;
}

/// What connects to a.example.
fn connector(
    roots: rustls::RootCertStore,
    alpn: &[&[u8]],
) -> (tokio_rustls::TlsConnector, ServerName<'static>) {
    let mut config = rustls::ClientConfig::builder_with_provider(tls::policy::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    (tokio_rustls::TlsConnector::from(Arc::new(config)), ServerName::try_from("a.example").unwrap())
}

/// A certificate for a.example, and the roots to verify it by.
fn certificates() -> (Certificates, rustls::RootCertStore) {
    struct Never;
    #[async_trait::async_trait]
    impl CertificateSource for Never {
        fn load(&self) -> Result<CertificateSet, Vec<Finding>> {
            Err(Vec::new())
        }
        async fn changed(&self) {
            std::future::pending().await
        }
    }
    let now: OffsetDateTime = SystemClock.now();
    let key = || PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let profile = CaProfile::new(Subject::common_name("CA"), 9, 0);
    let root = make_root(&profile, key(), now).unwrap();
    let names = vec![CertificateName::parse("a.example").unwrap()];
    let profile = LeafProfile::new(names, Purpose::Server, 9);
    let request = Issuance::leaf(&profile, SubjectKey::Given(key()), now);
    let pair = Issuer::new(&root, now).unwrap().issue(request).unwrap().into_certified().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.leaf().der.clone()).unwrap();
    (Certificates::new(CertificateSet::new([&pair]).unwrap(), Arc::new(Never)), roots)
}
