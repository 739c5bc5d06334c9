//! `check` and `show` of running servers: certkit's own, openssl's, nginx, GnuTLS, and some that are none.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde_json::{Value, json};

use crate::harness::{Ran, Test};
use crate::live_front::{End, Front, say};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};
use crate::testing::ClosedPort;

fn codes<'a>(report: &'a Value, part: &str) -> Vec<&'a str> {
    report[part].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// The finding of this code, wherever it stands.
#[track_caller]
fn finding<'a>(report: &'a Value, code: &str) -> &'a Value {
    let parts = ["reasons", "warnings", "errors"].iter().filter_map(|part| report[*part].as_array());
    let found = parts.flatten().find(|finding| finding["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {report:#}"))
}

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

const PAIR: [&str; 4] = ["-cert", "server.crt", "-key", "server.key"];
/// Everything that OpenSSL still has, whatever the distribution says.
const ALL: [&str; 2] = ["-cipher", "ALL:eNULL:@SECLEVEL=0"];

/// A folder with a chain whose server certificate has an RSA key, which the old cipher suites need.
fn with_rsa() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    test
}

#[test]
fn our_own_server_is_as_it_should_be() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", "--hsts"]);
    let front = Front::start(&[], End::Relay(server.port));
    let url = format!("https://127.0.0.1:{}", front.port);
    let report = check(&test, &url, &[]).exits(0).report();
    // The shape of the object, frozen.
    assert_eq!(
        report["server"],
        json!({
            "name": "127.0.0.1",
            "port": front.port,
            "address": format!("127.0.0.1:{}", front.port),
            "sni": "test.example",
            "protocol": "TLSv1.3",
            "cipher": "TLS_AES_256_GCM_SHA384",
            "group": "X25519MLKEM768",
            "protocols": ["TLSv1.2", "TLSv1.3"],
            "ocsp_stapled": false,
            "client_certificate": false,
            "key_proved": true,
            "hsts": "max-age=63072000",
        })
    );
    assert_eq!((codes(&report, "reasons"), codes(&report, "warnings")), (vec![], vec![]));
    assert_eq!(report["file"], format!("127.0.0.1:{}", front.port));
    assert_eq!(
        (&report["path"][1]["role"], &report["path"][1]["location"]["certificate"]),
        (&json!("intermediate"), &json!(2))
    );
    assert!(front.connections() < 10, "{} connections", front.connections());
    // For people it is a line more than for a file.
    test.certkit(&["check", &url, "--host", "test.example", "--roots", "ca.crt"])
        .exits(0)
        .says(": the chain holds for test.example")
        .says("TLSv1.3, TLS_AES_256_GCM_SHA384, X25519MLKEM768, from 127.0.0.1:");
    // Without --host the address is what clients use.
    test.certkit(&["check", &url, "--roots", "ca.crt"])
        .exits(1)
        .says("host_mismatch")
        .says(", certificate 1");
    let report = check(&test, &url, &["--min-days", "5000", "--key", "ca.key"]).exits(1).report();
    assert_eq!(codes(&report, "reasons"), ["expires_soon", "key_mismatch"]);

    let report = check(&test, &url, &["--deep"]).exits(0).report();
    let suites = json!({
        "TLSv1.3": ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
        "TLSv1.2": [
            "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
        ],
    });
    let sorted = |value: &Value| {
        let mut names: Vec<_> = value.as_array().unwrap().iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    for version in ["TLSv1.3", "TLSv1.2"] {
        assert_eq!(sorted(&report["server"]["suites"][version]), sorted(&suites[version]), "{report:#}");
    }
    assert_eq!(report["server"]["groups"], json!(["X25519MLKEM768", "X25519", "prime256v1", "secp384r1"]));
}

#[test]
fn a_missing_intermediate_has_a_mend_for_a_server() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let (_server, place) = s_server(&test, &openssl, &PAIR);
    let report = check(&test, &place, &[]).exits(1).report();
    assert_eq!((&report["valid"], codes(&report, "reasons")), (&json!(false), vec!["missing_intermediate"]));
    let reason = &report["reasons"][0];
    assert_eq!((&reason["file"], &reason["certificate"]), (&json!(place), &json!(1)));
    let fix = reason["fix"].as_str().unwrap();
    for words in [
        "certkit merge server.crt ca-bundle.ca -o chain.pem",
        "ssl_certificate chain.pem",
        "SSLCertificateFile",
    ] {
        assert!(fix.contains(words), "{fix}");
    }
    // OpenSSL here has no hybrid group; that is only worth a note.
    assert_eq!(finding(&report, "no_post_quantum")["severity"], "note");
    test.certkit(&["check", &place, "--roots", "ca.crt"]).exits(1).says("clients refuse this server");
}

#[test]
fn wrong_order_and_a_root_that_is_sent() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    test.write("rest.pem", test.text("ca.crt") + &test.text("ca-bundle.ca"));
    let (_server, place) = s_server(&test, &openssl, &[&PAIR[..], &["-cert_chain", "rest.pem"]].concat());
    let report = check(&test, &place, &[]).exits(0).report();
    let warnings = codes(&report, "warnings");
    assert!(warnings.contains(&"wrong_order") && warnings.contains(&"root_included"), "{warnings:?}");
    let message = finding(&report, "root_included")["message"].as_str().unwrap();
    assert!(message.contains("in what the server sends"), "{message}");
}

/// A server of rustls that shows these certificates and signs with this key, whether they fit or not.
fn rustls_server(
    key_pem: &[u8],
    chain: Vec<CertificateDer<'static>>,
    version: &'static rustls::SupportedProtocolVersion,
) -> String {
    #[derive(Debug)]
    struct Any(Arc<CertifiedKey>);
    impl ResolvesServerCert for Any {
        fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(self.0.clone())
        }
    }

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from_pem_slice(key_pem).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Any(Arc::new(CertifiedKey::new(chain, key)))));
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            // A client that breaks off is what this is for.
            let _ = connection.complete_io(&mut stream);
        }
    });
    place
}

#[test]
fn another_key_than_that_of_the_certificate() {
    let test = Test::with_chain("test.example");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(test.path("chain.pem")).unwrap().collect();
    let chain = chain.unwrap();
    let key = std::fs::read(test.path("ca.key")).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let place = rustls_server(&key, chain.clone(), version);
        let report = check(&test, &place, &[]).exits(1).report();
        assert_eq!(codes(&report, "reasons"), ["bad_signature"], "{report:#}");
        assert_eq!(report["server"]["key_proved"], false);
    }
}

#[test]
fn a_certificate_that_is_none() {
    let test = Test::with_chain("test.example");
    let key = std::fs::read(test.path("server.key")).unwrap();
    let place = rustls_server(&key, vec![b"0\x03\x02\x01\x01".to_vec().into()], &rustls::version::TLS13);
    let report = check(&test, &place, &[]).exits(1).report();
    assert_eq!(codes(&report, "reasons"), ["der_malformed"]);
    assert_eq!(
        (&report["reasons"][0]["file"], &report["reasons"][0]["certificate"]),
        (&json!(place), &json!(1))
    );
    assert_eq!(report["server"]["key_proved"], Value::Null);
    test.certkit(&["show", &place]).exits(1).says("der_malformed").says("TLSv1.3");
}

#[test]
fn a_server_of_the_past_still_shows_its_chain() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_rsa();
    let args =
        [&["-cert", "chain.pem", "-cert_chain", "ca-bundle.ca"], &PAIR[2..], &ALL, &["-tls1_1"]].concat();
    let (_server, place) = s_server(&test, &openssl, &args);
    let report = check(&test, &place, &["--deep"]).exits(1).report();
    assert_eq!(codes(&report, "reasons"), ["old_protocol", "weak_cipher", "weak_cipher"]);
    assert_eq!(report["path"].as_array().unwrap().len(), 3);
    let server = &report["server"];
    assert_eq!((&server["protocol"], &server["key_proved"]), (&json!("TLSv1.1"), &Value::Null));
    assert_eq!(server["protocols"], json!(["TLSv1.1"]));
    let parts = ["reasons", "warnings"].into_iter().flat_map(|part| report[part].as_array().unwrap());
    let poor: Vec<_> = parts.filter(|found| found["code"] == "weak_cipher").collect();
    let poor = serde_json::to_string(&poor).unwrap();
    for suite in ["NULL-SHA", "ADH-AES128-SHA", "AES128-SHA", "DHE-RSA-AES256-SHA"] {
        assert!(poor.contains(suite), "{suite} is missing in {poor}");
    }
    test.certkit(&["show", &place]).exits(0).says("TLSv1.1").says("└ certkit intermediate CA");
}

#[test]
fn what_a_server_takes_besides_is_told() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_rsa();
    let chain = ["-cert", "server.crt", "-cert_chain", "ca-bundle.ca", "-key", "server.key"];
    // Old versions and bad suites beside good ones: nobody is refused, but the server is not secure.
    let args = [&chain[..], &ALL, &["-min_protocol", "TLSv1"]].concat();
    let (_server, place) = s_server(&test, &openssl, &args);
    let report = check(&test, &place, &[]).exits(1).report();
    assert_eq!(report["server"]["protocols"], json!(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]));
    let old = finding(&report, "old_protocol");
    assert_eq!(old["severity"], "error");
    assert!(old["message"].as_str().unwrap().contains("TLS 1.0, TLS 1.1"), "{old}");
    assert!(old["fix"].as_str().unwrap().contains("ssl_protocols TLSv1.2 TLSv1.3;"), "{old}");
    let severities: Vec<_> = ["reasons", "warnings"]
        .into_iter()
        .flat_map(|part| report[part].as_array().unwrap())
        .filter(|found| found["code"] == "weak_cipher")
        .map(|found| found["severity"].as_str().unwrap())
        .collect();
    assert_eq!(
        severities,
        ["error", "warning", "note", "note"],
        "broken, without forward secrecy, outdated, unusual: {report:#}"
    );

    // No TLS 1.3; with --deep every suite by name.
    let args = [&chain[..], &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA256"]].concat();
    let (_server, place) = s_server(&test, &openssl, &args);
    let report = check(&test, &place, &["--deep"]).exits(0).report();
    assert!(codes(&report, "warnings").contains(&"no_tls13"), "{report:#}");
    assert_eq!(
        report["server"]["suites"],
        json!({"TLSv1.2": ["ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA256"]})
    );
    assert!(finding(&report, "weak_cipher")["message"].as_str().unwrap().contains("AES256-SHA256"));

    // Nothing that rustls knows: the chain comes by a hello made by hand.
    let args = [&chain[..], &["-tls1_2", "-cipher", "AES256-GCM-SHA384"]].concat();
    let (_server, place) = s_server(&test, &openssl, &args);
    let report = check(&test, &place, &[]).exits(0).report();
    assert_eq!(
        (&report["server"]["cipher"], &report["server"]["protocol"]),
        (&json!("AES256-GCM-SHA384"), &json!("TLSv1.2"))
    );
    assert!(codes(&report, "warnings").contains(&"weak_cipher"), "{report:#}");
}

#[test]
fn a_server_without_secure_renegotiation() {
    let Some(gnutls) = peer("gnutls-serv") else { return };
    let test = with_rsa();
    let port = free_port();
    let priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION";
    let listen = port.to_string();
    let args = [
        "-p",
        &listen,
        "--echo",
        "--priority",
        priority,
        "--x509certfile",
        "chain.pem",
        "--x509keyfile",
        "server.key",
    ];
    let mut server = Process::start(&test, test.program(gnutls).args(args));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    let report = check(&test, &format!("127.0.0.1:{port}"), &[]).exits(0).report();
    assert!(codes(&report, "warnings").contains(&"insecure_renegotiation"), "{report:#}");
}

#[test]
fn a_certificate_of_the_client_is_wanted() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    for version in ["-tls1_2", "-tls1_3"] {
        let args = [&PAIR[..], &["-cert_chain", "ca-bundle.ca", "-Verify", "1", version]].concat();
        let (_server, place) = s_server(&test, &openssl, &args);
        let report = check(&test, &place, &[]).exits(0).report();
        assert_eq!(report["server"]["client_certificate"], true, "{version}: {report:#}");
        assert_eq!(finding(&report, "handshake_failed")["severity"], "note");
    }
}

#[test]
fn a_name_that_the_server_does_not_know() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let names =
        ["-servername", "test.example", "-servername_fatal", "-cert2", "server.crt", "-key2", "server.key"];
    let (_server, place) =
        s_server(&test, &openssl, &[&PAIR[..], &["-cert_chain", "ca-bundle.ca"], &names].concat());
    // For the second name s_server has no chain to send.
    check(&test, &place, &[]).exits(1).says("missing_intermediate");
    test.certkit(&["check", &place, "--host", "other.example"])
        .exits(2)
        .says("does not know the requested name")
        .says("--host NAME");
}

#[test]
fn headers_of_nginx() {
    let Some(nginx) = peer("nginx") else { return };
    let test = Test::with_chain("test.example");
    std::fs::create_dir(test.path("nginx")).unwrap();
    let folder = test.path("nginx").display().to_string();
    let (chain, key) = (test.path("chain.pem"), test.path("server.key"));
    let mut servers = String::new();
    let mut ports = Vec::new();
    for header in [
        "add_header Strict-Transport-Security \"max-age=63072000\" always;",
        "",
        "add_header Strict-Transport-Security \"max-age=86400\" always;",
    ] {
        let port = free_port();
        ports.push(port);
        servers.push_str(&format!(
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {};\n\
             ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM; {header} location / {{ return 404; }} }}\n",
            chain.display(),
            key.display()
        ));
    }
    test.write(
        "nginx/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{ access_log \
             {folder}/access; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; \
             uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n{servers} }}\n"
        ),
    );
    let conf = format!("{folder}/nginx.conf");
    let mut process =
        Process::start(&test, test.program(&nginx).args(["-c", &conf, "-p", &folder, "-e", "stderr"]));
    for port in &ports {
        process.wait_for((Ipv4Addr::LOCALHOST, *port).into());
    }
    let report = |port: u16, form: &str| {
        let place = form.replace("PORT", &port.to_string());
        check(&test, &place, &[]).exits(0).report()
    };
    let good = report(ports[0], "https://127.0.0.1:PORT/a page?x=1");
    assert!(!codes(&good, "warnings").contains(&"hsts"), "{good:#}");
    assert_eq!(good["server"]["hsts"], "max-age=63072000");
    assert!(
        test.text("nginx/access").contains("\"HEAD /a%20page?x=1 HTTP/1.1\" 404"),
        "{}",
        test.text("nginx/access")
    );
    let missing = report(ports[1], "https://127.0.0.1:PORT");
    let found = finding(&missing, "hsts");
    assert_eq!(found["severity"], "warning");
    assert!(
        found["fix"]
            .as_str()
            .unwrap()
            .contains("add_header Strict-Transport-Security \"max-age=63072000\" always;")
    );
    let short = report(ports[2], "https://127.0.0.1:PORT");
    assert_eq!(finding(&short, "hsts")["severity"], "note");
    // Of a port that is not known to be https nothing is asked, nor for an address.
    assert!(!codes(&report(ports[1], "127.0.0.1:PORT"), "warnings").contains(&"hsts"));
    let url = format!("https://127.0.0.1:{}", ports[1]);
    test.certkit(&["check", &url, "--roots", "ca.crt"]).exits(1).keeps_quiet_about("hsts");
}

#[test]
fn servers_that_are_none() {
    let test = Test::with_certificate("test.example");
    let fails = |place: &str, more: &[&str]| {
        let ran = test.certkit(&[&["check", place, "--format", "json"], more].concat()).exits(2).report();
        ran["errors"][0].clone()
    };
    let code_and_text = |error: &Value| (error["code"].as_str().unwrap().to_owned(), error.to_string());

    let closed = ClosedPort::bind();
    let (code, text) = code_and_text(&fails(&format!("localhost:{}", closed.address.port()), &[]));
    assert!(code == "connection_failed" && text.contains("refused"), "{text}");
    let (code, text) = code_and_text(&fails("nothing.invalid:443", &[]));
    assert!(code == "connection_failed" && text.contains("nothing.invalid"), "{text}");

    for (words, wanted) in [
        ("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", "plain HTTP"),
        ("220 mail.test.example ESMTP\r\n", "--starttls smtp"),
        ("* OK IMAP4rev1 ready\r\n", "--starttls imap"),
        ("+OK POP3 ready\r\n", "--starttls pop3"),
        ("SSH-2.0-OpenSSH_9\r\n", "SSH"),
        ("\u{1b}[31mhello\r\n", "something else"),
    ] {
        let front = Front::start(&[say(words)], End::Silence);
        let place = format!("127.0.0.1:{}", front.port);
        let (code, text) = code_and_text(&fails(&place, &[]));
        assert!(code == "no_tls" && text.contains(wanted), "{words}: {text}");
        test.certkit(&["check", &place]).exits(2).keeps_quiet_about("\u{1b}[31m");
    }

    let front = Front::start(&[], End::Close);
    assert_eq!(fails(&format!("127.0.0.1:{}", front.port), &[])["code"], "no_tls");
    let front = Front::start(&[], End::Silence);
    let start = Instant::now();
    let (code, text) = code_and_text(&fails(&format!("127.0.0.1:{}", front.port), &["--timeout", "1"]));
    assert!(code == "connection_failed" && text.contains("does not answer within 1 s"), "{text}");
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn show_prints_what_openssl_gets() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let place = format!("127.0.0.1:{}", server.port);
    let args = ["show", &place, "--host", "test.example", "--format", "json"];
    let report = test.certkit(&args).exits(0).report();
    let items = report["items"].as_array().unwrap();
    let kinds: Vec<_> = items.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["server", "certificate", "certificate"]);
    assert_eq!((&items[0]["protocol"], &items[0]["sni"]), (&json!("TLSv1.3"), &json!("test.example")));
    assert_eq!(
        (&items[2]["location"]["file"], &items[2]["location"]["certificate"]),
        (&json!(place), &json!(2))
    );
    assert_eq!(report["chain"][0], json!({"depth": 0, "name": "test.example"}));
    assert_eq!(report["chain"][1]["depth"], 1);
    let args = ["s_client", "-connect", &place, "-servername", "test.example", "-showcerts"];
    test.write("seen.pem", test.run(&openssl, &args).exits(0).stdout_bytes());
    let seen = test.certkit(&["show", "seen.pem", "--format", "json"]).report();
    let fingerprints = |items: &Value, skip| -> Vec<String> {
        items.as_array().unwrap().iter().skip(skip).map(|item| item["sha256"].to_string()).take(2).collect()
    };
    assert_eq!(fingerprints(&report["items"], 1), fingerprints(&seen["items"], 0));
    test.certkit(&["show", &place])
        .exits(0)
        .says("key proved")
        .says(", certificate 2")
        .says("└ certkit intermediate CA");
}
