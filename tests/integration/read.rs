//! Files in every form that people have them: each case of `testdata/manifest.json` must end as it says there.
//!
//! `testdata/README.md` tells how the files were made.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::harness::{Ran, Test, certkit, repository};
use crate::peers::peer;

/// A folder with all the files of `testdata`.
fn folder() -> Test {
    let test = Test::new();
    for entry in fs::read_dir(repository().join("testdata/files")).unwrap() {
        let path = entry.unwrap().path();
        test.write(path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
    }
    test
}

fn manifest() -> Value {
    serde_json::from_str(&fs::read_to_string(repository().join("testdata/manifest.json")).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// The certificates of a strict PEM file; anything else in it is an error of its own.
fn strict_certificates(text: &str) -> Vec<Vec<u8>> {
    let mut certificates = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let inside = rest.strip_prefix("-----BEGIN CERTIFICATE-----\n").expect("only certificates");
        let (body, behind) = inside.split_once("-----END CERTIFICATE-----\n").expect("an end");
        assert!(body.lines().all(|line| line.len() <= 64), "{body}");
        certificates.push(STANDARD.decode(body.replace('\n', "")).unwrap());
        rest = behind;
    }
    certificates
}

#[test]
fn every_case_of_testdata() {
    let test = folder();
    let manifest = manifest();
    let at = manifest["at"].as_str().unwrap();
    let cases = manifest["cases"].as_array().unwrap();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let _ = fs::remove_file(test.path("chain-made.pem"));
        let before = test.names();
        let ran = run(&test, case, at, true);
        let mut complaints = judge(&test, case, &ran);
        for text in texts(&case["says"]) {
            if !run(&test, case, at, false).all().contains(text) {
                complaints.push(format!("does not say {text}"));
            }
        }
        let _ = fs::remove_file(test.path("chain-made.pem"));
        if test.names() != before {
            complaints.push("left a file behind".into());
        }
        if !complaints.is_empty() {
            let shown = String::from_utf8_lossy(ran.stdout_bytes()).chars().take(600).collect::<String>();
            wrong.push(format!("{} ({}): {}\n  {shown}", case["id"], case["why"], complaints.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn run(test: &Test, case: &Value, at: &str, json: bool) -> Ran {
    let mut args = texts(&case["args"]);
    match args[0] {
        "merge" => args.extend(["-o", "chain-made.pem", "--force"]),
        "check" => args.extend(["--roots", "root.crt"]),
        _ => {}
    }
    args.extend(["--at", at]);
    if json {
        args.extend(["--format", "json"]);
    }
    let mut program = test.program(certkit()).args(args);
    for (name, value) in case["env"].as_object().into_iter().flatten() {
        program = program.env(name, value.as_str().unwrap());
    }
    if let Some(file) = case["stdin"].as_str() {
        program = program.stdin(fs::read(test.path(file)).unwrap());
    }
    program.run()
}

fn judge(test: &Test, case: &Value, ran: &Ran) -> Vec<String> {
    let mut complaints = Vec::new();
    let status = i32::try_from(case["exit"].as_i64().unwrap()).unwrap();
    if !ran.ended_with(status) {
        complaints.push(format!("the status is not {status}"));
    }
    if ran.all().contains("panicked") {
        complaints.push("panicked".into());
    }
    let Ok(report) = serde_json::from_slice::<Value>(ran.stdout_bytes()) else {
        complaints.push("no JSON".into());
        return complaints;
    };
    crate::json::validate(&report, &format!("{case}"));
    let report = crate::json::flattened(report);
    let findings: Vec<_> = ["warnings", "errors", "dropped"]
        .iter()
        .flat_map(|part| report[part].as_array().into_iter().flatten())
        .collect();
    let codes: BTreeSet<_> = findings.iter().filter_map(|finding| finding["code"].as_str()).collect();
    for code in texts(&case["codes"]) {
        if !codes.contains(code) {
            complaints.push(format!("{code} is not among {codes:?}"));
        }
    }
    for code in texts(&case["absent"]) {
        if codes.contains(code) {
            complaints.push(format!("{code} is among {codes:?}"));
        }
    }
    if case["line"].is_u64() && !findings.iter().any(|finding| finding["line"] == case["line"]) {
        complaints.push(format!("no finding is at line {}", case["line"]));
    }
    // What stops the work always has a place and a mend.
    for finding in findings.iter().filter(|finding| status == 2 && finding["severity"] == "error") {
        if !finding["file"].is_string() || !finding["fix"].is_string() {
            complaints.push(format!("no place or no fix: {finding}"));
        }
    }
    if case["chain"].is_array() && status == 0 {
        let made = fs::read_to_string(test.path("chain-made.pem")).unwrap_or_default();
        let wanted: String = texts(&case["chain"]).iter().map(|file| test.text(file)).collect();
        if strict_certificates(&made) != strict_certificates(&wanted) {
            complaints.push("the chain is not the right one".into());
        }
    } else if test.path("chain-made.pem").exists() {
        complaints.push("a chain was written".into());
    }
    let shown = |member: &str| {
        report["items"].as_array().into_iter().flatten().map(|item| item[member].clone()).collect()
    };
    if case["kinds"].is_array() && case["kinds"] != Value::Array(shown("kind")) {
        complaints.push(format!("shows {:?}", shown("kind")));
    }
    if case["tree"].is_array() {
        let depths = report["chain"].as_array().unwrap().iter().map(|line| line["depth"].clone()).collect();
        if case["tree"] != Value::Array(depths) {
            complaints.push(format!("the tree is {}", report["chain"]));
        }
    }
    complaints
}

#[test]
fn no_password_is_ever_printed_or_taken_from_the_command_line() {
    let test = folder();
    for password in ["correct horse", "incorrect donkey"] {
        for command in ["merge", "show"] {
            test.program(certkit())
                .args([command, "modern.p12", "-vv"])
                .env("CERTKIT_PASSWORD", password)
                .run()
                .keeps_quiet_about(password);
        }
    }
    test.certkit(&["merge", "modern.p12", "--password", "correct horse"]).exits(2);
    // Nothing of a private key is shown: compare with the bytes of the key itself.
    let key = test.text("server.key").lines().nth(1).unwrap()[..30].to_owned();
    test.certkit(&["show", "server.key", "-vv"]).exits(0).keeps_quiet_about(&key);
}

#[test]
fn standard_input_has_one_use() {
    let test = folder();
    test.certkit(&["merge", "-", "--password-file", "-"]).exits(2).says("invalid_setting");
    let der = fs::read(test.path("two.der")).unwrap();
    test.program(certkit())
        .args(["merge", "-", "-o", "-"])
        .stdin(&der)
        .run()
        .exits(0)
        .says("BEGIN CERTIFICATE");
}

#[test]
fn a_terminal_is_asked_for_the_password_and_shows_nothing_of_it() {
    let Some(python) = peer("python3") else { return };
    let test = folder();
    test.write("ask.py", ASK);
    let program = certkit().display().to_string();
    let asked = test.run(&python, &["ask.py", "correct horse\\n", &program, "show", "modern.p12"]).exits(0);
    assert!(asked.all().contains("Password of modern.p12:"), "{}", asked.all());
    assert!(asked.all().contains("barn.example") && !asked.all().contains("horse"), "{}", asked.all());
    test.run(&python, &["ask.py", "incorrect\\n", &program, "show", "modern.p12"])
        .exits(2)
        .says("wrong_password");
    // Ctrl-C gives up, and the terminal echoes again.
    test.run(&python, &["ask.py", "corr\\x03", &program, "show", "modern.p12"]).exits(2).says("echo is on");
}

/// Runs a command on a terminal of its own, types a text at its first question, prints what the terminal shows.
const ASK: &str = r#"
import os, pty, sys, termios
text = sys.argv[1].encode().decode("unicode_escape").encode()
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen, typed = b"", False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if not typed and b": " in seen:
        typed = True
        os.write(terminal, text)
    if b"\n" in seen and termios.tcgetattr(terminal)[3] & termios.ECHO:
        seen += b"" if b"(echo is on)" in seen else b"(echo is on)"
print(seen.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn floods_end_soon_and_in_words() {
    let test = Test::new();
    // A debug build is ten times slower than what people run, and the machine may be busy: what counts is that the cost
    // is linear, and not minutes.
    test.write("blocks", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".repeat(120_000));
    test.certkit(&["merge", "blocks"]).exits(2).says("too_large");
    test.write("ends", "-----END CERTIFICATE-----\n".repeat(200_000));
    test.certkit(&["merge", "ends"]).exits(2).says("pem_malformed");
    test.write("nest", [0x30, 0x80].repeat(500_000));
    test.certkit(&["merge", "nest"]).exits(2);
    test.write("headers", format!("-----BEGIN CERTIFICATE-----\n{}", "a: b\n".repeat(200_000)));
    test.certkit(&["merge", "headers"]).exits(2).says("pem_truncated");
    test.write("zeros", vec![0; 20_000_000]);
    test.certkit(&["merge", "zeros"]).exits(2).says("no_certificate");
}
