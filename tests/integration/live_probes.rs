//! What `check` asks a server besides versions, suites and groups, and what becomes of it in the report, the grade and JSON.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Ran, Test};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};
use crate::testing::ClosedPort;

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
    "plain_http",
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

/// A server without TLS that answers every request in the same way; its port.
fn plain_server(answer: String) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.extend(byte);
            }
            let host = format!("Host: test.example:{port}\r\n");
            let is_asked_well =
                head.starts_with(b"HEAD /a HTTP/1.1\r\n") && String::from_utf8_lossy(&head).contains(&host);
            let answer = if is_asked_well { answer.as_str() } else { "HTTP/1.1 500 Wrong\r\n\r\n" };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

/// From http people must be led to https on the same name.
#[test]
fn where_unencrypted_http_leads() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", "--hsts"]);
    let url = format!("https://127.0.0.1:{}/a", server.port);
    let asked = |http: u16| check(&test, &url, &["--http-port", &http.to_string()]).exits(0).report();
    let to = |status: &str, location: &str| {
        plain_server(format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
    };
    for (port, severity, says) in [
        (to("308", "https://test.example/a"), "", ""),
        (to("301", "https://TEST.example:8443"), "", ""),
        (to("301", "https://www.test.example/"), "note", "another name, www.test.example"),
        (
            to("302", "http://www.test.example/"),
            "warning",
            "leads unencrypted HTTP to http://www.test.example/",
        ),
        (
            plain_server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into()),
            "warning",
            "with a page (status 200)",
        ),
        (plain_server("HTTP/1.1 404 Not Found\r\n\r\n".into()), "", ""),
        (plain_server("SSH-2.0-OpenSSH_9.2\r\n".into()), "", ""),
    ] {
        let report = asked(port);
        assert_eq!(report["server"]["plain_http"][0]["port"], port, "{report:#}");
        let found = find(&report, "plain_http");
        let (is, message) = found
            .map_or(("", ""), |one| (one["severity"].as_str().unwrap(), one["message"].as_str().unwrap()));
        assert!(is == severity && message.contains(says), "{says}: {report:#}");
        let grade = if severity == "warning" { "A" } else { "A+" };
        assert_eq!(report["verdict"]["grade"], grade, "{says}: {report:#}");
    }
    let closed = ClosedPort::bind();
    let report = asked(closed.address.port());
    let port = closed.address.port();
    assert_eq!(report["server"]["plain_http"], json!([{"port": port, "answer": "closed"}]), "{report:#}");
    assert_eq!(report["verdict"]["grade"], "A+", "{report:#}");
    // Without the option nothing of this is asked, and with --deep the server's own port is.
    assert_eq!(check(&test, &url, &[]).report()["server"].get("plain_http"), None);
    let report = check(&test, &url, &["--deep"]).report();
    let own = report["server"]["plain_http"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    assert!(own.len() == 1 && own[0]["port"] == server.port, "{report:#}");
    assert_eq!(find(&report, "plain_http"), None, "{report:#}");
    test.certkit(&["check", "chain.pem", "--http-port", "80"]).exits(2).says("`--http-port` is for servers");
}

/// What servers answer to unencrypted HTTP on the port of TLS.
#[test]
fn unencrypted_http_on_the_port_of_tls() {
    let (Some(openssl), Some(nginx)) = (peer("openssl"), peer("nginx")) else { return };
    let test = Test::with_chain("test.example");
    let own = |port: u16| {
        let url = format!("https://127.0.0.1:{port}");
        let report = check(&test, &url, &["--deep", "--timeout", "12"]).report();
        let answers = report["server"]["plain_http"].as_array().unwrap_or_else(|| panic!("{report:#}"));
        assert_eq!(answers[0]["port"], port);
        (answers[0]["answer"].clone(), answers[0]["status"].clone(), find(&report, "plain_http").is_some())
    };
    let (_server, port) = s_server(&test, &openssl, &[&CHAIN[..], &["-Verify", "1"]].concat());
    assert_eq!(own(port), (json!("refused"), Value::Null, false));
    let (port, mixed) = (free_port(), free_port());
    std::fs::create_dir(test.path("nginx")).unwrap();
    let folder = test.path("nginx").display().to_string();
    let pair = format!(
        "ssl_certificate {}; ssl_certificate_key {};",
        test.path("chain.pem").display(),
        test.path("server.key").display()
    );
    test.write(
        "nginx/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{ access_log \
             off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; \
             uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n\
             server {{ listen 127.0.0.1:{port} ssl; {pair} location / {{ return 204; }} }}\n\
             server {{ listen 127.0.0.1:{mixed} ssl; {pair} error_page 497 =200 /hello; location / {{ return 200; }} \
             }} }}\n"
        ),
    );
    let conf = format!("{folder}/nginx.conf");
    let mut process =
        Process::start(&test, test.program(&nginx).args(["-c", &conf, "-p", &folder, "-e", "stderr"]));
    process.wait_for((Ipv4Addr::LOCALHOST, mixed).into());
    assert_eq!(own(port), (json!("http"), json!(400), false));
    assert_eq!(own(mixed), (json!("http"), json!(200), true));
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
