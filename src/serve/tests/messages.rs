//! One verdict for a request, whatever it comes by: HTTP/1.1, HTTP/2, or a gateway protocol.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::percent_decode_str;

use super::*;
use crate::protocol::uwsgi;

/// A server with a folder at `/static` and the page elsewhere, over HTTPS and uwsgi.
struct Both {
    server: Running,
    client: tokio_rustls::TlsConnector,
    _folder: tempfile::TempDir,
}

impl Both {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x"), "the file").unwrap();
        let path = folder.path().to_owned();
        let (certificates, roots) = certificates();
        let listeners = ["https:127.0.0.1:0", "uwsgi:127.0.0.1:0"];
        let server = Running::start_with(&listeners, Some(certificates), |config| {
            config.site.folders.push(("/static".into(), path));
        })
        .await;
        let config = rustls::ClientConfig::builder_with_provider(tls::policy::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { server, client: Arc::new(config).into(), _folder: folder }
    }

    async fn connect(&self, protocol: &[u8]) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut config = rustls::ClientConfig::clone(self.client.config());
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("a.example").unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config))
            .connect(name, self.server.connect().await)
            .await
            .unwrap()
    }

    /// The status, and the body of a good answer.
    async fn http1(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> String {
        let mut stream = self.connect(b"http/1.1").await;
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head =
            format!("{method} {target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{fields}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        verdict_of(&read_all(&mut stream).await)
    }

    async fn http2(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> String {
        let stream = self.connect(b"h2").await;
        let (mut sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let driving = tokio::spawn(connection);
        let mut parts = http::uri::Parts::default();
        if target.contains("://") {
            parts = target.parse::<http::Uri>().unwrap().into_parts();
        } else {
            parts.scheme = Some("https".parse().unwrap());
            parts.authority = Some("a.example".parse().unwrap());
            parts.path_and_query = Some(target.parse().unwrap());
        }
        let mut request = http::Request::builder().method(method).uri(http::Uri::from_parts(parts).unwrap());
        for (name, value) in fields {
            let name = http::HeaderName::from_lowercase(name.as_bytes()).unwrap();
            request = request.header(name, *value);
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        drop(sender);
        driving.abort();
        verdict(status.as_str(), &String::from_utf8_lossy(&body))
    }

    /// As a front server sends it that decodes the path and does nothing else to it.
    async fn uwsgi(&self, method: &str, target: &str) -> String {
        let path: Vec<u8> = percent_decode_str(target.split('?').next().unwrap()).collect();
        let variables: [(&[u8], &[u8]); 4] = [
            (b"REQUEST_METHOD", method.as_bytes()),
            (b"REQUEST_URI", b"/static/x"),
            (b"PATH_INFO", &path),
            (b"HTTP_HOST", b"a.example"),
        ];
        let packet = uwsgi::encode_request(variables).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.ports[1])).await.unwrap();
        stream.write_all(&packet).await.unwrap();
        verdict_of(&read_all(&mut stream).await)
    }
}

fn verdict_of(said: &str) -> String {
    verdict(statuses(said).first().unwrap(), said.split_once("\r\n\r\n").unwrap().1)
}

fn verdict(status: &str, body: &str) -> String {
    if status == "200" { body.to_owned() } else { status.to_owned() }
}

#[tokio::test]
async fn the_same_path_by_every_protocol() {
    let both = Both::start().await;
    let (page, file) = ("the page", "the file");
    for (target, expected) in [
        ("/static/x", file),
        ("/a/../static/x", file),
        ("//static/x", file),
        ("/static%2fx", file),
        ("/static/./x?/../", file),
        ("/%2e%2e/x", "400"),
        ("/static/%2e%2e/x", page),
        ("/static/..%2fx", page),
        ("/./x", page),
        ("/a%2fb", page),
        ("/..", "400"),
        ("/static/../../static/x", "400"),
        ("/static%00x", "400"),
        ("/staticx", page),
        ("/static/y", "404"),
    ] {
        let said = [
            both.http1("GET", target, &[]).await,
            both.http2("GET", target, &[]).await,
            both.uwsgi("GET", target).await,
        ];
        assert_eq!(said, [expected; 3], "{target}");
    }
    both.server.stop().await;
}

#[tokio::test]
async fn the_same_messages_are_refused_on_both_versions_of_http() {
    let both = Both::start().await;
    let long = format!("/{}", "x".repeat(16 * 1024));
    let many: Vec<_> = vec![("x", "1"); 140];
    let cookies: Vec<_> = vec![("cookie", "a=1"); 100];
    let page = "the page";
    for (method, target, fields, expected) in [
        ("GET", "/", &[][..], page),
        ("GET", "https://a.example/", &[], page),
        // Not for this connection (RFC 9110 sections 7.4 and 15.5.20).
        ("GET", "http://a.example/", &[], "421"),
        ("GET", "ftp://a.example/", &[], "400"),
        ("GET", "*", &[], "400"),
        ("OPTIONS", "*", &[], page),
        ("GET", "?x", &[], "400"),
        ("GET", "/", &[("a\"b", "1")], "400"),
        ("GET", "/", &many, "431"),
        ("GET", "/", &cookies, page),
        ("GET", &long, &[], "414"),
        ("GET", "/", &[("host", "b.example")], "400"),
    ] {
        let said = [both.http1(method, target, fields).await, both.http2(method, target, fields).await];
        assert_eq!(said, [expected; 2], "{method} {target} {:?}", fields.first());
    }
    // On HTTP/1.1 whitespace around a value is not part of it; on HTTP/2 it would be (RFC 9113 section 8.2.1).
    for value in [" 1", "1 ", "\t1", "1\t"] {
        assert_eq!(both.http1("GET", "/", &[("x", value)]).await, page, "{value:?}");
        assert_eq!(both.http2("GET", "/", &[("x", value)]).await, "400", "{value:?}");
    }
    both.server.stop().await;
}
