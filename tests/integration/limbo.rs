//! x509-limbo (C2SP) and BetterTLS (Netflix): thousands of chains made to lead validators astray, judged by
//! `check --batch`. The suite is not part of this repository: `CERTKIT_LIMBO` names its file (JSON, also gzipped).

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Test, certkit};
use crate::json::flattened;

/// Which codes fit a refusal, by the group of the case; the first entry whose beginning fits counts.
const FITTING: &[(&str, &[&str])] = &[
    ("bettertls::nameconstraints::", &["name_constraint", "host_mismatch", "no_san"]),
    (
        "bettertls::pathbuilding::",
        &[
            "expired",
            "name_constraint",
            "weak_signature",
            "wrong_usage",
            "not_a_ca",
            "missing_intermediate",
            "path_length",
        ],
    ),
    ("crl::", &["crl_invalid", "revoked"]),
    ("cve::", &["name_constraint"]),
    ("invalid::", &["bad_signature", "der_malformed", "weak_key", "weak_signature"]),
    ("pathlen::", &["path_length"]),
    ("pathological::nc-dos", &["too_complex", "name_constraint", "no_san"]),
    ("pathological::", &["missing_intermediate", "untrusted_root", "too_complex"]),
    ("rfc5280::aki::", &["key_identifier", "extension_criticality"]),
    ("rfc5280::eku::", &["wrong_usage", "der_malformed"]),
    ("rfc5280::nc::", &["name_constraint", "extension_criticality", "der_malformed"]),
    ("rfc5280::pc::", &["extension_criticality", "policy"]),
    ("rfc5280::san::", &["invalid_name", "der_malformed", "extension_criticality"]),
    ("rfc5280::serial::", &["serial_number"]),
    ("rfc5280::ski::", &["key_identifier", "extension_criticality"]),
    ("rfc5280::validity::", &["expired", "not_yet_valid"]),
    ("rfc5280::ca-empty-subject", &["empty_name"]),
    ("rfc5280::ee-empty-issuer", &["empty_name"]),
    ("rfc5280::unknown-critical-extension", &["critical_extension"]),
    ("rfc5280::duplicate-extensions", &["der_malformed"]),
    ("rfc5280::mismatching-signature-algorithm", &["bad_signature"]),
    (
        "rfc5280::",
        &[
            "basic_constraints",
            "extension_criticality",
            "host_mismatch",
            "key_usage",
            "missing_intermediate",
            "not_a_ca",
            "untrusted_root",
        ],
    ),
    ("webpki::aki::", &["key_identifier"]),
    ("webpki::cn::", &["common_name"]),
    ("webpki::eku::", &["wrong_usage", "extension_criticality"]),
    ("webpki::nc::", &["name_constraint", "der_malformed"]),
    ("webpki::san::", &["host_mismatch", "public_suffix", "invalid_name", "no_san", "extension_criticality"]),
    ("webpki::forbidden", &["weak_key"]),
    ("webpki::", &["ca_as_leaf", "certificate_version", "der_malformed", "missing_intermediate", "weak_key"]),
];

#[test]
fn every_case_has_its_verdict_and_every_refusal_a_reason_that_fits() {
    let Some(path) = env::var_os("CERTKIT_LIMBO") else {
        eprintln!("skipped: CERTKIT_LIMBO is not set");
        return;
    };
    let suite: Value = serde_json::from_slice(&read(Path::new(&path))).unwrap();
    let cases = suite["testcases"].as_array().unwrap();
    assert!(!cases.is_empty());
    let test = Test::new();
    let lines: String = cases.iter().map(|case| format!("{}\n", as_batch_case(case))).collect();
    test.write("cases.jsonl", lines);
    let started = Instant::now();
    let ran = test.program(certkit()).args(["check", "--batch", "cases.jsonl"]).run();
    // The release build takes a tenth of a second for a thousand; this one is not optimised.
    assert!(started.elapsed() < Duration::from_millis(10 * cases.len() as u64) + Duration::from_secs(10));
    let answers: Vec<Value> =
        ran.stdout().lines().map(|line| flattened(serde_json::from_str(line).unwrap())).collect();
    assert_eq!(answers.len(), cases.len());

    let mut wrong = Vec::new();
    let mut judged: HashMap<bool, usize> = HashMap::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let id = case["id"].as_str().unwrap();
        let expected = case["expected_result"] == "SUCCESS";
        *judged.entry(expected).or_default() += 1;
        let reasons = answer["reasons"].as_array();
        let codes: Vec<_> =
            reasons.into_iter().flatten().filter_map(|reason| reason["code"].as_str()).collect();
        if answer["id"] != id || answer["valid"] != expected {
            wrong.push(format!("{id}: expected {expected}, got {answer}"));
        } else if !expected && !fits(id, &codes) {
            wrong.push(format!("{id}: {codes:?} says nothing of why it is refused"));
        }
    }
    eprintln!("limbo: {judged:?} of {} cases, {} wrong", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn fits(id: &str, codes: &[&str]) -> bool {
    let fitting = FITTING.iter().find(|(group, _)| id.starts_with(group));
    fitting.is_some_and(|(_, fitting)| codes.iter().any(|code| fitting.contains(code)))
}

/// A case of the suite as a line of `check --batch`.
fn as_batch_case(case: &Value) -> Value {
    let id = case["id"].as_str().unwrap();
    let list = |name: &str| case[name].as_array().cloned().unwrap_or_default();
    let by_the_baseline = ["webpki::", "online::", "cve::"].iter().any(|group| id.starts_with(group));
    let chain: Vec<_> =
        std::iter::once(case["peer_certificate"].clone()).chain(list("untrusted_intermediates")).collect();
    let mut line = json!({
        "id": id,
        "chain_pem": chain,
        "roots_pem": list("trusted_certs"),
        "profile": if by_the_baseline { "webpki" } else { "rfc5280" },
        "purpose": if case["validation_kind"] == "CLIENT" { "client" } else { "server" },
    });
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            line[name] = value;
        }
    };
    add("at", case["validation_time"].clone());
    add("host", case["expected_peer_name"]["value"].clone());
    add("max_depth", case["max_chain_depth"].clone());
    add("crls_pem", list("crls").into());
    add("emails", list("expected_peer_names").iter().map(|name| name["value"].clone()).collect());
    line
}

fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("CERTKIT_LIMBO: {}: {error}", path.display()));
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes;
    }
    let gzip = Command::new("gzip").arg("-dc").arg(path).stdin(Stdio::null()).output().unwrap();
    assert!(gzip.status.success(), "gzip cannot read {}", path.display());
    gzip.stdout
}
