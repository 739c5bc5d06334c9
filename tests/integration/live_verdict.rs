//! `check` of servers: the grade, Mozilla's guideline, which clients connect, and several servers at once.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Ran, Test};
use crate::live_front::DH_1024;
use crate::peers::{peer, python};
use crate::process::{Process, Server, free_port};
use crate::testing::ClosedPort;

/// `openssl s_server ARGS...` on a port of its own.
fn s_server(test: &Test, openssl: &Path, args: &[&str]) -> (Process, String) {
    let port = free_port().to_string();
    let program = test.program(openssl).args(["s_server", "-accept", &port, "-quiet"]).args(args);
    let mut process = Process::start(test, program);
    process.wait_for((Ipv4Addr::LOCALHOST, port.parse().unwrap()).into());
    (process, format!("127.0.0.1:{port}"))
}

fn check(test: &Test, place: &str, more: &[&str]) -> Ran {
    let args = ["check", place, "--host", "test.example", "--roots", "ca.crt", "--format", "json"];
    test.certkit(&[&args[..], more].concat())
}

/// A folder with an RSA chain, and the options of s_server that show it.
fn with_rsa() -> (Test, Vec<&'static str>) {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    (test, vec!["-cert", "server.crt", "-cert_chain", "ca-bundle.ca", "-key", "server.key"])
}

#[test]
fn our_own_server_has_the_best_grade() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", "--hsts"]);
    let url = format!("https://127.0.0.1:{}", server.port);
    let report = check(&test, &url, &["--min-grade", "A+"]).exits(0).report();
    assert_eq!(
        report["verdict"],
        json!({"grade": "A+", "because": [], "guideline": "intermediate", "missing": [], "fix_first": []})
    );
    test.certkit(&["check", &url, "--host", "test.example", "--roots", "ca.crt"])
        .exits(0)
        .says("grade A+")
        .says("meets Mozilla's intermediate configuration");
    let modern =
        Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", "--hsts", "--tls-min", "1.3"]);
    let report = check(&test, &format!("https://127.0.0.1:{}", modern.port), &[]).exits(0).report();
    assert_eq!(
        (&report["verdict"]["grade"], &report["verdict"]["guideline"]),
        (&json!("A+"), &json!("modern"))
    );
    // A chain that nobody trusts has the worst grade, whatever the server does.
    let report = test.certkit(&["check", &url, "--format", "json"]).exits(1).report();
    assert_eq!((&report["verdict"]["grade"], &report["verdict"]["guideline"]), (&json!("F"), &Value::Null));
}

#[test]
fn what_a_server_does_sets_its_grade() {
    let Some(openssl) = peer("openssl") else { return };
    let (test, chain) = with_rsa();
    let good = "ECDHE-RSA-AES128-GCM-SHA256";
    let weak = |list: &str| format!("{good}:{list}:@SECLEVEL=0");
    for (more, grade, about) in [
        (vec!["-cipher", good], "A", "X25519MLKEM768 is missing"),
        (vec!["-tls1_2", "-cipher", good], "B", "TLS 1.3 is missing"),
        (vec!["-min_protocol", "TLSv1.2", "-cipher", &weak("AES128-SHA")], "B", "RSA key exchange"),
        (
            vec!["-min_protocol", "TLSv1.1", "-cipher", &weak("ECDHE-RSA-AES128-SHA")],
            "C",
            "TLS 1.0 or TLS 1.1",
        ),
        (vec!["-cipher", &weak("ECDHE-RSA-NULL-SHA")], "F", "without encryption"),
        (vec!["-cipher", &weak("ADH-AES128-SHA256")], "F", "without encryption or authentication"),
    ] {
        let (_server, place) = s_server(&test, &openssl, &[&chain[..], &more].concat());
        let report = check(&test, &place, &[]).report();
        let verdict = &report["verdict"];
        assert_eq!(verdict["grade"], grade, "{more:?}: {report:#}");
        assert!(verdict["because"].to_string().contains(about), "{more:?}: {verdict:#}");
        assert!(!verdict["missing"].as_array().unwrap().is_empty(), "{verdict:#}");
        assert_eq!(verdict["guideline"], Value::Null);
        // What to fix first is explained.
        for code in verdict["fix_first"].as_array().unwrap() {
            test.certkit(&["check", "--explain", code.as_str().unwrap()]).exits(0);
        }
        let below = check(&test, &place, &["--min-grade", "a+"]).exits(1).report();
        let finding =
            below["reasons"].as_array().unwrap().iter().find(|one| one["code"] == "grade_below").unwrap();
        assert!(finding["message"].as_str().unwrap().contains("which --min-grade requires"), "{finding:#}");
        for command in finding["commands"].as_array().unwrap_or_else(|| panic!("{finding:#}")) {
            let words: Vec<_> = command.as_str().unwrap().split(' ').skip(1).collect();
            test.certkit(&words).exits(0);
        }
        check(&test, &place, &["--min-grade", "F"]).exits(i32::from(grade > "B"));
    }
    test.certkit(&["check", "127.0.0.1:1", "--min-grade", "E"]).exits(2).says("expected A+, A, B, C, D or F");
    test.certkit(&["check", "server.crt", "--min-grade", "A"]).exits(2).says("`--min-grade` is for servers");
}

/// The row of one client.
fn client<'a>(report: &'a Value, name: &str) -> &'a Value {
    let clients =
        report["verdict"]["clients"].as_array().unwrap_or_else(|| panic!("no clients in {report:#}"));
    assert_eq!(clients.len(), 12);
    clients.iter().find(|client| client["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn the_clients_that_connect() {
    let Some(openssl) = peer("openssl") else { return };
    let (test, chain) = with_rsa();
    let deep = |more: &[&str]| {
        let (_server, place) = s_server(&test, &openssl, &[&chain[..], more].concat());
        check(&test, &place, &["--deep"]).report()
    };
    let modern = deep(&["-tls1_3"]);
    for (name, why) in [("Android 7.0", "TLS 1.2 at most"), ("Java 8", "TLS 1.2 at most")] {
        let row = client(&modern, name);
        assert_eq!(row["connects"], false, "{row:#}");
        assert!(row["reason"].as_str().unwrap().contains(why), "{row:#}");
    }
    let go = client(&modern, "Go 1.24");
    assert_eq!(
        (&go["protocol"], &go["cipher"], &go["group"]),
        (&json!("TLSv1.3"), &json!("TLS_AES_128_GCM_SHA256"), &json!("X25519"))
    );
    let static_rsa = deep(&["-tls1_2", "-cipher", "AES256-GCM-SHA384"]);
    for name in ["Go 1.24", "Rust (rustls 0.23)", "Python 3.12"] {
        let row = client(&static_rsa, name);
        assert_eq!(row["reason"], "no cipher suite in common", "{row:#}");
    }
    assert_eq!(client(&static_rsa, "Chrome 131")["cipher"], "AES256-GCM-SHA384");
    let p384 = deep(&["-tls1_2", "-groups", "P-384", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]);
    assert_eq!(client(&p384, "Android 7.0")["reason"], "no group for the key exchange in common");
    assert_eq!(client(&p384, "Java 8")["group"], "secp384r1");
    let old = deep(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    assert!(client(&old, "Firefox 132")["reason"].as_str().unwrap().contains("no version in common"));
    test.write("dh1024.pem", DH_1024);
    let dhe =
        deep(&["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", "dh1024.pem"]);
    assert!(
        client(&dhe, "curl with OpenSSL 3.0")["reason"].as_str().unwrap().contains("1024-bit"),
        "{dhe:#}"
    );
    assert_eq!(client(&dhe, "Java 17")["group"], "DH 1024");
}

/// The rows of the clients that are installed here agree with what those clients get.
#[test]
fn installed_clients_agree_with_their_rows() {
    let (Some(openssl), Some(python)) = (peer("openssl"), python(&[])) else { return };
    let (test, chain) = with_rsa();
    let script = "import socket, ssl, sys\n\
        host, port = sys.argv[1].split(':')\n\
        context = ssl.create_default_context(cafile='ca.crt')\n\
        stream = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname='test.example')\n\
        print(stream.version(), stream.cipher()[0])\n";
    for more in [
        &[][..],
        &["-tls1_2"],
        &["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
        &["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
        &["-tls1_2", "-cipher", "DHE-RSA-AES256-SHA256:AES128-SHA"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA", "-groups", "X448:P-256"],
    ] {
        let (_server, place) = s_server(&test, &openssl, &[&chain[..], more].concat());
        let report = check(&test, &place, &["--deep"]).report();
        let row = client(&report, "curl with OpenSSL 3.0");
        let args =
            ["s_client", "-connect", &place, "-servername", "test.example", "-CAfile", "ca.crt", "-brief"];
        let real = test.run(&openssl, &args).all();
        let said = |name: &str| {
            real.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
        };
        assert_eq!(
            said("Protocol version:").as_deref(),
            row["protocol"].as_str(),
            "{more:?}: {real}\n{row:#}"
        );
        assert_eq!(said("Ciphersuite:").as_deref(), row["cipher"].as_str(), "{more:?}: {real}\n{row:#}");
        let row = client(&report, "Python 3.12");
        let ran = test.run(&python, &["-c", script, &place]);
        let wanted = if row["connects"] == true {
            format!("{} {}", row["protocol"].as_str().unwrap(), row["cipher"].as_str().unwrap())
        } else {
            String::new()
        };
        assert_eq!(ran.stdout().trim(), wanted, "{more:?}: {}\n{row:#}", ran.all());
    }
    // rustls is what certkit itself uses.
    let server = Server::start(&test, &["--cert", "server.crt", "--key", "server.key", "--force"]);
    let report = check(&test, &format!("127.0.0.1:{}", server.port), &["--deep"]).report();
    let row = client(&report, "Rust (rustls 0.23)");
    for fact in ["protocol", "cipher", "group"] {
        assert_eq!(row[fact], report["server"][fact], "{row:#}");
    }
}

#[test]
fn several_servers_and_files_at_once() {
    let test = Test::with_chain("test.example");
    let closed = ClosedPort::bind();
    let closed = closed.address.to_string();
    let options = ["--host", "test.example", "--roots", "ca.crt"];
    let run = |names: &[&str], more: &[&str]| test.certkit(&[&["check"], names, &options, more].concat());
    for jobs in ["1", "3"] {
        let ran = run(&["chain.pem", "server.crt", &closed], &["--format", "json", "--jobs", jobs]).exits(2);
        let lines: Vec<Value> =
            ran.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let seen: Vec<_> = lines.iter().map(|line| (&line["id"], &line["exit_status"])).collect();
        assert_eq!(
            seen,
            [
                (&json!("chain.pem"), &json!(0)),
                (&json!("server.crt"), &json!(1)),
                (&json!(closed), &json!(2))
            ]
        );
        for line in &lines {
            crate::json::validate(line, "check A B C");
        }
    }
    run(&["chain.pem", "server.crt"], &[]).exits(1).says("✓ chain.pem:").says("✗ server.crt:");
    run(&["chain.pem", "chain.pem"], &[]).exits(0);
    run(&["chain.pem", "server.crt"], &["-q"]).exits(1).says("missing_intermediate").keeps_quiet_about("✓");
}

#[test]
fn several_servers_get_a_verdict_each() {
    let Some(openssl) = peer("openssl") else { return };
    let (test, chain) = with_rsa();
    let good = [&chain[..], &["-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]].concat();
    let (_first, first) = s_server(&test, &openssl, &good);
    let (_second, second) = s_server(&test, &openssl, &[&good[..], &["-tls1_2"]].concat());
    let args = ["check", &first, &second, "--host", "test.example", "--roots", "ca.crt", "--format", "json"];
    let ran = test.certkit(&args).exits(0);
    let grades: Vec<_> = ran
        .stdout()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["result"]["verdict"]["grade"].clone())
        .collect();
    assert_eq!(grades, [json!("A"), json!("B")]);
}

#[test]
fn sessions_and_what_else_a_server_can_do() {
    let Some(openssl) = peer("openssl") else { return };
    let (test, chain) = with_rsa();
    let deep = |more: &[&str]| {
        let (_server, place) = s_server(&test, &openssl, &[&chain[..], more].concat());
        check(&test, &place, &["--deep"]).report()
    };
    let usual = deep(&["-alpn", "http/1.1"]);
    let server = &usual["server"];
    assert_eq!((&server["alpn"], &server["resumption"]), (&json!("http/1.1"), &json!(true)), "{usual:#}");
    assert_eq!(
        (&server["early_data"], &server["fallback_refused"]),
        (&json!(false), &json!(true)),
        "{usual:#}"
    );
    assert_eq!(server["extended_master_secret"], true, "{usual:#}");
    let bare = deep(&["-tls1_2", "-no_ticket", "-no_cache"]);
    assert_eq!((&bare["server"]["resumption"], &bare["server"]["alpn"]), (&json!(false), &Value::Null));
    let early = deep(&["-tls1_3", "-early_data", "-max_early_data", "16384"]);
    assert_eq!(early["server"]["early_data"], true, "{early:#}");
    let codes: Vec<_> = early["warnings"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert!(codes.contains(&&json!("early_data")), "{early:#}");
}

#[test]
fn a_certificate_that_requires_stapling() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let args = [
        "req",
        "-x509",
        "-nodes",
        "-days",
        "90",
        "-subj",
        "/CN=test.example",
        "-newkey",
        "rsa:2048",
        "-addext",
        "subjectAltName=DNS:test.example",
        "-addext",
        "tlsfeature=status_request",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
    ];
    test.run(&openssl, &args).exits(0);
    let (_server, place) = s_server(&test, &openssl, &["-cert", "ca.crt", "-key", "ca.key"]);
    let report = check(&test, &place, &[]).report();
    let found = report["warnings"].as_array().unwrap().iter().find(|one| one["code"] == "must_staple");
    assert!(found.unwrap_or_else(|| panic!("{report:#}"))["message"].as_str().unwrap().contains("Firefox"));
}
