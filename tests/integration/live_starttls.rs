//! `--starttls`: small servers of five protocols, with a real TLS server behind.

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
        let report = test.certkit(&check).exits(0).json();
        assert_eq!(
            (&report["server"]["starttls"], &report["server"]["protocols"]),
            (&json!(name), &json!(["TLSv1.2", "TLSv1.3"]))
        );
        assert_eq!((&report["reasons"], &report["warnings"]), (&json!([]), &json!([])), "{name}");
        assert!(front.connections() < 10, "{name}: {} connections", front.connections());
        test.certkit(&[&["show"], &common[..]].concat()).exits(0).says("starttls").says("└ test.example");
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
        ("smtp", smtp(), "Postfix: smtpd_tls_protocols = >=TLSv1.2"),
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
            .says(&format!("certkit check {place} --starttls {name} --roots ca.crt"));
    }
}

#[test]
fn servers_without_tls() {
    let test = Test::new();
    let greeting = || say("220 mail.test.example ESMTP\r\n");
    let refuses = |protocol: &str, steps: &[Step]| {
        let front = Front::start(steps, End::Silence);
        let place = format!("127.0.0.1:{}", front.port);
        let args = ["check", &place, "--starttls", protocol, "--timeout", "2", "--format", "json"];
        test.certkit(&args).exits(2).json()["errors"][0].clone()
    };
    let without = [greeting(), Step::Line("EHLO"), say("250-mail.test.example\r\n250 SIZE 1\r\n")];
    for (protocol, steps) in [("smtp", without.to_vec()), ("postgres", postgres("N")), ("ldap", ldap(2))] {
        let error = refuses(protocol, &steps);
        assert_eq!(error["code"], "starttls_failed", "{error}");
        assert!(error["message"].as_str().unwrap().contains("offers no TLS"), "{error}");
        assert!(error["fix"].as_str().unwrap().contains(':'), "{error}");
    }
    // A server that is full, another protocol, and none.
    let error = refuses("smtp", &[say("421 too many connections\r\n")]);
    assert!(error["message"].as_str().unwrap().contains("too many"), "{error}");
    let error = refuses("imap", &[greeting()]);
    assert!(error["message"].as_str().unwrap().contains("does not speak IMAP"), "{error}");
    let error = refuses("pop3", &[]);
    assert!(error["message"].as_str().unwrap().contains("says nothing"), "{error}");
    // Text in clear behind the consent.
    for (protocol, mut steps) in [("smtp", smtp()), ("imap", imap()), ("postgres", postgres("S"))] {
        let Some(Step::Say(consent)) = steps.last_mut() else { unreachable!() };
        consent.extend(b"250 and more\r\n");
        assert_eq!(refuses(protocol, &steps)["code"], "starttls_injection", "{protocol}");
    }
}
