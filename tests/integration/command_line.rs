//! What holds for every command: help, version, colour, closed pipes, usage errors.

use crate::harness::{Test, certkit};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["mkca"],
    &["mkcert"],
    &["merge"],
    &["check"],
    &["key"],
    &["key", "new"],
    &["key", "show"],
    &["key", "encrypt"],
    &["key", "decrypt"],
    &["key", "match"],
    &["convert"],
    &["hosts"],
    &["hosts", "add"],
    &["hosts", "remove"],
    &["hosts", "check"],
    &["trust"],
    &["trust", "install"],
    &["trust", "uninstall"],
    &["trust", "list"],
    &["trust", "status"],
    &["trust", "env"],
    &["trust", "export"],
    &["acme", "obtain"],
    &["serve"],
    &["completions"],
    &["man"],
];

#[test]
fn every_help_ends_with_examples_and_exit_status() {
    let test = Test::new();
    for command in COMMANDS {
        let help = test.certkit(&[command, &["--help"][..]].concat()).exits(0).stdout();
        let (examples, status) = (help.find("EXAMPLES"), help.find("EXIT STATUS"));
        assert!(examples.is_some() && status > examples, "{command:?}:\n{help}");
        let longest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 120, "{command:?}: a line of {longest} characters");
    }
}

#[test]
fn version() {
    let test = Test::new();
    let ran = test.certkit(&["--version"]).exits(0);
    assert_eq!(ran.stdout(), format!("certkit {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_status_2() {
    let test = Test::new();
    for args in [&[][..], &["mkcert"], &["merge"], &["no-such-command"], &["mkca", "--no-such-flag"]] {
        test.certkit(args).exits(2).says("Usage");
    }
    test.certkit(&["mkca", "-k", "rsa1024"]).exits(2).says("rsa2048");
    test.certkit(&["check", "x", "--at", "yesterday"]).exits(2).says("2026-11-20T12:00:00Z");
    assert_eq!(test.names(), [""; 0]);
}

#[test]
fn colour_is_for_terminals_and_can_be_told() {
    let test = Test::new();
    let missing = ["check", "missing.pem"];
    test.certkit(&missing).exits(2).keeps_quiet_about("\x1b[");
    test.certkit(&[&missing[..], &["--color", "always"]].concat()).exits(2).says("\x1b[");
    test.certkit(&[&missing[..], &["--color", "never"]].concat()).exits(2).keeps_quiet_about("\x1b[");
    test.program(certkit()).args(missing).env("NO_COLOR", "1").run().exits(2).keeps_quiet_about("\x1b[");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let test = Test::with_chain("test.example");
    let program = certkit();
    let program = program.display();
    for command in ["completions zsh", "--help", "merge server.crt ca-bundle.ca -q -o -", "check chain.pem"] {
        // The reader is gone before the first byte.
        let line = format!("{{ sleep 0.3; {program} {command}; echo status $? >&2; }} | true");
        test.run("sh", &["-c", &line])
            .exits(0)
            .keeps_quiet_about("panicked")
            .keeps_quiet_about("Broken pipe");
    }
}

#[test]
fn the_next_command_is_told_and_can_be_silenced() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0).says("certkit mkcert");
    test.certkit(&["mkcert", "test.example"]).exits(0).says("certkit merge server.crt ca-bundle.ca");
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0).says("certkit check chain.pem");
    test.certkit(&["check", "chain.pem", "--host", "test.example", "--key", "server.key"])
        .exits(0)
        .says("certkit serve --cert chain.pem --key server.key");
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "--force", "-q"])
        .exits(0)
        .keeps_quiet_about("certkit check");
}

#[test]
fn json_and_quiet() {
    let test = Test::new();
    let made = test.certkit(&["mkca", "--format", "json"]).exits(0).report();
    assert_eq!(made["schema"], 1);
    let paths: Vec<_> = made["files"].as_array().unwrap().iter().map(|file| file["path"].clone()).collect();
    assert_eq!(paths.len(), 2, "{made}");
    let made = test.certkit(&["mkcert", "test.example", "--format", "json"]).exits(0).report();
    assert_eq!(made["certificate"]["names"], serde_json::json!([{"kind": "dns", "value": "test.example"}]));
    assert_eq!(made["certificate"]["role"], "leaf");
    assert_eq!(made["errors"], serde_json::json!([]));
    let failed = test.certkit(&["mkcert", "test.example", "--format", "json"]).exits(2).report();
    assert_eq!(failed["schema"], 1);
    assert_eq!(failed["errors"][0]["code"], "output_exists");

    let ran = test.certkit(&["mkcert", "test.example", "-o", "quiet", "-q"]).exits(0);
    assert_eq!(ran.all(), "");
}

#[test]
fn what_is_a_file_and_what_a_server() {
    let test = Test::with_certificate("test.example");
    // A file of that name wins.
    test.write("test.example:443", test.text("server.crt"));
    let report = test.certkit(&["check", "test.example:443", "--format", "json"]).exits(0).report();
    assert!(report["server"].is_null());
    test.certkit(&["check", "www.test.example"]).exits(2).says("not_found").says("www.test.example:443");
    test.certkit(&["show", "www.test.example"]).exits(2).says("www.test.example:443");
    test.certkit(&["check", "missing.pem"]).exits(2).says("not_found").keeps_quiet_about(":443");
    test.certkit(&["check", "http://test.example"]).exits(2).says("only https://");
    test.certkit(&["check", "test.example:70000"]).exits(2).says("from 1 to 65535");
    test.certkit(&["check", "::1"]).exits(2).says("[::1]:443");
    for option in [&["--starttls", "smtp"][..], &["--timeout", "3"], &["--deep"]] {
        test.certkit(&[&["check", "server.crt"], option].concat()).exits(2).says("is a file");
    }
    test.certkit(&["show", "server.crt", "--host", "x"]).exits(2).says("is a file");
}
