//! `check --deep` beside sslscan, sslyze and testssl, on usual and on odd servers: the same protocols, cipher suites and groups,
//! and the same weaknesses. Where they differ, a row of `explained.toml` says why; docs/servers-compared.md shows the rows.
//!
//! testssl takes minutes for each server: `make compare` asks it as well (`CERTKIT_TESTSSL=1`).

mod explained;
mod scanners;
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::thread;

use serde::Deserialize;
use serde_json::Value;

use self::explained::Explanations;
use self::scanners::Scanner;
use self::servers::{SERVERS, Site};
use crate::harness::Test;
use crate::process::free_port;

/// What scanners look at.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum Subject {
    Features,
    Groups,
    Protocols,
    Suites,
}

/// What was seen of a server, by names of OpenSSL. Suites are those of a version: `TLSv1.2 AES128-SHA`.
type Seen = BTreeMap<Subject, BTreeSet<String>>;

/// Who sees what the other does not.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum Side {
    Certkit,
    Scanner,
}

/// One name that only one of two sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    scanner: &'static str,
    server: &'static str,
    subject: Subject,
    only: Side,
    name: String,
}

/// What `check --deep` says of a server.
fn seen_by_certkit(report: &Value) -> Seen {
    let server = &report["server"];
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let suites = server["suites"].as_object().into_iter().flatten().flat_map(|(version, of_version)| {
        names(of_version).into_iter().map(move |name| format!("{version} {name}"))
    });
    let codes = codes(report);
    let messages: String =
        report["reasons"].as_array().unwrap().iter().map(|one| one["message"].as_str().unwrap()).collect();
    let has = |code: &str| codes.iter().any(|(_, one)| *one == code);
    let features = [
        ("1024-bit Diffie-Hellman", messages.contains("1024-bit Diffie-Hellman group")),
        ("compression", has("tls_compression")),
        ("client certificate", server["client_certificate"] == true),
        ("early data", server["early_data"] == true),
        ("expired", has("expired")),
        ("extended master secret", server["extended_master_secret"] == true),
        ("fallback refused", server["fallback_refused"] == true),
        (
            "secure renegotiation",
            server["extended_master_secret"] != Value::Null && !has("insecure_renegotiation"),
        ),
        ("self-signed", has("self_signed")),
        ("trusted", !["expired", "missing_intermediate", "self_signed"].into_iter().any(has)),
        ("RSA below 2048 bits", has("weak_key")),
        ("SHA-1 signature", has("weak_signature")),
    ];
    BTreeMap::from([
        (Subject::Protocols, names(&server["protocols"])),
        (Subject::Groups, names(&server["groups"])),
        (Subject::Suites, suites.collect()),
        (Subject::Features, present(features)),
    ])
}

/// The names of those that are there.
fn present<'a>(features: impl IntoIterator<Item = (&'a str, bool)>) -> BTreeSet<String> {
    features.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name.to_owned()).collect()
}

/// Severity and code of each finding, without those that are only worth knowing.
fn codes(report: &Value) -> BTreeSet<(&str, &str)> {
    let all = ["reasons", "warnings"].into_iter().flat_map(|part| report[part].as_array().unwrap());
    all.map(|one| (one["severity"].as_str().unwrap_or("error"), one["code"].as_str().unwrap()))
        .filter(|(severity, _)| *severity != "note")
        .collect()
}

fn differences(scanner: &Scanner, server: &'static str, ours: &Seen, theirs: &Seen) -> Vec<Difference> {
    let mut all = Vec::new();
    for (subject, theirs) in theirs {
        let ours = &ours[subject];
        let ours_alone = ours.difference(theirs).map(|name| (Side::Certkit, name));
        let theirs_alone = theirs.difference(ours).map(|name| (Side::Scanner, name));
        all.extend(
            ours_alone
                .chain(theirs_alone)
                .filter(|(_, name)| {
                    *subject != Subject::Features || scanner.features.contains(&name.as_str())
                })
                .map(|(only, name)| Difference {
                    scanner: scanner.name,
                    server,
                    subject: *subject,
                    only,
                    name: name.clone(),
                }),
        );
    }
    all
}

/// Every server runs at the same time, and every scanner asks every server: most of the time is waiting.
#[test]
fn certkit_and_scanners_see_the_same() {
    let scanners = scanners::installed();
    let test = Test::new();
    let site = Site::new(&test);
    let mut running = Vec::new();
    for server in SERVERS {
        let port = free_port();
        if let Some(process) = (server.start)(&site, port) {
            running.push((server, port, process));
        }
    }
    for (_, port, process) in &mut running {
        process.wait_for((Ipv4Addr::LOCALHOST, *port).into());
    }
    let ports: Vec<_> = running.iter().map(|(server, port, _)| (server.name, *port)).collect();
    let reports: Vec<_> = ports
        .iter()
        .map(|(_, port)| {
            let place = format!("127.0.0.1:{port}");
            let args = [
                "check",
                &place,
                "--host",
                "test.example",
                "--roots",
                "ca.crt",
                "--deep",
                "--format",
                "json",
            ];
            test.certkit(&args).report()
        })
        .collect();
    for ((server, ..), report) in running.iter().zip(&reports) {
        assert_eq!(report["server"].get("unanswered"), None, "{}: {report:#}", server.name);
        let wanted: BTreeSet<_> = server.findings.iter().copied().collect();
        assert_eq!(codes(report), wanted, "{}: {report:#}", server.name);
    }
    let mut found = BTreeSet::new();
    for scanner in &scanners {
        let share = ports.len().div_ceil(scanner.at_once).max(1);
        let theirs: BTreeMap<_, _> = thread::scope(|scope| {
            let asked: Vec<_> =
                ports.chunks(share).map(|part| scope.spawn(|| (scanner.scan)(&test, part))).collect();
            asked.into_iter().flat_map(|scan| scan.join().unwrap()).collect()
        });
        for ((name, port), report) in ports.iter().zip(&reports) {
            let theirs = theirs.get(port).unwrap_or_else(|| panic!("{}: no result for {name}", scanner.name));
            found.extend(differences(scanner, name, &seen_by_certkit(report), theirs));
        }
    }
    let explanations = Explanations::read();
    let open: Vec<_> = found.iter().filter(|one| !explanations.explain(one)).collect();
    assert!(open.is_empty(), "neither equal nor explained: {open:#?}");
    let ran: BTreeSet<_> = ports.iter().map(|(name, _)| *name).collect();
    let asked: BTreeSet<_> = scanners.iter().map(|scanner| scanner.name).collect();
    let past = explanations.past(&found, &ran, &asked);
    assert!(past.is_empty(), "explained, but the same by now: {past:#?}");
}
