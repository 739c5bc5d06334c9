//! docs/clients.md shown again: one chain for each row, judged by the clients that are installed and by certkit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::{Value, json};

use crate::harness::{Test, certkit, repository};
use crate::json::flattened;
use crate::peers::{peer, python, script};

/// Columns of the page that no client on Linux fills.
const DOCUMENTED: [&str; 3] = ["Android", "Apple", "Windows"];

/// A row of the page: code, severity under `tls`, and for each client whether it refuses.
struct Row {
    code: String,
    severity: String,
    refuses: BTreeMap<String, bool>,
    /// What docs/findings.md says of the row: `openssl and curl refuse it`. Empty where no client refuses.
    sentence: String,
}

/// The rows of the page by the names of their chains.
fn rows() -> BTreeMap<String, Row> {
    let page = fs::read_to_string(repository().join("docs/clients.md")).unwrap();
    let mut lines = page.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let head = cells(lines.next().unwrap());
    let findings = fs::read_to_string(repository().join("docs/findings.md")).unwrap();
    let sentence = |what: &str| {
        let line = format!("\n- {what}: ");
        let (_, rest) = findings.split_once(&line).unwrap_or_else(|| panic!("docs/findings.md lacks {what}"));
        let sentence = rest.split_once(".\n").unwrap().0;
        if sentence == "clients accept it" { String::new() } else { sentence.to_owned() }
    };
    let row = |line: &str| {
        let cells = cells(line);
        let refuses = head.iter().zip(&cells).skip(4).filter(|(_, cell)| !cell.is_empty());
        let refuses = refuses.map(|(client, cell)| (client.clone(), cell == "R")).collect();
        let (sentence, code, severity) = (sentence(&cells[1]), cells[2].clone(), cells[3].clone());
        (cells[0].clone(), Row { code, severity, refuses, sentence })
    };
    lines.map(row).collect()
}

/// The chains, as lines of chains.py.
fn chains(test: &Test, python: &Path) -> String {
    test.program(python).args([script("chains.py")]).run().exits(0).stdout()
}

#[test]
fn each_cell_is_what_the_client_does() {
    let Some(python) = python(&["cryptography"]) else { return };
    // The libraries that a script asks come with these programs.
    for program in ["certtool", "certutil", "chromium", "curl", "java", "openssl"] {
        if peer(program).is_none() {
            return;
        }
    }
    let test = Test::new();
    let chains = chains(&test, &python);
    let ask = test.program(&python).args([script("clients.py")]).stdin(&chains);
    let asked = ask.patiently(4).run();
    let mut answers: Value = serde_json::from_str(&asked.exits(0).stdout()).unwrap();
    for line in chains.lines() {
        let chain: Value = serde_json::from_str(line).unwrap();
        answers[chain["id"].as_str().unwrap()]["rustls"] = rustls(&chain).err().unwrap_or_default().into();
    }
    let rows = rows();
    let mut wrong = Vec::new();
    let mut asked = BTreeMap::<&str, usize>::new();
    for (id, answer) in answers.as_object().unwrap() {
        for (client, reason) in answer.as_object().unwrap() {
            *asked.entry(client).or_default() += 1;
            let refuses = reason != "";
            let expected = rows.get(id).is_some_and(|row| row.refuses[client]);
            if refuses != expected {
                wrong.push(format!("{id}: {client} refuses: {refuses} ({reason})"));
            }
        }
    }
    eprintln!("clients asked, and about how many chains: {asked:?}");
    assert!(wrong.is_empty(), "docs/clients.md is wrong:\n{}", wrong.join("\n"));
    let missing: Vec<_> = rows.keys().filter(|id| answers[id.as_str()].is_null()).collect();
    assert!(missing.is_empty(), "no chain for {missing:?}");
    assert!(asked.values().all(|&count| count > 90), "{asked:?}");
}

/// Whether rustls accepts a chain, and a handshake by its leaf.
fn rustls(chain: &Value) -> Result<(), String> {
    let list = |name: &str| -> Vec<CertificateDer<'static>> {
        let texts = chain[name].as_array().unwrap().iter();
        texts.map(|text| CertificateDer::from(STANDARD.decode(text.as_str().unwrap()).unwrap())).collect()
    };
    let reason = |error: webpki::Error| format!("{error:?}");
    let (sent, trusted) = (list("sent"), list("trusted"));
    let anchors = trusted.iter().map(webpki::anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>();
    let leaf = webpki::EndEntityCert::try_from(&sent[0]).map_err(reason)?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(chain["at"].as_u64().unwrap()));
    let (algorithms, usage) = (webpki::ALL_VERIFICATION_ALGS, webpki::KeyUsage::server_auth());
    leaf.verify_for_usage(algorithms, &anchors.map_err(reason)?, &sent[1..], at, usage, None, None)
        .map_err(reason)?;
    let host = ServerName::try_from(chain["host"].as_str().unwrap()).unwrap();
    leaf.verify_is_valid_for_subject_name(&host).map_err(reason)?;
    let signature = STANDARD.decode(chain["signature"].as_str().unwrap()).unwrap();
    let verifies = |algorithm: &&_| leaf.verify_signature(*algorithm, b"a handshake", &signature).is_ok();
    if algorithms.iter().any(verifies) { Ok(()) } else { Err("no algorithm for this key".into()) }
}

#[test]
fn certkit_reports_each_row_with_its_code_severity_and_clients() {
    let Some(python) = python(&["cryptography"]) else { return };
    let test = Test::new();
    let pem = |text: &Value| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", text.as_str().unwrap())
    };
    let list = |value: &Value| -> Value { value.as_array().unwrap().iter().map(&pem).collect() };
    let lines: String = chains(&test, &python)
        .lines()
        .map(|line| {
            let chain: Value = serde_json::from_str(line).unwrap();
            let line = json!({
                "id": chain["id"],
                "chain_pem": list(&chain["sent"]),
                "roots_pem": list(&chain["trusted"]),
                "host": chain["host"],
                "warnings": true,
            });
            format!("{line}\n")
        })
        .collect();
    test.write("chains.jsonl", lines);
    let ran = test.program(certkit()).args(["check", "--batch", "chains.jsonl"]).run();
    let rows = rows();
    let mut wrong = Vec::new();
    for line in ran.stdout().lines() {
        let answer = flattened(serde_json::from_str(line).unwrap());
        let id = answer["id"].as_str().unwrap();
        let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
        let (reasons, warnings) = (list("reasons"), list("warnings"));
        let Some(row) = rows.get(id) else {
            assert!(reasons.is_empty() && warnings.is_empty(), "{id}: {answer}");
            continue;
        };
        let is_error = row.severity == "error";
        // The finding of the row: where clients refuse, its first line ends with those who do.
        let is_of_row = |finding: &Value| {
            let first = finding["message"].as_str().unwrap().lines().next().unwrap_or_default().to_owned();
            finding["code"] == row.code.as_str()
                && (row.sentence.is_empty() || first.ends_with(&format!("; {}", row.sentence)))
        };
        let is_said = if is_error { &reasons } else { &warnings }.iter().any(is_of_row);
        // What clients accept is checked by the other profiles, unless it is worth a word here.
        let is_silent = row.sentence.is_empty() && reasons.is_empty() && warnings.is_empty();
        if !(is_said || is_silent) || answer["valid"] == is_error {
            wrong.push(format!("{id}: {} {}; {}: {answer:#}", row.severity, row.code, row.sentence));
        }
    }
    assert!(wrong.is_empty(), "certkit differs from docs/clients.md:\n{}", wrong.join("\n"));
    assert!(
        rows.values().all(|row| DOCUMENTED.iter().all(|client| row.refuses.get(*client) != Some(&false)))
    );
}
