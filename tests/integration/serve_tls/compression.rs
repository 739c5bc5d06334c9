//! Compressed certificates (RFC 8879).

use std::net::TcpStream;
use std::sync::Arc;

use rustls::compress::ZLIB_DECOMPRESSOR;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection};

use super::{Client, HTTP1};
use crate::harness::Test;
use crate::process::Server;

/// What a client gets of a whole handshake.
struct Handshake {
    bytes: usize,
    chain: Vec<CertificateDer<'static>>,
}

impl Handshake {
    fn of(client: &Client, decompresses: bool) -> Self {
        let mut config = ClientConfig::clone(&client.never_resuming().config);
        config.cert_decompressors = if decompresses { vec![ZLIB_DECOMPRESSOR] } else { Vec::new() };
        let name = ServerName::try_from("test.example").unwrap();
        let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", client.port)).unwrap();
        let mut bytes = 0;
        loop {
            while session.wants_write() {
                session.write_tls(&mut stream).unwrap();
            }
            if !session.is_handshaking() {
                break;
            }
            let read = session.read_tls(&mut stream).unwrap();
            assert!(read > 0, "the server hung up");
            bytes += read;
            session.process_new_packets().unwrap();
        }
        Self { bytes, chain: session.peer_certificates().unwrap().to_vec() }
    }
}

#[test]
fn clients_that_can_get_their_certificates_compressed() {
    let test = Test::with_chain("test.example");
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048", "-o", "rsa"]).exits(0);
    test.certkit(&["merge", "rsa.crt", "ca-bundle.ca", "-o", "rsa.pem"]).exits(0);
    for (chain, key) in [("chain.pem", "server.key"), ("rsa.pem", "rsa.key")] {
        let server = Server::start(&test, &["--cert", chain, "--key", key]);
        let client = Client::new(&test, server.port, &TLS13, HTTP1);
        let whole = Handshake::of(&client, false);
        // The second one comes from the cache.
        for _ in 0..2 {
            let compressed = Handshake::of(&client, true);
            eprintln!("{chain}: {} bytes, compressed {}", whole.bytes, compressed.bytes);
            assert!(compressed.bytes + 150 < whole.bytes, "{} of {}", compressed.bytes, whole.bytes);
            assert_eq!(compressed.chain, whole.chain);
        }
    }
}
