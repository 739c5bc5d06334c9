//! Weaknesses with a name: servers that have them by imitation, and real ones that do not.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use crate::harness::Test;
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &length[..], content].concat()
}

fn read_record(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let mut content = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut content)?;
    Ok((head[0], content))
}

/// The first answer of a server with TLS 1.2 and RSA key exchange: hello, certificate, done.
fn first_answer(certificate: &[u8]) -> Vec<u8> {
    let message = |kind: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind], &length[1..], content].concat()
    };
    let hello = [&[3, 3][..], &[9; 32], &[0, 0, 0x9c, 0, 0, 5, 0, 15, 0, 1, 1]].concat();
    let vector = |content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[1..], content].concat()
    };
    let certificates = vector(&vector(certificate));
    record(22, &[message(2, &hello), message(11, &certificates), message(14, &[])].concat())
}

/// What an imitation does with what comes after its first answer.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Ccs,
    Heartbleed,
    None,
    Ssl2,
}

fn imitate(fault: Fault, certificate: Vec<u8>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let serve = move |mut stream: TcpStream, certificate: &[u8]| -> std::io::Result<()> {
        let mut first = [0];
        stream.peek(&mut first)?;
        if first[0] & 0x80 != 0 {
            if fault == Fault::Ssl2 {
                let body = [&[4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 16][..], &[1, 0, 0x80], &[5; 16]].concat();
                stream.write_all(&[&[0x80, u8::try_from(body.len()).unwrap()], &body[..]].concat())?;
            }
            return Ok(());
        }
        read_record(&mut stream)?;
        stream.write_all(&first_answer(certificate))?;
        let mut changes = 0;
        loop {
            let (kind, content) = read_record(&mut stream)?;
            match (kind, fault) {
                (24, Fault::Heartbleed) => {
                    // As OpenSSL 1.0.1f: as much as was asked for, and 16 bytes of padding.
                    assert_eq!(content, [1, 0, 0], "nothing is asked for");
                    stream.write_all(&record(24, &[&[2, 0, 0][..], &[7; 16]].concat()))?;
                }
                (24, _) => {}
                (20, Fault::Ccs) => {
                    changes += 1;
                    if changes > 1 {
                        stream.write_all(&record(21, &[2, 20]))?;
                    }
                }
                _ => return stream.write_all(&record(21, &[2, 10])),
            }
        }
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let certificate = certificate.clone();
            thread::spawn(move || drop(serve(stream, &certificate)));
        }
    });
    place
}

fn named(report: &Value) -> Vec<(String, String)> {
    let names = ["heartbleed", "ccs_injection", "old_protocol"];
    let reasons = report["reasons"].as_array().unwrap().iter();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    reasons
        .filter(|one| names.contains(&one["code"].as_str().unwrap()))
        // Older versions of TLS are another matter than SSL 2.0.
        .filter(|one| one["code"] != "old_protocol" || text(one, "message").contains("SSL 2.0"))
        .map(|one| (text(one, "code"), text(one, "message")))
        .collect()
}

#[test]
fn weaknesses_are_called_by_their_names() {
    let test = Test::with_certificate("test.example");
    let certificate = CertificateDer::from_pem_file(test.path("server.crt")).unwrap().to_vec();
    for (fault, code, word) in [
        (Fault::Heartbleed, "heartbleed", "CVE-2014-0160"),
        (Fault::Ccs, "ccs_injection", "CVE-2014-0224"),
        (Fault::Ssl2, "old_protocol", "DROWN"),
        (Fault::None, "", ""),
    ] {
        let place = imitate(fault, certificate.clone());
        let args =
            ["check", &place, "--host", "test.example", "--roots", "ca.crt", "--deep", "--format", "json"];
        let found = named(&test.certkit(&args).report());
        if fault == Fault::None {
            assert_eq!(found, []);
        } else {
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].0 == code && found[0].1.contains(word), "{found:?}");
        }
    }
}

#[test]
fn real_servers_have_none_of_them() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    let check = |place: &str| {
        let args =
            ["check", place, "--host", "test.example", "--roots", "ca.crt", "--deep", "--format", "json"];
        let report = test.certkit(&args).report();
        assert_eq!(named(&report), [], "{report:#}");
        assert_eq!(report["server"].get("unanswered"), None, "{report:#}");
    };
    let server = Server::start(&test, &["--cert", "server.crt", "--key", "server.key"]);
    check(&format!("127.0.0.1:{}", server.port));
    let (port, pair) = (free_port(), ["server.crt", "server.key"]);
    let accept = port.to_string();
    if let Some(openssl) = peer("openssl") {
        let args = ["s_server", "-accept", &accept, "-quiet", "-cert", pair[0], "-key", pair[1], "-tls1_2"];
        let mut server = Process::start(&test, test.program(openssl).args(args));
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        check(&format!("127.0.0.1:{port}"));
    }
    let port = free_port();
    let accept = port.to_string();
    if let Some(gnutls) = peer("gnutls-serv") {
        let args =
            ["-p", &accept, "--echo", "--heartbeat", "--x509certfile", pair[0], "--x509keyfile", pair[1]];
        let mut server = Process::start(&test, test.program(gnutls).args(args));
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        check(&format!("127.0.0.1:{port}"));
    }
}
