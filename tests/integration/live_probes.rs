//! What `check` asks a server besides versions, suites and groups, and what becomes of it in the report, the grade and JSON.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Ran, Test};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

/// The codes of findings whose fix is in the configuration of a server.
pub(crate) const OF_SERVERS: &[&str] = &[
    "ccs_injection",
    "cipher_order",
    "client_renegotiation",
    "clock_skew",
    "connection_failed",
    "cookie_not_secure",
    "default_certificate",
    "early_data",
    "fetch_failed",
    "grade_below",
    "handshake_failed",
    "heartbleed",
    "hsts",
    "insecure_renegotiation",
    "must_staple",
    "no_post_quantum",
    "no_tls",
    "no_tls13",
    "old_protocol",
    "robot",
    "security_headers",
    "server_addresses",
    "starttls_failed",
    "starttls_injection",
    "tls_compression",
    "unusual_group",
    "version_banner",
    "weak_cipher",
];

/// `openssl s_server ARGS...` on a port of its own. It waits for a GET, and does not end with its standard input.
fn s_server(test: &Test, openssl: &Path, args: &[&str]) -> (Process, u16) {
    let port = free_port();
    let accept = port.to_string();
    let program = test.program(openssl).args(["s_server", "-accept", &accept, "-www"]).args(args);
    let mut process = Process::start(test, program);
    process.wait_for((Ipv4Addr::LOCALHOST, port).into());
    (process, port)
}

fn check(test: &Test, place: &str, more: &[&str]) -> Ran {
    let args = ["check", place, "--host", "test.example", "--roots", "ca.crt", "--format", "json"];
    test.certkit(&[&args[..], more].concat())
}

const CHAIN: [&str; 6] = ["-cert", "server.crt", "-cert_chain", "ca-bundle.ca", "-key", "server.key"];

/// A folder with a chain whose server certificate has an RSA key.
fn with_rsa() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    test
}

/// The finding of this code, wherever it stands.
fn find<'a>(report: &'a Value, code: &str) -> Option<&'a Value> {
    let parts = ["reasons", "warnings"].iter().filter_map(|part| report[*part].as_array());
    parts.flatten().find(|finding| finding["code"] == code)
}

/// It speaks TLS and is silent afterwards: whether it insists on https is not known, and that costs the best grade.
#[test]
fn a_server_that_does_not_answer_http() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let (_server, port) = s_server(&test, &openssl, &CHAIN);
    let url = format!("https://127.0.0.1:{port}");
    let report = check(&test, &url, &["--timeout", "3"]).exits(0).report();
    let message = find(&report, "hsts").unwrap()["message"].as_str().unwrap().to_owned();
    // The time that was waited for this answer, not that of the whole check.
    let seconds =
        message.split_once("within ").unwrap().1.split_once(" s").unwrap().0.parse::<f64>().unwrap();
    assert!(seconds <= 1.5, "{message}");
    let verdict = &report["verdict"];
    assert!(verdict["because"].to_string().contains("HEAD gets no answer"), "{verdict:#}");
    assert!(verdict["fix_first"].as_array().unwrap().contains(&json!("hsts")), "{verdict:#}");
    assert!(verdict["missing"].to_string().contains("an answer over https"), "{verdict:#}");
    // One that wants a certificate of its clients answers those who have one.
    let (_server, port) = s_server(&test, &openssl, &[&CHAIN[..], &["-Verify", "1"]].concat());
    let report = check(&test, &format!("https://127.0.0.1:{port}"), &["--timeout", "3"]).exits(0).report();
    assert!(!report["verdict"].to_string().contains("https"), "{report:#}");
}

/// A client may start renegotiation where the server was told so, and it is told apart whether that is bound to what was before.
#[test]
fn renegotiation_that_clients_start() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_rsa();
    let good = ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256"];
    for (more, granted, code, severity, grade) in [
        (&[][..], "none", None, "", "A"),
        (&["-client_renegotiation"], "secure", Some("client_renegotiation"), "note", "A"),
        (
            &["-client_renegotiation", "-legacy_renegotiation"],
            "insecure",
            Some("insecure_renegotiation"),
            "error",
            "F",
        ),
        // TLS 1.3 has none.
        (&["-tls1_3", "-client_renegotiation"], "", None, "", "A"),
    ] {
        let (_server, port) = s_server(&test, &openssl, &[&CHAIN[..], &good, more].concat());
        let report = check(&test, &format!("127.0.0.1:{port}"), &["--deep"]).report();
        let wanted = if granted.is_empty() { Value::Null } else { json!(granted) };
        assert_eq!(report["server"]["client_renegotiation"], wanted, "{more:?}: {report:#}");
        for one in ["client_renegotiation", "insecure_renegotiation"] {
            let found = find(&report, one).map(|finding| finding["severity"].as_str().unwrap());
            assert_eq!(found, (Some(one) == code).then_some(severity), "{more:?}: {report:#}");
        }
        assert_eq!(report["verdict"]["grade"], grade, "{more:?}: {report:#}");
        let is_reason = code.is_some_and(|code| report["verdict"]["fix_first"].to_string().contains(code));
        assert_eq!(is_reason, code.is_some(), "{report:#}");
        assert_eq!(report["server"].get("unanswered"), None, "{report:#}");
    }
}

/// Whose order of suites decides.
#[test]
fn the_order_of_cipher_suites() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_rsa();
    let good = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
    let weak = format!("{good}:AES128-SHA");
    let tls12 = |list: &'static str| ["-tls1_2", "-cipher", list];
    let only = tls12("ECDHE-RSA-AES128-GCM-SHA256");
    for (more, order, says) in [
        (&tls12(good)[..], json!({"TLSv1.2": "client"}), None),
        (
            &["-tls1_2", "-cipher", good, "-serverpref"],
            json!({"TLSv1.2": "server"}),
            Some("with TLS 1.2 the server's own order"),
        ),
        (
            &["-tls1_2", "-cipher", good, "-serverpref", "-prioritize_chacha"],
            json!({"TLSv1.2": "server_except_chacha20"}),
            None,
        ),
        (
            &["-cipher", &weak],
            json!({"TLSv1.2": "client", "TLSv1.3": "client"}),
            Some("with TLS 1.2 the client's order"),
        ),
        (&["-cipher", &weak, "-serverpref"], json!({"TLSv1.2": "server", "TLSv1.3": "server"}), None),
        (&only, Value::Null, None),
    ] {
        let (_server, port) = s_server(&test, &openssl, &[&CHAIN[..], more].concat());
        let report = check(&test, &format!("127.0.0.1:{port}"), &["--deep"]).report();
        assert_eq!(report["server"]["cipher_order"], order, "{more:?}: {report:#}");
        let said = find(&report, "cipher_order").map(|finding| finding["message"].as_str().unwrap());
        assert_eq!(said.is_some(), says.is_some(), "{more:?}: {report:#}");
        assert!(said.unwrap_or_default().contains(says.unwrap_or_default()), "{said:?}");
        let is_missing = report["verdict"]["missing"].to_string().contains("the client's order");
        assert_eq!(is_missing, order.to_string().contains("\"server\""), "{more:?}: {report:#}");
    }
}

/// What clients get that send no name, or a wrong one.
#[test]
fn without_its_name() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_rsa();
    test.certkit(&["mkcert", "default.example", "-o", "default"]).exits(0);
    // Of s_server the first certificate is for everybody who does not ask for the second one's name.
    let both = ["-cert", "default.crt", "-key", "default.key", "-cert2", "server.crt", "-key2", "server.key"];
    let named = [&both[..], &["-servername", "test.example"]].concat();
    let fatal = [&named[..], &["-servername_fatal"]].concat();
    let other = json!({"answer": "other", "names": ["default.example"]});
    let same = json!({"answer": "same"});
    for version in ["-tls1_2", "-tls1_3"] {
        for (args, without, wrong) in
            [(&CHAIN[..], &same, Some(&same)), (&named[..], &other, Some(&other)), (&fatal[..], &other, None)]
        {
            let (_server, port) = s_server(&test, &openssl, &[args, &[version]].concat());
            let place = format!("127.0.0.1:{port}");
            let report = check(&test, &place, &["--deep"]).report();
            assert_eq!(report["server"]["without_sni"], *without, "{args:?}: {report:#}");
            let answer = &report["server"]["wrong_sni"];
            match wrong {
                Some(wrong) => assert_eq!(answer, wrong, "{args:?}: {report:#}"),
                None => {
                    assert_eq!(answer["answer"], "refused", "{args:?}: {report:#}");
                    let reason = answer["reason"].as_str().unwrap();
                    assert!(reason.contains("does not know the requested name"), "{reason}");
                }
            }
            let found = find(&report, "default_certificate").map(|one| one["message"].to_string());
            assert_eq!(found.is_some(), *without != same, "{args:?}: {report:#}");
            assert!(found.is_none_or(|message| message.contains("default.example")), "{report:#}");
        }
    }
    // To an address no name is sent in any case.
    let (_server, port) = s_server(&test, &openssl, &CHAIN);
    let place = format!("127.0.0.1:{port}");
    let report = test.certkit(&["check", &place, "--roots", "ca.crt", "--deep", "--format", "json"]).report();
    assert_eq!(report["server"].get("without_sni"), None, "{report:#}");
    test.certkit(&["check", &place, "--host", "test.example", "--roots", "ca.crt", "--deep"])
        .says("without SNI: the same certificate");
}

/// A server with an RSA and an ECDSA certificate: each chain is judged.
#[test]
fn a_certificate_of_each_kind() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_rsa();
    test.certkit(&["mkcert", "test.example", "-o", "second"]).exits(0);
    let second = ["-dcert", "second.crt", "-dkey", "second.key"];
    let whole = [&CHAIN[..], &second, &["-dcert_chain", "ca-bundle.ca"]].concat();
    let without = [&CHAIN[..], &second].concat();
    for version in ["-tls1_2", "-tls1_3"] {
        let (_server, port) = s_server(&test, &openssl, &[&whole[..], &[version]].concat());
        let place = format!("127.0.0.1:{port}");
        let report = check(&test, &place, &["--deep"]).exits(0).report();
        let first = report["path"][0]["key"]["kind"].as_str().unwrap().to_owned();
        let other = &report["other_chain"];
        assert_eq!(
            (&other["valid"], other["path"].as_array().unwrap().len()),
            (&json!(true), 3),
            "{report:#}"
        );
        assert_ne!(other["path"][0]["key"]["kind"], first.as_str(), "{report:#}");
        test.certkit(&["check", &place, "--host", "test.example", "--roots", "ca.crt", "--deep"])
            .exits(0)
            .says("only get another chain; it holds");
        // The key is that of one of them.
        for (key, status) in [("server.key", 0), ("second.key", 0), ("ca.key", 1)] {
            check(&test, &place, &["--deep", "--key", key]).exits(status);
        }
        // Of the other one the intermediate is missing.
        let (_server, port) = s_server(&test, &openssl, &[&without[..], &[version]].concat());
        let place = format!("127.0.0.1:{port}");
        let report = check(&test, &place, &["--deep"]).exits(1).report();
        let missing = find(&report, "missing_intermediate").unwrap_or_else(|| panic!("{report:#}"));
        let kinds = [&report["path"][0]["key"]["kind"], &report["other_chain"]["path"][0]["key"]["kind"]];
        assert_ne!(kinds[0], kinds[1], "{report:#}");
        assert_eq!(report["verdict"]["grade"], "F", "{report:#}");
        let is_first = missing["file"] == place;
        let is_second = missing["file"] == format!("{place}, ECDSA");
        assert!(is_first != is_second && (is_first || report["other_chain"]["valid"] == false), "{report:#}");
    }
    // One certificate alone has no other chain.
    let (_server, port) = s_server(&test, &openssl, &CHAIN);
    let report = check(&test, &format!("127.0.0.1:{port}"), &["--deep"]).exits(0).report();
    assert_eq!(report.get("other_chain"), None, "{report:#}");
}

/// nginx, and certkit's own server, refuse it; GnuTLS without RFC 5746 grants what is not bound to anything.
#[test]
fn renegotiation_of_other_servers() {
    let test = with_rsa();
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let granted = |port: u16| {
        let report = check(&test, &format!("127.0.0.1:{port}"), &["--deep"]).report();
        report["server"]["client_renegotiation"].clone()
    };
    assert_eq!(granted(server.port), "none");
    if let Some(gnutls) = peer("gnutls-serv") {
        let port = free_port();
        let listen = port.to_string();
        let priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION";
        let pair = ["--x509certfile", "chain.pem", "--x509keyfile", "server.key"];
        let args = [&["-p", &listen, "--echo", "--priority", priority], &pair[..]].concat();
        let mut server = Process::start(&test, test.program(gnutls).args(args));
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        assert_eq!(granted(port), "insecure");
    }
}
