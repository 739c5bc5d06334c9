//! `check` of servers that behave at first and then do what they like: the verdict comes within the time, and says what could not
//! be asked. Those that never behave are in `live_defects`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use crate::harness::Test;
use crate::process::Server;

/// What a server does with a connection.
type Manners = fn(&mut TcpStream) -> std::io::Result<()>;
/// What it does inside TLS.
type MannersInTls = fn(&mut dyn Write) -> std::io::Result<()>;

/// A listener whose connections have numbers from 0.
fn listen(serve: impl Fn(usize, TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let (serve, count) = (Arc::new(serve), AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (serve, number) = (serve.clone(), count.fetch_add(1, Ordering::SeqCst));
            thread::spawn(move || drop(serve(number, stream)));
        }
    });
    place
}

/// Passes both directions on, until one ends.
fn relay(mut client: TcpStream, port: u16) -> std::io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    std::io::copy(&mut client, &mut server)?;
    Ok(())
}

/// One byte now and then, until the client has gone.
fn drip(stream: &mut dyn Write, mut bytes: Vec<u8>) -> std::io::Result<()> {
    loop {
        stream.write_all(&bytes)?;
        stream.flush()?;
        bytes.truncate(1);
        thread::sleep(Duration::from_millis(100));
    }
}

/// The same again and again, until the client has gone.
fn flood(stream: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes)?;
    }
}

const LATER: &[(&str, Manners)] = &[
    ("drip", |stream| drip(stream, vec![22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc])),
    // Warnings without an end, after which a handshake could go on.
    ("alerts", |stream| flood(stream, &[21, 3, 3, 0, 2, 1, 112].repeat(1500))),
    ("ssh", |stream| stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")),
    ("http", |stream| stream.write_all(b"HTTP/1.1 429 Too Many Requests\r\n\r\n")),
    // Closing with unread bytes resets the connection.
    ("reset", |stream| stream.read(&mut [0]).map(drop)),
];

/// An answer that is none is not a refusal: it would make old versions and bad suites vanish from the report.
#[test]
fn after_the_chain() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let port = server.port;
    for (name, manners) in LATER {
        for more in [&[][..], &["--deep"]] {
            let place = listen(
                move |number, mut stream| {
                    if number == 0 { relay(stream, port) } else { manners(&mut stream) }
                },
            );
            let fixed = ["check", &place, "--host", "test.example", "--roots", "ca.crt", "--timeout", "3"];
            let args = [&fixed[..], more, &["--format", "json"]].concat();
            let report = test.certkit(&args).exits(0).report();
            let unanswered = report["server"]["unanswered"].as_array();
            let unanswered = unanswered.unwrap_or_else(|| panic!("{name} {more:?}: {report:#}"));
            for subject in ["TLS 1.0", "TLS 1.1", "SSL 3.0", "finite-field Diffie-Hellman"] {
                assert!(unanswered.contains(&json!(subject)), "{name} {more:?}: {report:#}");
            }
            let is_warned = |one: &Value| one["code"] == "connection_failed" && one["severity"] == "warning";
            assert!(report["warnings"].as_array().unwrap().iter().any(is_warned), "{name}: {report:#}");
        }
    }
}

const PAGES: &[(&str, MannersInTls)] = &[
    ("headers", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        flood(stream, &[&b"X-A: "[..], &[b'a'; 1000], b"\r\n"].concat())
    }),
    ("one header", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-A: ")?;
        flood(stream, &[b'a'; 1 << 14])
    }),
    ("drip", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        drip(stream, b"a".to_vec())
    }),
    ("garbage", |stream| stream.write_all(&[0xff; 1000])),
];

/// The chain and the server are judged whatever comes instead of a page.
#[test]
fn instead_of_a_page() {
    let test = Test::with_chain("test.example");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(test.path("chain.pem")).unwrap().collect();
    let key = PrivateKeyDer::from_pem_file(test.path("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key)
        .unwrap();
    let config = Arc::new(config);
    for (name, manners) in PAGES {
        let config = config.clone();
        let place = listen(move |_, mut stream| {
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            // Closing before the request is read would reset the connection.
            let _heard = tls.read(&mut [0; 1000])?;
            manners(&mut tls)
        });
        let url = format!("https://{place}");
        let args = ["check", &url, "--host", "test.example", "--roots", "ca.crt", "--timeout", "3"];
        let report = test.certkit(&[&args[..], &["--format", "json"]].concat()).exits(0).report();
        assert_eq!(report["server"]["protocols"], json!(["TLSv1.2", "TLSv1.3"]), "{name}: {report:#}");
        assert_eq!(report["server"].get("unanswered"), None, "{name}: {report:#}");
        let has_hsts = |one: &Value| one["code"] == "hsts";
        assert!(report["warnings"].as_array().unwrap().iter().any(has_hsts), "{name}: {report:#}");
    }
}

const GREETINGS: &[(&str, Manners, &str)] = &[
    ("lines", |stream| flood(stream, &b"220-hello\r\n".repeat(1000)), "starttls_failed"),
    ("one line", |stream| flood(stream, &[b'2'; 1 << 16]), "starttls_failed"),
    ("drip", |stream| drip(stream, b"2".to_vec()), "connection_failed"),
    (
        "after the consent",
        |stream| {
            for said in ["220 hello\r\n", "250 STARTTLS\r\n", "220 go ahead\r\n"] {
                stream.write_all(said.as_bytes())?;
                let _heard = stream.read(&mut [0; 1000])?;
            }
            flood(stream, &[b'2'; 1 << 16])
        },
        "no_tls",
    ),
];

#[test]
fn before_tls_begins() {
    let test = Test::new();
    for (name, manners, code) in GREETINGS {
        let place = listen(move |_, mut stream| manners(&mut stream));
        let args = ["check", &place, "--starttls", "smtp", "--timeout", "3", "--format", "json"];
        let report = test.certkit(&args).exits(2).report();
        assert_eq!(report["errors"][0]["code"], *code, "{name}: {report:#}");
    }
}
