//! `--starttls`: small servers of five protocols, with a real TLS server behind.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::harness::Test;
use crate::live_front::{End, Front, Step, say};
use crate::process::Server;

const EHLO: &str = "250-mail.test.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n";

fn smtp() -> Vec<Step> {
    let greeting = say("220-mail.test.example\r\n220 hello\r\n");
    vec![greeting, Step::Line("EHLO ["), say(EHLO), Step::Line("STARTTLS"), say("220 go ahead\r\n")]
}

fn imap() -> Vec<Step> {
    let offer = say("* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n");
    vec![
        say("* OK ready\r\n"),
        Step::Line("a1 CAPABILITY"),
        offer,
        Step::Line("a2 STARTTLS"),
        say("a2 OK now\r\n"),
    ]
}

fn pop3() -> Vec<Step> {
    let offer = say("+OK\r\nUSER\r\nSTLS\r\n.\r\n");
    vec![say("+OK ready\r\n"), Step::Line("CAPA"), offer, Step::Line("STLS"), say("+OK now\r\n")]
}

fn ldap(code: u8) -> Vec<Step> {
    let request = [&b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16"[..], b"1.3.6.1.4.1.1466.20037"].concat();
    let answer = [&b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01"[..], &[code], b"\x04\x00\x04\x00"].concat();
    vec![Step::Bytes(request), Step::Say(answer)]
}

fn postgres(answer: &str) -> Vec<Step> {
    vec![Step::Bytes(vec![0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]), say(answer)]
}

#[test]
fn five_protocols_lead_to_tls() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let protocols = [
        ("smtp", smtp()),
        ("imap", imap()),
        ("pop3", pop3()),
        ("ldap", ldap(0)),
        ("postgres", postgres("S")),
    ];
    for (name, steps) in protocols {
        let front = Front::start(&steps, End::Relay(server.port));
        let place = format!("127.0.0.1:{}", front.port);
        let common = [place.as_str(), "--host", "test.example", "--starttls", name];
        let check = [&["check"], &common[..], &["--roots", "ca.crt", "--format", "json"]].concat();
        let report = test.certkit(&check).exits(0).report();
        assert_eq!(
            (&report["server"]["starttls"], &report["server"]["protocols"]),
            (&json!(name), &json!(["TLSv1.2", "TLSv1.3"]))
        );
        assert_eq!((&report["reasons"], &report["warnings"]), (&json!([]), &json!([])), "{name}");
        assert!(front.connections() < 10, "{name}: {} connections", front.connections());
        test.certkit(&[&["show"], &common[..]].concat())
            .exits(0)
            .says("starttls")
            .says("└ certkit intermediate CA");
    }
}

#[test]
fn the_mend_is_a_line_for_that_server() {
    let Some(openssl) = crate::peers::peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let port = crate::process::free_port();
    let accept = port.to_string();
    let args =
        ["s_server", "-accept", &accept, "-quiet", "-cert", "server.crt", "-key", "server.key", "-tls1_2"];
    let mut server = crate::process::Process::start(&test, test.program(openssl).args(args));
    server.wait_for(([127, 0, 0, 1], port).into());
    for (name, steps, line) in [
        ("smtp", smtp(), "Postfix: postconf -e 'smtpd_tls_protocols = >=TLSv1.2'"),
        ("imap", imap(), "Dovecot: ssl_min_protocol = TLSv1.2"),
        ("ldap", ldap(0), "OpenLDAP: TLSProtocolMin 3.3"),
        ("postgres", postgres("S"), "ssl_min_protocol_version = 'TLSv1.2'"),
    ] {
        let front = Front::start(&steps, End::Relay(port));
        let place = format!("127.0.0.1:{}", front.port);
        test.certkit(&["check", &place, "--starttls", name, "--roots", "ca.crt"])
            .exits(1)
            .says("no_tls13")
            .says(line)
            .says(&format!("certkit check {place} --starttls {name} --roots FILE"));
    }
}

/// A mail server with the fault of CVE-2011-0411: what comes behind STARTTLS stays in its buffer, and is answered inside TLS.
fn keeps_what_came_before(test: &Test) -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(test.path("chain.pem")).unwrap().collect();
    let key = PrivateKeyDer::from_pem_file(test.path("server.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = |mut stream: TcpStream, config| -> std::io::Result<()> {
        stream.write_all(b"220 hello\r\n")?;
        let mut heard = [0; 256];
        let _greeting = stream.read(&mut heard)?;
        stream.write_all(EHLO.as_bytes())?;
        let count = stream.read(&mut heard)?;
        stream.write_all(b"220 go ahead\r\n")?;
        let mut connection = rustls::ServerConnection::new(config).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        tls.flush()?;
        if heard[..count].ends_with(b"NOOP\r\n") {
            tls.write_all(b"250 OK\r\n")?;
        }
        tls.read(&mut heard).map(drop)
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            std::thread::spawn(move || drop(serve(stream, config)));
        }
    });
    port
}

#[test]
fn a_command_in_clear_that_gets_into_tls() {
    let test = Test::with_chain("test.example");
    let place = format!("127.0.0.1:{}", keeps_what_came_before(&test));
    let args = ["check", &place, "--host", "test.example", "--roots", "ca.crt", "--starttls", "smtp"];
    test.certkit(&args).exits(0).keeps_quiet_about("starttls_injection");
    test.certkit(&[&args[..], &["--deep"]].concat()).exits(0).says("warning[starttls_injection]");
    // One that forgets it.
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let forgets = Front::start(
        &[&smtp()[..3], &[Step::Packet("STARTTLS"), say("220 go ahead\r\n")]].concat(),
        End::Relay(server.port),
    );
    let place = format!("127.0.0.1:{}", forgets.port);
    let args =
        ["check", &place, "--host", "test.example", "--roots", "ca.crt", "--starttls", "smtp", "--deep"];
    test.certkit(&args).exits(0).keeps_quiet_about("starttls_injection").says("groups: X25519MLKEM768");
}

#[test]
fn servers_without_tls() {
    let test = Test::new();
    let greeting = || say("220 mail.test.example ESMTP\r\n");
    let refuses = |protocol: &str, steps: &[Step]| {
        let front = Front::start(steps, End::Silence);
        let place = format!("127.0.0.1:{}", front.port);
        let args = ["check", &place, "--starttls", protocol, "--timeout", "2", "--format", "json"];
        test.certkit(&args).exits(2).report()["errors"][0].clone()
    };
    let without = [greeting(), Step::Line("EHLO"), say("250-mail.test.example\r\n250 SIZE 1\r\n")];
    for (protocol, steps) in [("smtp", without.to_vec()), ("postgres", postgres("N")), ("ldap", ldap(2))] {
        let error = refuses(protocol, &steps);
        assert_eq!(error["code"], "starttls_failed", "{error}");
        assert!(error["message"].as_str().unwrap().contains("does not offer TLS"), "{error}");
        assert!(error["fix"].as_str().unwrap().contains(':'), "{error}");
    }
    // A server that is full, another protocol, and none.
    let error = refuses("smtp", &[say("421 too many connections\r\n")]);
    assert!(error["message"].as_str().unwrap().contains("too many"), "{error}");
    let error = refuses("imap", &[greeting()]);
    assert!(error["message"].as_str().unwrap().contains("does not speak IMAP"), "{error}");
    let error = refuses("pop3", &[]);
    assert!(error["message"].as_str().unwrap().contains("does not answer within"), "{error}");
    // Text in clear behind the consent.
    for (protocol, mut steps) in [("smtp", smtp()), ("imap", imap()), ("postgres", postgres("S"))] {
        let Some(Step::Say(consent)) = steps.last_mut() else { unreachable!() };
        consent.extend(b"250 and more\r\n");
        assert_eq!(refuses(protocol, &steps)["code"], "starttls_injection", "{protocol}");
    }
}
