//! What scanners say of `serve`: testssl, sslyze and sslscan find nothing, apart from exceptions that are named here.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Document;
use rustls::NamedGroup;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::version::{TLS12, TLS13};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Client, HTTP1, block_on};
use crate::harness::Test;
use crate::peers::{peer, python_of};
use crate::process::Server;

/// The suites of TLS 1.2 of Mozilla's guideline, "intermediate".
const SUITES: [&str; 6] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
];
const SUITES_OF_TLS13: [&str; 3] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/// A site with an ECDSA and an RSA certificate for the same name, for as long as public CAs issue them.
fn site() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    for (base, kind) in [("ecdsa", "p256"), ("rsa", "rsa2048")] {
        test.certkit(&["mkcert", "test.example", "--days", "90", "-k", kind, "-o", base]).exits(0);
        let (certificate, chain) = (format!("{base}.crt"), format!("{base}.pem"));
        test.certkit(&["merge", &certificate, "ca-bundle.ca", "-o", &chain]).exits(0);
    }
    test.write("www/index.html", "a page");
    test
}

fn start(test: &Test, args: &[&str]) -> Server {
    let certificates = ["--cert", "ecdsa.pem", "--key", "ecdsa.key", "--cert", "rsa.pem", "--key", "rsa.key"];
    Server::start(test, &[&certificates[..], &["--static-root", "www", "--hsts"], args].concat())
}

/// What is not clean for testssl, and why it is right nevertheless.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("cipher_order", "the client knows what it computes fast, and Mozilla's guideline wants its order"),
    ("cert_revocation", "a CA of one's own names neither a revocation list nor a responder"),
    ("DNS_CAArecord", "the name is not in the DNS"),
];

/// Without its simulation of clients and its list of each cipher suite: with them it takes minutes, and the other scanners
/// list the suites.
#[test]
fn testssl_finds_nothing() {
    let (Some(testssl), test) = (peer("testssl"), site()) else { return };
    let server = start(&test, &[]);
    let url = server.url("test.example", "");
    let options = ["--quiet", "--color", "0", "--warnings", "off", "--openssl-timeout", "20"];
    let program =
        test.program(&testssl).args(options).args(["--jsonfile", "testssl.json", "--add-ca", "ca.crt"]);
    program.args(["--ip", "127.0.0.1", "-p", "-P", "-S", "-h", "-U", &url]).patiently(4).run();
    let found: Vec<Value> = serde_json::from_str(&test.text("testssl.json")).unwrap();
    // An id may be followed by the number of the certificate.
    let id = |finding: &Value| finding["id"].as_str().unwrap().split(' ').next().unwrap().to_owned();
    for expected in
        ["TLS1_2", "TLS1_3", "ALPN_HTTP2", "cert_chain_of_trust", "HSTS_time", "heartbleed", "ROBOT"]
    {
        let severities: Vec<_> =
            found.iter().filter(|finding| id(finding) == expected).map(|it| it["severity"].clone()).collect();
        assert!(
            !severities.is_empty() && severities.iter().all(|it| it == "OK"),
            "{expected}: {severities:?}"
        );
    }
    let wrong: Vec<_> = found
        .iter()
        .filter(|finding| {
            ["LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL"].contains(&finding["severity"].as_str().unwrap())
        })
        .filter(|finding| EXCEPTIONS.iter().all(|(exception, _)| id(finding) != *exception))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    server_scan_results: Vec<Scan<'a>>,
}

#[derive(Deserialize)]
struct Scan<'a> {
    #[serde(borrow)]
    scan_result: BTreeMap<&'a str, &'a RawValue>,
}

/// The result of each of its checks.
fn sslyze(test: &Test, server: &Server, configuration: &str) -> Option<BTreeMap<String, Value>> {
    let python = python_of("sslyze", &["sslyze"])?;
    let target = format!("test.example:{}{{127.0.0.1}}", server.port);
    let options = ["--certinfo_ca_file", "ca.crt", "--json_out", "sslyze.json"];
    let program = test.program(&python).args(["-m", "sslyze"]).args(options);
    let configuration = format!("--mozilla_config={configuration}");
    program.args([&configuration, &target]).patiently(2).run().exits(0).says("OK - Compliant.");
    let text = test.text("sslyze.json");
    let report: Report<'_> = serde_json::from_str(&text).unwrap();
    let results = report.server_scan_results[0].scan_result.iter();
    // The certificates have numbers that no number of this machine is large enough for.
    let results = results.filter(|(name, _)| **name != "certificate_info");
    Some(results.map(|(name, raw)| ((*name).to_owned(), serde_json::from_str(raw.get()).unwrap())).collect())
}

fn names<'a>(list: &'a Value, name: impl Fn(&'a Value) -> &'a Value) -> BTreeSet<&'a str> {
    list.as_array().unwrap().iter().map(|one| name(one).as_str().unwrap()).collect()
}

#[test]
fn sslyze_finds_what_mozilla_calls_intermediate() {
    let test = site();
    let server = start(&test, &[]);
    let Some(report) = sslyze(&test, &server, "intermediate") else { return };
    let curves = &report["elliptic_curves"]["result"]["supported_curves"];
    assert_eq!(names(curves, |curve| &curve["name"]), BTreeSet::from(["X25519", "secp256r1", "secp384r1"]));
    for version in ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"] {
        let result = &report[&*format!("{version}_cipher_suites")]["result"];
        assert_eq!(result["is_tls_version_supported"], false, "{version}");
    }
}

#[test]
fn sslyze_finds_what_mozilla_calls_modern() {
    let test = site();
    let server = start(&test, &["--tls-min", "1.3"]);
    let Some(report) = sslyze(&test, &server, "modern") else { return };
    assert_eq!(report["tls_1_2_cipher_suites"]["result"]["is_tls_version_supported"], false);
    let suites = &report["tls_1_3_cipher_suites"]["result"]["accepted_cipher_suites"];
    let suites = names(suites, |suite| &suite["cipher_suite"]["name"]);
    assert_eq!(suites, BTreeSet::from(SUITES_OF_TLS13));
}

/// It also says that TLS_FALLBACK_SCSV (RFC 7507) is not supported. Clients send that when they try again with an older
/// version; none does so with TLS 1.2, and since TLS 1.3 the server's random shows a downgrade (RFC 8446 section 4.1.3).
#[test]
fn sslscan_finds_nothing() {
    let (Some(sslscan), test) = (peer("sslscan"), site()) else { return };
    let server = start(&test, &[]);
    let address = format!("127.0.0.1:{}", server.port);
    test.run(&sslscan, &["--xml=sslscan.xml", "--sni-name=test.example", &address]).exits(0);
    let text = test.text("sslscan.xml");
    let document = Document::parse(&text).unwrap();
    let all = |name: &'static str, wanted: &'static str| {
        let elements = document.descendants().filter(move |node| node.has_tag_name(name));
        elements.filter_map(move |node| node.attribute(wanted)).collect::<Vec<_>>()
    };
    // SSL 2 and 3, TLS 1.0 to 1.3.
    assert_eq!(all("protocol", "enabled"), ["0", "0", "0", "0", "1", "1"]);
    assert_eq!(all("renegotiation", "supported"), ["0"]);
    assert!(all("compression", "supported").iter().all(|supported| *supported == "0"));
    assert!(all("heartbleed", "vulnerable").iter().all(|vulnerable| *vulnerable == "0"));
    assert!(all("cipher", "strength").iter().all(|strength| ["acceptable", "strong"].contains(strength)));
    let suites: BTreeSet<_> = all("cipher", "cipher").into_iter().collect();
    assert_eq!(suites, SUITES.into_iter().chain(SUITES_OF_TLS13).collect());
    let groups: BTreeSet<_> = all("group", "id").into_iter().collect();
    assert_eq!(groups, BTreeSet::from(["0x0017", "0x0018", "0x001d"]), "P-256, P-384, X25519");
    assert!(all("pk", "error").iter().all(|error| *error == "false"));
    for (element, expected) in [("expired", "false"), ("self-signed", "false")] {
        let said = document.descendants().filter(|node| node.has_tag_name(element));
        assert!(said.filter_map(|node| node.text()).all(|said| said == expected), "{element}");
    }
}

/// The groups of Mozilla's guideline 6.0, which scanners of today do not all know.
#[test]
fn key_exchanges_are_those_of_the_guideline() {
    let test = site();
    let server = start(&test, &[]);
    let negotiated = |version, groups: &[&'static dyn SupportedKxGroup]| {
        let client = Client::with_groups(&test, server.port, version, HTTP1, groups.to_vec());
        let stream = block_on(client.tls("test.example")).ok()?;
        Some(stream.get_ref().1.negotiated_key_exchange_group().unwrap().name())
    };
    let offered = [kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    for group in offered {
        assert_eq!(negotiated(&TLS13, &[group]), Some(group.name()));
    }
    for group in &offered[1..] {
        assert_eq!(negotiated(&TLS12, &[*group]), Some(group.name()));
    }
    for group in [kx_group::MLKEM768, kx_group::SECP256R1MLKEM768] {
        assert_eq!(negotiated(&TLS13, &[group]), None, "{:?}", group.name());
    }
    assert_eq!(negotiated(&TLS13, &offered), Some(NamedGroup::X25519MLKEM768));
}
