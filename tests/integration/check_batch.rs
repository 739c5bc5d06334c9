//! `check --batch`: many chains, one answer a line, in order, whatever one line is like.

use serde_json::{Value, json};

use crate::harness::{Ran, Test, certkit};
use crate::json::flattened;
use crate::process::{Server, free_port};

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
            json!({"id": {"a": [1], "note": "mine"}, "chain_pem": format!("{leaf}{bundle}"), "roots_pem": [root]}),
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
    assert_eq!(
        ids,
        [
            json!("file"),
            json!(2),
            json!(null),
            json!({"a": [1], "note": "mine"}),
            json!(null),
            json!("client")
        ]
    );
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

/// A field that is not known may be a misspelled one, without which the line would be judged by less than was meant.
#[test]
fn unknown_fields_are_an_error() {
    let test = Test::with_chain("test.example");
    let case = |field: &str, value: Value| json!({"id": field, "chain": "chain.pem", "roots": "ca.crt", field: value});
    let ran = batch(
        &test,
        &[
            case("hots", json!("evil.test")),
            case("min_day", json!(30)),
            case("nonsense", json!(1)),
            case("host", json!(["test.example"])),
            case("max_depth", json!(-1)),
            case("min_days", json!(40_000)),
            case("warnings", json!("yes")),
            case("timeout", json!(5)),
            case("starttls", json!("smtp")),
        ],
    )
    .exits(2);
    let answers = answers(&ran);
    let wanted = [
        "line 1: `hots` is not a field of a case; did you mean `host`?",
        "line 2: `min_day` is not a field of a case; did you mean `min_days`?",
        "line 3: `nonsense` is not a field of a case; the fields are id, chain, ",
        "line 4: `host` must be a text",
        "line 5: `max_depth` must be a whole number from 0 to ",
        "line 6: `min_days` must be a whole number from 0 to 36500",
        "line 7: `warnings` must be true or false",
        "line 8: `timeout` is for a server: it needs `target`",
        "line 9: `starttls` is for a server: it needs `target`",
    ];
    for (answer, wanted) in answers.iter().zip(wanted) {
        let error = answer["error"].as_str().unwrap();
        assert!(error.starts_with(wanted), "{error}");
        // The line is still named by its own id.
        assert!(error.contains(&format!("`{}`", answer["id"].as_str().unwrap())), "{answer}");
    }
    assert_eq!(answers.len(), wanted.len());
}

#[test]
fn a_mark_of_windows_is_no_error() {
    let test = Test::with_chain("test.example");
    let line = json!({"id": 1, "chain": "chain.pem", "roots": "ca.crt"});
    let lines = format!("\u{feff}{line}\r\n\u{feff}{line}\r\n");
    let ran = test.program(certkit()).args(["check", "--batch", "-"]).stdin(lines).run().exits(0);
    assert_eq!(answers(&ran).len(), 2);
}

#[test]
fn a_key_and_the_days_that_are_left() {
    let test = Test::with_chain("test.example");
    let (key, other) = (test.text("server.key"), test.text("ca.key"));
    let case = |field: &str, value: Value| json!({"id": field, "chain": "chain.pem", "roots": "ca.crt", field: value});
    let ran = batch(
        &test,
        &[
            case("key", json!("server.key")),
            case("key_pem", json!(key)),
            case("min_days", json!(390)),
            case("key", json!("ca.key")),
            case("key_pem", json!(other)),
            case("min_days", json!(400)),
        ],
    )
    .exits(1);
    let verdicts: Vec<_> =
        answers(&ran).iter().map(|answer| (answer["valid"].clone(), first(answer))).collect();
    let no = |code: &str| (json!(false), Some(code.to_owned()));
    let yes = (json!(true), None);
    let wanted = [yes.clone(), yes.clone(), yes, no("key_mismatch"), no("key_mismatch"), no("expires_soon")];
    assert_eq!(verdicts, wanted);
    let ran = batch(
        &test,
        &[
            case("key", json!("none.key")),
            case("key", json!("server.crt")),
            case("key_pem", json!("")),
            json!({"id": "key", "chain": "chain.pem", "key": "server.key", "key_pem": key}),
        ],
    )
    .exits(2);
    let errors: Vec<_> =
        answers(&ran).iter().map(|answer| answer["error"].as_str().unwrap().to_owned()).collect();
    let wanted = [
        "line 1: there is no file `none.key`",
        "line 2: `server.crt`",
        "line 3: the private key in `key_pem` cannot be read: there is no private key in it",
        "line 4: a case may have either `key` or `key_pem`",
    ];
    for (error, wanted) in errors.iter().zip(wanted) {
        assert!(error.starts_with(wanted), "{error}");
    }
}

fn first(answer: &Value) -> Option<String> {
    answer["reasons"].as_array().unwrap().first().map(|reason| reason["code"].as_str().unwrap().to_owned())
}

#[test]
fn warnings_are_told_on_request() {
    let test = Test::with_chain("test.example");
    test.write("twice.pem", test.text("chain.pem") + &test.text("server.crt"));
    let case = |warnings: Value| json!({"chain": "twice.pem", "roots": "ca.crt", "warnings": warnings});
    let ran = batch(&test, &[case(json!(true)), case(json!(false)), case(json!(null))]).exits(0);
    let answers = answers(&ran);
    let codes = |answer: &Value| -> Vec<String> {
        let warnings = answer["warnings"].as_array().unwrap().iter();
        warnings.map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
    };
    assert!(answers.iter().all(|answer| answer["valid"] == true));
    assert_eq!(answers.iter().map(codes).collect::<Vec<_>>(), [vec!["duplicate"], vec![], vec![]]);
}

#[test]
fn running_servers_among_the_lines() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let target = format!("127.0.0.1:{}", server.port);
    let case = |host: &str| json!({"id": host, "target": target, "host": host, "roots": "ca.crt"});
    let mut cases: Vec<_> = (0..20).map(|_| case("test.example")).collect();
    cases.push(case("other.example"));
    cases.push(json!({"id": "file", "chain": "chain.pem", "roots": "ca.crt", "host": "test.example"}));
    let ran = batch(&test, &cases).exits(1);
    let answers_of = answers(&ran);
    let ids: Vec<_> = answers_of.iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, cases.iter().map(|case| case["id"].clone()).collect::<Vec<_>>());
    for (answer, case) in answers_of.iter().zip(&cases) {
        let wanted = (case["id"] == "other.example").then(|| "host_mismatch".to_owned());
        assert_eq!(first(answer), wanted, "{answer}");
    }
    // What is not a server, and one that is not there.
    let ran = batch(
        &test,
        &[
            json!({"target": "chain.pem"}),
            json!({"target": format!("127.0.0.1:{}", free_port()), "timeout": 5}),
            json!({"target": target, "chain": "chain.pem"}),
            json!({"target": target, "starttls": "gopher"}),
        ],
    )
    .exits(2);
    let wanted = [
        "line 1: `target` must be HOST:PORT or https://..., not `chain.pem`",
        "line 2: 127.0.0.1:",
        "line 3: a case needs one of `chain` (a file), `chain_pem` (the text) and `target` (a server)",
        "line 4: `starttls` must be one of smtp, imap, pop3, ldap, postgres, not `gopher`",
    ];
    for (answer, wanted) in answers(&ran).iter().zip(wanted) {
        assert!(answer["error"].as_str().unwrap().starts_with(wanted), "{answer}");
    }
}
