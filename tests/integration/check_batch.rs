//! `check --batch`: many chains, one answer a line, in order, whatever one line is like.

use serde_json::{Value, json};

use crate::harness::{Ran, Test, certkit};
use crate::json::flattened;

fn batch(test: &Test, cases: &[Value]) -> Ran {
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    test.program(certkit()).args(["check", "--batch", "-"]).stdin(lines).run()
}

fn answers(ran: &Ran) -> Vec<Value> {
    ran.stdout().lines().map(|line| flattened(serde_json::from_str(line).unwrap())).collect()
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

#[test]
fn files_and_texts_and_every_member() {
    let test = Test::with_chain("test.example");
    test.certkit(&["mkcert", "me@test.example", "--client", "-o", "me"]).exits(0);
    let (leaf, bundle, root) = (test.text("server.crt"), test.text("ca-bundle.ca"), test.text("ca.crt"));
    let ran = batch(
        &test,
        &[
            json!({"id": "file", "chain": "chain.pem", "roots": "ca.crt", "host": "test.example"}),
            json!({"id": 2, "chain": ["server.crt", "ca-bundle.ca"], "roots": ["ca.crt"]}),
            json!({"id": null, "chain_pem": [leaf, bundle], "roots_pem": root}),
            json!({"id": {"a": [1]}, "chain_pem": format!("{leaf}{bundle}"), "roots_pem": [root], "note": "mine"}),
            json!({"chain": "chain.pem"}),
            json!({
                "id": "client", "chain": ["me.crt", "ca-bundle.ca"], "roots": "ca.crt", "purpose": "client",
                "emails": ["me@test.example"], "profile": "rfc5280", "max_depth": 1, "crls": [], "crls_pem": [],
            }),
        ],
    )
    .exits(0);
    let answers = answers(&ran);
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, [json!("file"), json!(2), json!(null), json!({"a": [1]}), json!(null), json!("client")]);
    for answer in &answers {
        assert_eq!((&answer["valid"], &answer["reasons"]), (&json!(true), &json!([])), "{answer}");
    }
}

#[test]
fn a_no_says_why() {
    let test = Test::with_chain("test.example");
    let case = |change: Value| {
        let mut case = json!({"id": 1, "chain": "chain.pem", "roots": "ca.crt", "host": "test.example"});
        case.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        case
    };
    let ran = batch(
        &test,
        &[
            case(json!({"host": "other.example"})),
            case(json!({"at": "2126-01-01T00:00:00Z"})),
            case(json!({"emails": "me@test.example"})),
            case(json!({"max_depth": 0})),
            case(json!({"purpose": "client"})),
            case(json!({"chain": "server.crt"})),
        ],
    )
    .exits(1);
    let answers = answers(&ran);
    let first = |answer: &Value| codes(answer).first().unwrap().to_string();
    let expected =
        ["host_mismatch", "expired", "email_mismatch", "path_length", "wrong_usage", "missing_intermediate"];
    for (answer, expected) in answers.iter().zip(expected) {
        assert_eq!(first(answer), expected, "{answer}");
    }
    assert!(answers.iter().all(|answer| answer["valid"] == false));
    let reason = &answers[0]["reasons"][0];
    for part in ["message", "fix", "severity"] {
        assert!(reason[part].is_string(), "{reason}");
    }
}

#[test]
fn one_bad_line_stops_nothing() {
    let test = Test::with_chain("test.example");
    let good = json!({"id": "good", "chain": "chain.pem", "roots": "ca.crt"}).to_string();
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let lines = [
        good.clone(),
        "no json".into(),
        String::new(),
        "[1]".into(),
        json!({"id": "a"}).to_string(),
        json!({"id": "b", "chain": "missing.pem"}).to_string(),
        json!({"id": "c", "chain": "chain.pem", "profile": "strict"}).to_string(),
        json!({"id": "d", "chain": "chain.pem", "at": "today"}).to_string(),
        json!({"id": "e", "chain": "chain.pem", "host": ""}).to_string(),
        json!({"id": "f", "chain": 7}).to_string(),
        json!({"id": "g", "chain_pem": ""}).to_string(),
        // Good armour with something else inside: that is a "no" and no error.
        json!({"id": "h", "chain_pem": broken, "roots": "ca.crt"}).to_string(),
        good,
    ];
    let ran = test.program(certkit()).args(["check", "--batch", "-"]).stdin(lines.join("\n")).run().exits(2);
    let answers = answers(&ran);
    assert_eq!(answers.len(), 12);
    assert_eq!((&answers[0]["valid"], &answers[11]["valid"]), (&json!(true), &json!(true)));
    for (answer, line) in answers[1..10].iter().zip([2, 4, 5, 6, 7, 8, 9, 10, 11]) {
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(error.starts_with(&format!("line {line}: ")), "{answer}");
        assert!(answer.get("valid").is_none(), "{answer}");
    }
    assert_eq!(answers[10]["valid"], false);
    assert_eq!(codes(&answers[10]), ["der_malformed"]);
}

#[test]
fn thousands_keep_their_order() {
    let test = Test::with_certificate("test.example");
    let chain = test.text("server.crt");
    let root = test.text("ca.crt");
    let cases: Vec<_> = (0..2000)
        .map(|id| {
            let host = if id % 3 == 0 { "other.example" } else { "test.example" };
            json!({"id": id, "chain_pem": chain, "roots_pem": root, "host": host})
        })
        .collect();
    let ran = batch(&test, &cases).exits(1);
    let answers = answers(&ran);
    assert_eq!(answers.len(), cases.len());
    for (id, answer) in answers.iter().enumerate() {
        assert_eq!((&answer["id"], &answer["valid"]), (&json!(id), &json!(id % 3 != 0)));
    }
}

#[test]
fn an_input_that_cannot_be_read_and_one_without_lines() {
    let test = Test::new();
    test.certkit(&["check", "--batch", "missing.jsonl"]).exits(2).says("missing.jsonl");
    test.write("empty.jsonl", "\n\n");
    let ran = test.certkit(&["check", "--batch", "empty.jsonl"]).exits(0);
    assert_eq!(ran.stdout(), "");
    test.certkit(&["check", "--batch", "empty.jsonl", "--host", "a.test"]).exits(2);
}
