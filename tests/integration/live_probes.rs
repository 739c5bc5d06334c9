//! What `check` asks a server besides versions, suites and groups, and what becomes of it in the report, the grade and JSON.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Ran, Test};
use crate::peers::peer;
use crate::process::{Process, free_port};

/// `openssl s_server ARGS...` on a port of its own. It waits for a GET, and does not end with its standard input.
fn s_server(test: &Test, openssl: &Path, args: &[&str]) -> (Process, u16) {
    let port = free_port();
    let accept = port.to_string();
    let program = test.program(openssl).args(["s_server", "-accept", &accept, "-www"]).args(args);
    let mut process = Process::start(test, program);
    process.wait_for((Ipv4Addr::LOCALHOST, port).into());
    (process, port)
}

fn check(test: &Test, place: &str, more: &[&str]) -> Ran {
    let args = ["check", place, "--host", "test.example", "--roots", "ca.crt", "--format", "json"];
    test.certkit(&[&args[..], more].concat())
}

const CHAIN: [&str; 6] = ["-cert", "server.crt", "-cert_chain", "ca-bundle.ca", "-key", "server.key"];

/// The finding of this code, wherever it stands.
fn find<'a>(report: &'a Value, code: &str) -> Option<&'a Value> {
    let parts = ["reasons", "warnings"].iter().filter_map(|part| report[*part].as_array());
    parts.flatten().find(|finding| finding["code"] == code)
}

/// It speaks TLS and is silent afterwards: whether it insists on https is not known, and that costs the best grade.
#[test]
fn a_server_that_does_not_answer_http() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let (_server, port) = s_server(&test, &openssl, &CHAIN);
    let url = format!("https://127.0.0.1:{port}");
    let report = check(&test, &url, &["--timeout", "3"]).exits(0).report();
    let message = find(&report, "hsts").unwrap()["message"].as_str().unwrap().to_owned();
    // The time that was waited for this answer, not that of the whole check.
    let seconds =
        message.split_once("within ").unwrap().1.split_once(" s").unwrap().0.parse::<f64>().unwrap();
    assert!(seconds <= 1.5, "{message}");
    let verdict = &report["verdict"];
    assert!(verdict["because"].to_string().contains("HEAD gets no answer"), "{verdict:#}");
    assert!(verdict["fix_first"].as_array().unwrap().contains(&json!("hsts")), "{verdict:#}");
    assert!(verdict["missing"].to_string().contains("an answer over https"), "{verdict:#}");
    // One that wants a certificate of its clients answers those who have one.
    let (_server, port) = s_server(&test, &openssl, &[&CHAIN[..], &["-Verify", "1"]].concat());
    let report = check(&test, &format!("https://127.0.0.1:{port}"), &["--timeout", "3"]).exits(0).report();
    assert!(!report["verdict"].to_string().contains("https"), "{report:#}");
}
