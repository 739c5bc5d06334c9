//! Weaknesses with a name: servers that have them by imitation, and real ones that do not.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use x509_parser::num_bigint::BigUint;

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

fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], content].concat()
}

/// The first answer of a server with TLS 1.2 and RSA key exchange: hello, certificate, done.
fn first_answer(certificate: &[u8]) -> Vec<u8> {
    answer_with(0x9c, certificate, &[])
}

/// The same with another suite, and what it says about the key exchange.
fn answer_with(suite: u16, certificate: &[u8], exchange: &[u8]) -> Vec<u8> {
    let suite = suite.to_be_bytes();
    let hello = [&[3, 3][..], &[9; 32], &[0], &suite, &[0, 0, 5, 0, 15, 0, 1, 1]].concat();
    let vector = |content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[1..], content].concat()
    };
    let certificates = vector(&vector(certificate));
    record(
        22,
        &[message(2, &hello), message(11, &certificates), exchange.to_vec(), message(14, &[])].concat(),
    )
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
    let names = ["heartbleed", "ccs_injection", "old_protocol", "robot"];
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

/// The cipher suites of a hello, without its record.
fn offered(hello: &[u8]) -> Vec<u16> {
    let rest = &hello[38..];
    let rest = &rest[1 + usize::from(rest[0])..];
    let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    rest[2..2 + length].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

/// A server that answers each connection in a thread of its own.
fn listen(serve: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || drop(serve(stream)));
        }
    });
    place
}

/// Export ciphers have the names of the attacks that they make possible.
#[test]
fn export_ciphers_are_called_by_the_names_of_their_attacks() {
    let test = Test::with_certificate("test.example");
    let certificate = CertificateDer::from_pem_file(test.path("server.crt")).unwrap().to_vec();
    // A group of 512 bits, and a public value in it.
    let vector = |content: &[u8]| [&u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat();
    let group = [vector(&[0xff; 64]), vector(&[2]), vector(&[7; 64])].concat();
    for (suite, exchange, name, other) in [
        (0x0003, Vec::new(), "FREAK, CVE-2015-0204", "Logjam"),
        (0x0014, message(12, &group), "Logjam, CVE-2015-4000", "FREAK"),
    ] {
        let certificate = certificate.clone();
        let place = listen(move |mut stream| {
            let (_, hello) = read_record(&mut stream)?;
            let is_offered = offered(&hello).contains(&suite);
            let answer = answer_with(suite, &certificate, &exchange);
            stream.write_all(&if is_offered { answer } else { record(21, &[2, 40]) })
        });
        let args = ["check", &place, "--host", "test.example", "--roots", "ca.crt", "--format", "json"];
        let report = test.certkit(&args).exits(1).report();
        let weak: Vec<_> = report["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["code"] == "weak_cipher")
            .map(|one| one["message"].as_str().unwrap())
            .collect();
        let said =
            weak.iter().find(|message| message.contains("EXP-")).unwrap_or_else(|| panic!("{report:#}"));
        assert!(said.contains(name) && !said.contains(other), "{said}");
        assert_eq!(report["verdict"]["grade"], "F");
    }
}

/// When a server tells how a secret was padded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tells {
    Always,
    /// Only while it waits for the rest of the client's flight.
    Early,
    Never,
}

/// The private key that an imitation decrypts with.
#[derive(Clone)]
struct SmallKey {
    modulus: BigUint,
    exponent: BigUint,
}

impl SmallKey {
    /// Made by openssl, with a self-signed certificate in small.crt. It is short, so that decrypting takes no time.
    fn make(test: &Test, openssl: &Path) -> Self {
        let args =
            ["req", "-x509", "-nodes", "-days", "9", "-subj", "/CN=test.example", "-newkey", "rsa:512"];
        test.run(openssl, &[&args[..], &["-keyout", "small.key", "-out", "small.crt"]].concat()).exits(0);
        let text = test.run(openssl, &["rsa", "-in", "small.key", "-noout", "-text"]).exits(0);
        let number = |name: &str| {
            let text = text.stdout();
            let lines = text.lines().skip_while(|line| *line != name).skip(1);
            let lines = lines.take_while(|line| line.starts_with(' '));
            let digits: String = lines.collect::<String>().replace([' ', ':'], "");
            BigUint::parse_bytes(digits.as_bytes(), 16).unwrap()
        };
        Self { modulus: number("modulus:"), exponent: number("privateExponent:") }
    }

    /// Whether a secret of 48 bytes was padded as it should be (RFC 8017 section 7.2.2).
    fn is_padded(&self, encrypted: &[u8]) -> bool {
        let message = BigUint::from_bytes_be(encrypted).modpow(&self.exponent, &self.modulus).to_bytes_be();
        // A number has no zero in front.
        message.len() == 63 && message[0] == 2 && message[63 - 49] == 0
    }
}

/// A server with RSA key exchange that decrypts as such a server does.
fn padding_oracle(key: SmallKey, certificate: Vec<u8>, tells: Tells) -> String {
    listen(move |mut stream| {
        let (_, hello) = read_record(&mut stream)?;
        if !offered(&hello).contains(&0x9c) {
            return stream.write_all(&record(21, &[2, 40]));
        }
        stream.write_all(&first_answer(&certificate))?;
        let (kind, exchange) = read_record(&mut stream)?;
        if kind != 22 {
            return stream.write_all(&record(21, &[2, 10]));
        }
        // The head of the message and a length come before the secret.
        let is_padded = key.is_padded(&exchange[6..]);
        let is_early = read_record(&mut stream).is_err();
        match tells {
            Tells::Always | Tells::Early if !is_padded && (is_early || tells == Tells::Always) => {
                stream.write_all(&record(21, &[2, 51]))
            }
            _ if is_early => Ok(()),
            _ => stream.write_all(&record(21, &[2, 20])),
        }
    })
}

#[test]
fn a_server_that_tells_how_a_secret_was_padded() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let key = SmallKey::make(&test, &openssl);
    let certificate = CertificateDer::from_pem_file(test.path("small.crt")).unwrap().to_vec();
    for tells in [Tells::Always, Tells::Early, Tells::Never] {
        let place = padding_oracle(key.clone(), certificate.clone(), tells);
        let args = ["check", &place, "--roots", "small.crt", "--deep", "--format", "json"];
        let report = test.certkit(&args).report();
        let reasons = report["reasons"].as_array().unwrap();
        let found = reasons.iter().find(|one| one["code"] == "robot");
        assert_eq!(found.is_some(), tells != Tells::Never, "{tells:?}: {report:#}");
        assert!(found.is_none_or(|one| one["message"].as_str().unwrap().contains("ROBOT")), "{report:#}");
        assert_eq!(report["verdict"]["because"].to_string().contains("ROBOT"), found.is_some(), "{report:#}");
    }
}
