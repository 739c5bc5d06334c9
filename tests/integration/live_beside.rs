//! `check --deep` beside sslscan: the same versions, suites and groups of real servers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use crate::harness::Test;
use crate::peers::peer;
use crate::process::{Process, free_port};

/// The values of one attribute, in the elements that begin so.
fn attributes<'a>(xml: &'a str, element: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    let of_line = |line: &'a str| {
        let (_, rest) = line.split_once(start.as_str())?;
        rest.split_once('"').map(|(value, _)| value)
    };
    xml.lines().filter(|line| line.trim_start().starts_with(element)).filter_map(of_line).collect()
}

/// The suites by version: OpenSSL's names, and how many have other names in sslscan.
type Suites = BTreeMap<String, (BTreeSet<String>, usize)>;

fn sorted(named: impl IntoIterator<Item = (String, String)>, is_known: impl Fn(&str) -> bool) -> Suites {
    let mut suites = Suites::new();
    for (version, name) in named {
        let (known, others) = suites.entry(version).or_default();
        if is_known(&name) {
            known.insert(name);
        } else {
            *others += 1;
        }
    }
    suites
}

fn compare(test: &Test, openssl: &Path, sslscan: &Path, port: u16) {
    let place = format!("127.0.0.1:{port}");
    let xml = format!("{port}.xml");
    test.run(sslscan, &["--no-colour", "--timeout=30", &format!("--xml={xml}"), &place]).exits(0);
    let xml = test.text(&xml);
    let args = ["check", &place, "--host", "test.example", "--roots", "ca.crt", "--format", "json", "--deep"];
    let report = test.certkit(&args).report();
    let server = &report["server"];
    assert_eq!(server.get("unanswered"), None, "{report:#}");

    // sslscan has names of the RFCs for what its own OpenSSL was built without.
    let listed = test.run(openssl, &["ciphers", "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0"]).exits(0).stdout();
    let listed: BTreeSet<_> = listed.trim().split(':').collect();
    let is_known =
        |name: &str| listed.contains(name) || name.starts_with("TLS_A") || name.starts_with("TLS_CH");
    let versions = attributes(&xml, "<cipher", "sslversion");
    let theirs = versions.into_iter().map(|version| version.replace("TLSv1.0", "TLSv1"));
    let theirs = theirs.zip(attributes(&xml, "<cipher", "cipher").into_iter().map(String::from));
    let ours = server["suites"].as_object().unwrap().iter().flat_map(|(version, names)| {
        let names = names.as_array().unwrap().iter();
        names.map(|name| (version.clone(), name.as_str().unwrap().to_owned()))
    });
    assert_eq!(sorted(ours, is_known), sorted(theirs, is_known), "suites: {report:#}\n{xml}");

    let theirs: BTreeSet<_> = attributes(&xml, "<group", "name")
        .into_iter()
        .map(|name| match name.split(' ').next().unwrap() {
            "secp256r1" => "prime256v1",
            "x25519" => "X25519",
            "x448" => "X448",
            other => other,
        })
        .collect();
    let ours: BTreeSet<_> =
        server["groups"].as_array().unwrap().iter().map(|group| group.as_str().unwrap()).collect();
    assert_eq!(ours, theirs, "groups: {report:#}\n{xml}");
    assert!(matches!(server["protocols"], Value::Array(_)));
}

/// A folder with an RSA chain.
fn with_rsa() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    test
}

#[test]
fn openssl_with_everything() {
    let (Some(openssl), Some(sslscan)) = (peer("openssl"), peer("sslscan")) else { return };
    let test = with_rsa();
    for more in [&["-min_protocol", "TLSv1"][..], &["-tls1_2"]] {
        let port = free_port();
        let accept = port.to_string();
        let fixed = ["s_server", "-accept", &accept, "-quiet", "-cert", "server.crt", "-key", "server.key"];
        let ciphers = ["-cipher", "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0"];
        let mut server =
            Process::start(&test, test.program(&openssl).args([&fixed[..], &ciphers, more].concat()));
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        compare(&test, &openssl, &sslscan, port);
    }
}

#[test]
fn gnutls_with_what_it_has_beyond_openssl() {
    let (Some(openssl), Some(sslscan)) = (peer("openssl"), peer("sslscan")) else { return };
    let Some(gnutls) = peer("gnutls-serv") else { return };
    let test = with_rsa();
    let port = free_port();
    let listen = port.to_string();
    let priority = "NORMAL:+VERS-ALL:+ARCFOUR-128:+3DES-CBC:+CAMELLIA-256-GCM:+CAMELLIA-128-GCM:+CAMELLIA-128-CBC:\
                    +RSA:+DHE-RSA:+ANON-ECDH:+ANON-DH:+AES-128-CCM-8";
    let files = ["--x509certfile", "chain.pem", "--x509keyfile", "server.key"];
    let args = [&["-p", &listen, "--echo", "--priority", priority][..], &files].concat();
    let mut server = Process::start(&test, test.program(&gnutls).args(args));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    compare(&test, &openssl, &sslscan, port);
}
