//! Resumption by tickets.

use rustix::process::Signal;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, SupportedProtocolVersion};

use super::{Client, HTTP1, HTTP2, block_on};
use crate::harness::{Test, eventually};
use crate::peers::peer;
use crate::process::Server;

const ARGS: [&str; 6] = ["--cert", "chain.pem", "--key", "server.key", "--static-root", "www"];

fn site() -> Test {
    let test = Test::with_chain("test.example");
    test.write("www/index.html", "a page");
    test
}

/// Another certificate for the same name, with another key.
fn replace_certificate(test: &Test) {
    test.certkit(&["mkcert", "test.example", "-o", "new", "--force"]).exits(0);
    test.certkit(&["merge", "new.crt", "ca-bundle.ca", "-o", "new.pem", "--force"]).exits(0);
    for (new, old) in [("new.key", "server.key"), ("new.pem", "chain.pem")] {
        std::fs::rename(test.path(new), test.path(old)).unwrap();
    }
}

fn reload(server: &Server, times: usize) {
    server.process.signal(Signal::HUP);
    eventually("new certificates", || {
        (server.process.log().matches("certificates read again; they are in use").count() >= times)
            .then_some(())
    });
}

/// The kinds of so many handshakes of one client, one after the other.
async fn handshakes(client: &Client, count: usize) -> Vec<HandshakeKind> {
    let mut kinds = Vec::new();
    for _ in 0..count {
        let mut connection = client.connect("test.example").await.unwrap();
        kinds.push(connection.kind);
        // Tickets of TLS 1.3 come with the response.
        assert_eq!(connection.get("/").await.unwrap().body, "a page");
    }
    kinds
}

fn every_session_resumes(version: &'static SupportedProtocolVersion, protocol: &[u8]) {
    let test = site();
    let server = Server::start(&test, &[&ARGS[..], &["--front-threads", "3"]].concat());
    let clients: Vec<_> = (0..6).map(|_| Client::new(&test, server.port, version, protocol)).collect();
    block_on(async {
        for client in &clients {
            assert_eq!(handshakes(client, 1).await, [HandshakeKind::Full]);
        }
        for replaced in 1..=3 {
            replace_certificate(&test);
            reload(&server, replaced);
            // At the same time, so that they come to all threads.
            let run = clients.iter().cloned().map(|client| async move { handshakes(&client, 10).await });
            let run: Vec<_> = run.map(tokio::spawn).collect();
            for kinds in run {
                assert_eq!(kinds.await.unwrap(), [HandshakeKind::Resumed; 10]);
            }
        }
    });
}

#[test]
fn every_session_of_tls13_resumes_on_every_thread_after_reloads() {
    every_session_resumes(&TLS13, HTTP2);
}

#[test]
fn every_session_of_tls12_resumes_on_every_thread_after_reloads() {
    every_session_resumes(&TLS12, HTTP1);
}

/// Whether openssl resumes a session after a reload.
fn openssl_resumes(test: &Test, server: &Server, version: &str) -> Option<bool> {
    let openssl = peer("openssl")?;
    let address = format!("127.0.0.1:{}", server.port);
    let session = format!("session{version}");
    let connect = |options: &[&str]| {
        let all = [&["s_client", "-connect", &address, "-servername", "test.example"], options];
        let request = "GET / HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n";
        let client =
            test.program(&openssl).args(all.concat()).args(["-CAfile", "ca.crt", "-ign_eof", version]);
        let ran = client.stdin(request).run().says("a page");
        (ran.all().contains("\nNew, TLSv1."), ran.all().contains("\nReused, TLSv1."))
    };
    assert_eq!(connect(&["-sess_out", &session]), (true, false));
    reload(server, server.process.log().matches("certificates read again; they are in use").count() + 1);
    Some(match connect(&["-sess_in", &session]) {
        (false, true) => true,
        (true, false) => false,
        other => panic!("openssl says {other:?}"),
    })
}

#[test]
fn openssl_resumes_unless_there_are_no_tickets() {
    let test = site();
    let server = Server::start(&test, &ARGS);
    for version in ["-tls1_2", "-tls1_3"] {
        assert_ne!(openssl_resumes(&test, &server, version), Some(false), "{version}");
    }
    let server = Server::start(&test, &[&ARGS[..], &["--no-session-tickets"]].concat());
    for (version, protocol) in [(&TLS12, HTTP1), (&TLS13, HTTP2)] {
        let client = Client::new(&test, server.port, version, protocol);
        assert_eq!(block_on(handshakes(&client, 4)), [HandshakeKind::Full; 4]);
    }
}
