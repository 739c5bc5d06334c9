//! What sslscan, sslyze and testssl say of servers, in the same words.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use roxmltree::Document;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Seen, Subject, present};
use crate::harness::Test;
use crate::peers::{peer, python_of};

/// A server's name and port.
pub(super) type Place = (&'static str, u16);

/// What was seen, by the server's port.
type Scans = Vec<(u16, Seen)>;

/// A scanner, and how to ask it for servers by their ports.
pub(super) struct Scanner {
    pub(super) name: &'static str,
    /// The features that it looks for in a way that can be compared. sslscan says nothing of fallback beside OpenSSL 3.
    pub(super) features: &'static [&'static str],
    /// How many of it run at the same time.
    pub(super) at_once: usize,
    pub(super) scan: fn(&Test, &[Place]) -> Scans,
}

/// Those that are installed; testssl only where it is wanted, for it takes minutes.
pub(super) fn installed() -> Vec<Scanner> {
    let mut all = Vec::new();
    if peer("sslscan").is_some() {
        let features = &[
            "1024-bit Diffie-Hellman",
            "RSA below 2048 bits",
            "SHA-1 signature",
            "compression",
            "expired",
            "self-signed",
        ];
        all.push(Scanner { name: "sslscan", features, at_once: 20, scan: sslscan });
    }
    if python_of("sslyze", &["sslyze"]).is_some() {
        let features = &[
            "client certificate",
            "compression",
            "early data",
            "extended master secret",
            "fallback refused",
            "secure renegotiation",
            "trusted",
        ];
        all.push(Scanner { name: "sslyze", features, at_once: 1, scan: sslyze });
    }
    if env::var_os("CERTKIT_TESTSSL").is_some() && peer("testssl").is_some() {
        all.push(Scanner {
            name: "testssl",
            features: &["1024-bit Diffie-Hellman"],
            at_once: 4,
            scan: testssl,
        });
    }
    all
}

/// OpenSSL's name of a group.
fn group(name: &str) -> String {
    match name {
        "secp256r1" => "prime256v1",
        "x25519" => "X25519",
        "x448" => "X448",
        other => other,
    }
    .to_owned()
}

fn sslscan(test: &Test, places: &[Place]) -> Scans {
    let scan = |(name, port): &Place| {
        let xml = format!("sslscan-{port}.xml");
        let (file, place) = (format!("--xml={xml}"), format!("127.0.0.1:{port}"));
        // A group that is not answered in time is missing, and OpenSSL computes for long with ffdhe8192 on a busy machine. What
        // sslscan waits for in vain is the answer of rustls to a hello without a key: a request for another hello.
        let has_rustls = matches!(*name, "certkit serve" | "granian");
        let timeout = format!("--timeout={}", if has_rustls { 5 } else { 60 });
        let args = ["--no-colour", "--sni-name=test.example", &timeout, &file, &place];
        test.program(peer("sslscan").unwrap()).args(args).patiently(3).run().exits(0);
        (*port, seen_by_sslscan(&test.text(&xml)))
    };
    places.iter().map(scan).collect()
}

fn seen_by_sslscan(xml: &str) -> Seen {
    let document = Document::parse(xml).unwrap();
    let all = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name(name));
    let attribute = |name, wanted: &'static str| all(name).filter_map(move |node| node.attribute(wanted));
    let text = |name| all(name).filter_map(|node| node.text()).collect::<Vec<_>>();
    let version = |name: &str| name.replace("TLSv1.0", "TLSv1");
    let enabled = all("protocol").filter(|node| node.attribute("enabled") == Some("1")).map(|node| {
        let prefix = if node.attribute("type") == Some("ssl") { "SSLv" } else { "TLSv" };
        version(&format!("{prefix}{}", node.attribute("version").unwrap()))
    });
    let suites = all("cipher").map(|node| {
        let part = |name| node.attribute(name).unwrap();
        format!("{} {}", version(part("sslversion")), part("cipher"))
    });
    let groups = attribute("group", "name").map(|name| group(name.split(' ').next().unwrap()));
    let has = |name, wanted, value: &str| attribute(name, wanted).any(|one| one == value);
    let is_short = |node: roxmltree::Node<'_, '_>| {
        node.attribute("type") == Some("RSA")
            && node.attribute("bits").and_then(|bits| bits.parse().ok()).is_some_and(|bits: u32| bits < 2048)
    };
    let features = [
        ("1024-bit Diffie-Hellman", has("cipher", "dhebits", "1024")),
        ("RSA below 2048 bits", all("pk").any(is_short)),
        ("SHA-1 signature", text("signature-algorithm").iter().any(|name| name.starts_with("sha1With"))),
        ("compression", has("compression", "supported", "1")),
        ("expired", text("expired").contains(&"true")),
        ("self-signed", text("self-signed").contains(&"true")),
    ];
    BTreeMap::from([
        (Subject::Protocols, enabled.collect()),
        (Subject::Suites, suites.collect()),
        (Subject::Groups, groups.collect()),
        (Subject::Features, present(features)),
    ])
}

#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    server_scan_results: Vec<Scan<'a>>,
}

#[derive(Deserialize)]
struct Scan<'a> {
    server_location: Location,
    connectivity_result: Connectivity,
    #[serde(borrow)]
    scan_result: BTreeMap<&'a str, &'a RawValue>,
}

#[derive(Deserialize)]
struct Location {
    port: u16,
}

#[derive(Deserialize)]
struct Connectivity {
    client_auth_requirement: String,
}

/// Of the certificates, only what comes of the roots that were given: other fields have numbers that no number of this
/// machine is large enough for.
#[derive(Deserialize)]
struct Certificates {
    result: Deployments,
}

#[derive(Deserialize)]
struct Deployments {
    certificate_deployments: Vec<Deployment>,
}

#[derive(Deserialize)]
struct Deployment {
    path_validation_results: Vec<Path>,
}

#[derive(Deserialize)]
struct Path {
    trust_store: Store,
    was_validation_successful: bool,
}

#[derive(Deserialize)]
struct Store {
    name: String,
}

fn sslyze(test: &Test, places: &[Place]) -> Scans {
    let python = python_of("sslyze", &["sslyze"]).unwrap();
    let versions = ["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"];
    let more = ["--elliptic_curves", "--compression", "--reneg", "--early_data", "--fallback", "--ems"];
    // s_server takes one connection at a time: fewer at once wait less for it.
    let files =
        ["--slow_connection", "--certinfo", "--certinfo_ca_file", "ca.crt", "--json_out", "sslyze.json"];
    let targets = places.iter().map(|(_, port)| format!("test.example:{port}{{127.0.0.1}}"));
    let program = test.program(&python).args(["-m", "sslyze"]).args(versions).args(more).args(files);
    program.args(targets).patiently(3).run();
    let text = test.text("sslyze.json");
    let report: Report<'_> = serde_json::from_str(&text).unwrap();
    report.server_scan_results.iter().map(|scan| (scan.server_location.port, seen_by_sslyze(scan))).collect()
}

fn seen_by_sslyze(scan: &Scan<'_>) -> Seen {
    // One that could not be finished has no result.
    let result = |name: &str| -> Value {
        let whole: Value = serde_json::from_str(scan.scan_result[name].get()).unwrap();
        whole["result"].clone()
    };
    let names = |list: &Value, path: &str| -> BTreeSet<String> {
        let all = list.as_array().into_iter().flatten();
        all.filter_map(|one| one.pointer(path)?.as_str().map(str::to_owned)).collect()
    };
    let (mut protocols, mut suites) = (BTreeSet::new(), BTreeSet::new());
    for (field, version) in [
        ("ssl_2_0", "SSLv2"),
        ("ssl_3_0", "SSLv3"),
        ("tls_1_0", "TLSv1"),
        ("tls_1_1", "TLSv1.1"),
        ("tls_1_2", "TLSv1.2"),
        ("tls_1_3", "TLSv1.3"),
    ] {
        let result = result(&format!("{field}_cipher_suites"));
        if result["is_tls_version_supported"] == true {
            protocols.insert(version.to_owned());
        }
        let accepted = names(&result["accepted_cipher_suites"], "/cipher_suite/openssl_name");
        suites.extend(accepted.into_iter().map(|name| format!("{version} {name}")));
    }
    let groups = names(&result("elliptic_curves")["supported_curves"], "/name");
    let certificates: Certificates =
        serde_json::from_str(scan.scan_result["certificate_info"].get()).unwrap();
    let is_trusted = certificates.result.certificate_deployments.iter().any(|deployment| {
        let paths = &deployment.path_validation_results;
        paths.iter().any(|path| path.trust_store.name == "Supplied CA file" && path.was_validation_successful)
    });
    let has = |name: &str, field: &str| result(name)[field] == true;
    let features = [
        ("client certificate", scan.connectivity_result.client_auth_requirement != "DISABLED"),
        ("compression", has("tls_compression", "supports_compression")),
        ("early data", has("tls_1_3_early_data", "supports_early_data")),
        ("extended master secret", has("tls_extended_master_secret", "supports_ems_extension")),
        ("fallback refused", has("tls_fallback_scsv", "supports_fallback_scsv")),
        ("secure renegotiation", has("session_renegotiation", "supports_secure_renegotiation")),
        ("trusted", is_trusted),
    ];
    BTreeMap::from([
        (Subject::Protocols, protocols),
        (Subject::Suites, suites),
        (Subject::Groups, groups.iter().map(|name| group(name)).collect()),
        (Subject::Features, present(features)),
    ])
}

fn testssl(test: &Test, places: &[Place]) -> Scans {
    let scan = |(_, port): &Place| {
        let (json, url) = (format!("testssl-{port}.json"), format!("https://test.example:{port}"));
        let fixed = ["--quiet", "--color", "0", "--warnings", "off", "--openssl-timeout", "20"];
        let asked = ["--ip", "127.0.0.1", "-p", "-E", "-f", "--jsonfile", &json, &url];
        test.program(peer("testssl").unwrap()).args(fixed).args(asked).patiently(60).run();
        (*port, seen_by_testssl(&serde_json::from_str(&test.text(&json)).unwrap()))
    };
    places.iter().map(scan).collect()
}

fn seen_by_testssl(report: &Value) -> Seen {
    let (mut protocols, mut suites, mut groups) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut has_short_group = false;
    for finding in report.as_array().unwrap() {
        let (id, text) = (finding["id"].as_str().unwrap(), finding["finding"].as_str().unwrap());
        let version = |name: &str| match name {
            "SSLv2" | "ssl2" => "SSLv2",
            "SSLv3" | "ssl3" => "SSLv3",
            "TLS1" | "tls1" => "TLSv1",
            "TLS1_1" | "tls1_1" => "TLSv1.1",
            "TLS1_2" | "tls1_2" => "TLSv1.2",
            "TLS1_3" | "tls1_3" => "TLSv1.3",
            other => panic!("no version: {other}"),
        };
        match id {
            "SSLv2" | "SSLv3" | "TLS1" | "TLS1_1" | "TLS1_2" | "TLS1_3" if text.starts_with("offered") => {
                protocols.insert(version(id).to_owned());
            }
            "PFS_ECDHE_curves" => groups.extend(text.split(' ').map(group)),
            // A group of the server's own, such as `RFC3526/Oakley Group 14`, has no number in TLS.
            "DH_groups" => groups.extend(text.split(' ').filter(|name| name.starts_with("ffdhe")).map(group)),
            // `TLS 1.2   xc02f   ECDHE-RSA-AES128-GCM-SHA256   ECDH 253 ...`
            _ => {
                let Some((version_of_id, _)) = id.strip_prefix("cipher-").and_then(|id| id.rsplit_once("_x"))
                else {
                    continue;
                };
                has_short_group |= text.contains(" DH 1024 ");
                let is_suite = |word: &&str| word.len() > 6 && word.contains(['-', '_']);
                let name = text.split_whitespace().find(is_suite).unwrap();
                suites.insert(format!("{} {name}", version(version_of_id)));
            }
        }
    }
    BTreeMap::from([
        (Subject::Protocols, protocols),
        (Subject::Suites, suites),
        (Subject::Groups, groups),
        (Subject::Features, present([("1024-bit Diffie-Hellman", has_short_group)])),
    ])
}
