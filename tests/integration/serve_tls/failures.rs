//! Handshakes that fail: counted by reason, and logged without filling the log.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustls::version::{TLS12, TLS13};

use super::{Client, HTTP1, block_on};
use crate::harness::{Test, eventually};
use crate::process::{Server, free_port};

/// How often handshakes failed for a reason.
fn count(stats: u16, reason: &str) -> u32 {
    let mut stream = TcpStream::connect(("127.0.0.1", stats)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let name = format!("certkit_tls_handshake_failure_reasons_total{{reason=\"{reason}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
}

#[test]
fn failed_handshakes_have_a_reason() {
    let (test, stranger) = (Test::with_chain("test.example"), Test::with_chain("test.example"));
    let stats = free_port();
    let address = format!("127.0.0.1:{stats}");
    let args = ["--cert", "chain.pem", "--key", "server.key", "--tls-min", "1.3", "--front-threads", "1"];
    let server = Server::start(&test, &[&args[..], &["--stats", &address]].concat());
    let fails = |client: &Client| assert!(block_on(client.tls("test.example")).is_err());
    fails(&Client::new(&test, server.port, &TLS12, HTTP1));
    fails(&Client::new(&test, server.port, &TLS13, b"gopher"));
    // It trusts another CA of the same name.
    fails(&Client::new(&stranger, server.port, &TLS13, HTTP1));
    // The beginning of a record, and then nothing.
    TcpStream::connect(("127.0.0.1", server.port)).unwrap().write_all(b"\x16\x03\x01").unwrap();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream.write_all(b"\x16\x03\x01\0\x04\x01\0\0\0").unwrap();
        let _ = stream.read(&mut [0; 100]);
    }
    for (reason, expected) in
        [("version", 1), ("protocol", 1), ("alert", 1), ("closed", 1), ("malformed", 20)]
    {
        eventually(&format!("{expected} times {reason}"), || {
            (count(stats, reason) == expected).then_some(())
        });
    }
    // Who only looks whether something listens has begun no handshake.
    drop(TcpStream::connect(("127.0.0.1", server.port)).unwrap());
    block_on(Client::new(&test, server.port, &TLS13, HTTP1).tls("test.example")).unwrap();
    assert_eq!(count(stats, "closed"), 1);
    let log = server.process.log();
    assert_eq!(log.matches("the TLS handshake with 127.0.0.1 failed").count(), 5, "{log}");
    // The others of a minute are mentioned in the next one.
    assert!(log.lines().filter(|line| line.contains("malformed")).count() <= 2, "{log}");
}
