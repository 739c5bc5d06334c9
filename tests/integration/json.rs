//! `--format json`: what every command prints is as docs/certkit.schema.json says, also when it fails.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::{Test, repository};

/// Panics where an envelope is not as the schema wants it.
#[track_caller]
pub(crate) fn validate(envelope: &Value, line: &str) {
    let violations = violations(envelope);
    assert!(violations.is_empty(), "{line}: against the schema:\n{}\n{envelope:#}", violations.join("\n"));
    let is_failed = envelope["status"] == "failed";
    let has_error = envelope["findings"].as_array().unwrap().iter().any(|one| one["severity"] == "error");
    assert!(has_error || !is_failed, "{line}: failed without an error: {envelope:#}");
}

/// What the schema refuses. It lets fields be added; here none may be.
fn violations(envelope: &Value) -> Vec<String> {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    let validator = VALIDATOR.get_or_init(|| {
        let mut schema = schema();
        close(&mut schema);
        jsonschema::validator_for(&schema).unwrap()
    });
    validator.iter_errors(envelope).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The result of an envelope with its findings by severity; see [`crate::harness::Ran::report`].
pub(crate) fn flattened(mut envelope: Value) -> Value {
    let mut report = envelope["result"].take();
    let all = envelope["findings"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let (errors, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .map(|mut finding| {
            if let Value::Object(location) = finding["location"].take() {
                finding["line"] = location.get("lines").map(|lines| lines[0].clone()).unwrap_or_default();
                for (name, value) in location {
                    finding[name] = value;
                }
            }
            finding
        })
        .partition(|finding| finding["severity"] == "error");
    report["schema"] = envelope["schema"].take();
    report["id"] = envelope["id"].take();
    report["reasons"] = Value::from(errors.clone());
    report["errors"] = Value::from(errors);
    report["warnings"] = Value::from(others);
    report
}

fn schema() -> Value {
    let text = fs::read_to_string(repository().join("docs/certkit.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Refuses fields that are not named.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(fields) => {
            // The conditions about commands name a field only to compare it.
            for (_, below) in fields.iter_mut().filter(|(name, _)| !["if", "then"].contains(&name.as_str())) {
                close(below);
            }
            let is_object = fields.get("type").is_some_and(|kind| kind == "object");
            if is_object && fields.contains_key("properties") && !fields.contains_key("additionalProperties")
            {
                fields.insert("additionalProperties".into(), json!(false));
            }
        }
        _ => {}
    }
}

/// Every command of the schema, done or answered here, and failing in one way; those that need a server of somebody
/// else's (`acme`) print theirs in the tests of their own, and fail here.
#[test]
fn every_command_prints_its_envelope() {
    let test = Test::new();
    test.write("list", "a.example\nb.example\n");
    test.write("pw", "correct horse battery\n");
    test.write("hosts", "127.0.0.1 localhost\n");
    test.write("system/etc/ssl/certs/ca-certificates.crt", "");
    fs::create_dir_all(test.path("system/usr/local/share/ca-certificates")).unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&["mkca", "--intermediate"], &["mkca", "--permit", "?"]),
        (&["mkcert", "test.example"], &["mkcert", "not a name"]),
        (&["mkcert", "--from", "list", "-o", "many"], &["mkcert", "--from", "none"]),
        (&["csr", "test.example", "-o", "new.csr"], &["csr", "not a name"]),
        (&["sign", "new.csr"], &["sign", "none.csr"]),
        (&["renew"], &["renew", "none.crt"]),
        (&["revoke", "many/a.example.crt"], &["revoke", "none.crt"]),
        (&["crl"], &["crl", "-o", "-"]),
        (&["list"], &["list", "--expiring", "?"]),
        (&["export", "b.example", "-o", "again.pem"], &["export", "none.example"]),
        (&["merge", "server.crt", "ca-bundle.ca"], &["merge", "none.crt"]),
        (&["check", "chain.pem", "--host", "test.example"], &["check", "none.pem"]),
        (&["check", "--explain", "expired"], &["check", "--explain", "nonsense"]),
        (&["show", "chain.pem"], &["show", "none.pem"]),
        (&["key", "new", "-o", "a.key"], &["key", "new", "-o", "-"]),
        (&["key", "show", "a.key"], &["key", "show", "server.crt"]),
        (
            &["key", "encrypt", "a.key", "-o", "b.key", "--password-file", "pw"],
            &["key", "encrypt", "none.key", "-o", "c.key", "--password-file", "pw"],
        ),
        (
            &["key", "decrypt", "b.key", "-o", "c.key", "--password-file", "pw"],
            &["key", "decrypt", "none.key", "-o", "d.key", "--password-file", "pw"],
        ),
        (&["key", "match", "server.key", "server.crt"], &["key", "match", "none.key", "server.crt"]),
        (&["convert", "server.crt", "-o", "server.der"], &["convert", "none.crt", "-o", "none.der"]),
        (&["trust", "install", "--dry-run"], &["trust", "install", "none.crt", "--dry-run"]),
        (&["trust", "uninstall", "--dry-run"], &["trust", "uninstall", "none.crt", "--dry-run"]),
        (&["trust", "list", "--store", "system", "--root", "system"], &["trust", "list", "--root", "none"]),
        (&["trust", "env", "--root", "system"], &["trust", "env", "none.crt"]),
        (&["trust", "export", "-o", "out.crt"], &["trust", "export", "none.crt", "-o", "out2.crt"]),
        (&["hosts", "add", "a.test", "--file", "hosts"], &["hosts", "add", "?", "--file", "hosts"]),
        (&["hosts", "check", "a.test", "--file", "hosts"], &["hosts", "check", "a.test", "--file", "none"]),
        (&["hosts", "remove", "a.test", "--file", "hosts"], &["hosts", "remove", "?", "--file", "hosts"]),
        (&["acme", "list", "--state", "state"], &["acme", "list", "--nonsense"]),
        (&["acme", "dns-providers"], &["acme", "dns-providers", "nonsense"]),
        (&["acme", "install-timer", "--systemd", "--root", "image"], &["acme", "install-timer"]),
        (&["completions", "bash"], &["completions", "none"]),
        (&["man"], &["man", "server.crt/below"]),
    ];
    let failing: &[&[&str]] = &[
        &["acme", "obtain", "?"],
        &["acme", "renew", "none.example", "--state", "state"],
        &["acme", "revoke", "none.example", "--state", "state"],
        &["acme", "delete", "none.example", "--yes", "--state", "state"],
        &["acme", "import", "none", "--state", "state"],
        &["acme", "dns-record", "?", "--state", "state"],
        &["acme", "account", "show", "--state", "state"],
        &["acme", "account", "update", "--email", "a@b.example", "--state", "state"],
        &["acme", "account", "rollover", "--state", "state"],
        &["acme", "account", "deactivate", "--state", "state"],
        &["serve", "none.py"],
        &["check", "--nonsense"],
        &["trust", "status", "none.crt"],
        &["nonsense"],
    ];
    let mut seen = BTreeSet::new();
    let mut run = |args: &[&str], is_good: bool| {
        let ran = test.certkit(&[args, &["--format", "json"]].concat());
        let envelope = ran.envelope();
        let exit_status = envelope["exit_status"].as_i64().unwrap();
        ran.exits(i32::try_from(exit_status).unwrap());
        let is_failed = envelope["status"] == "failed";
        assert!(is_failed != is_good || exit_status == 1, "{args:?}: {envelope:#}");
        seen.insert(envelope["command"].as_str().unwrap().to_owned());
    };
    for (good, bad) in cases {
        run(good, true);
        run(bad, false);
    }
    for bad in failing {
        run(bad, false);
    }
    let known = schema()["properties"]["command"]["anyOf"][0]["enum"].as_array().unwrap().clone();
    let missing: Vec<_> =
        known.iter().filter_map(Value::as_str).filter(|command| !seen.contains(*command)).collect();
    assert!(missing.is_empty(), "commands of the schema that were not run: {missing:?}");
}

#[test]
fn the_schema_refuses_what_it_does_not_name() {
    let test = Test::with_certificate("test.example");
    let good = test.certkit(&["show", "server.crt", "--format", "json"]).exits(0).envelope();
    let refuses = |change: &dyn Fn(&mut Value)| {
        let mut envelope = good.clone();
        change(&mut envelope);
        assert!(!violations(&envelope).is_empty(), "{envelope:#}");
    };
    assert!(violations(&good).is_empty());
    refuses(&|envelope| envelope["more"] = json!(1));
    refuses(&|envelope| envelope["result"]["more"] = json!(1));
    refuses(&|envelope| envelope["result"]["items"][0]["more"] = json!(1));
    refuses(&|envelope| envelope["result"]["items"][0]["serial"] = json!(1));
    refuses(&|envelope| envelope["findings"] = json!([{"code": "expired"}]));
    refuses(&|envelope| envelope["status"] = json!("perhaps"));
    refuses(&|envelope| envelope["command"] = json!("mkcert"));
    refuses(&|envelope| drop(envelope.as_object_mut().unwrap().remove("next")));
}
