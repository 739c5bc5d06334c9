//! What a ledger must survive: files that never end, lines of other hands, and revocations that nobody means.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;

use crate::harness::{Test, certkit};
use crate::testing::make_fifo;

#[test]
fn a_ledger_that_never_ends_is_not_read() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    std::fs::remove_file(test.path("ledger.jsonl")).unwrap();
    symlink("/dev/zero", test.path("ledger.jsonl")).unwrap();
    std::fs::create_dir_all(test.path("image/usr/local/share/ca-certificates")).unwrap();
    let listed = ["trust", "list", "--store", "system", "--root", "image"];
    test.certkit(&listed).exits(0).says("ca.crt");
    test.certkit(&["list"]).exits(2).says("not a regular file");
    std::fs::remove_file(test.path("ledger.jsonl")).unwrap();
    make_fifo(&test.path("ledger.jsonl"));
    test.certkit(&listed).exits(0).says("ca.crt");
    test.certkit(&["list"]).exits(2).says("not a regular file");
}

#[test]
fn a_ca_does_not_revoke_itself() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let root = test.certkit(&["show", "ca.crt", "--format", "json"]).exits(0).result();
    let serial = root["items"][0]["serial"].as_str().unwrap().to_owned();
    let before = test.text("ledger.jsonl");
    for named in [&[&serial[..]][..], &["--key", "ca.key"], &["ca.crt"]] {
        test.certkit(&[&["revoke"][..], named].concat()).exits(2).says("cannot revoke itself");
        assert_eq!(test.text("ledger.jsonl"), before);
    }
}

#[test]
fn a_last_line_of_another_hand_stays() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let line =
        r#"{"event":"revoked","ca":"00","serial":"0a","at":"2026-11-20T12:00:00Z","reason":"KeyCompromise"}"#;
    test.write("ledger.jsonl", test.text("ledger.jsonl") + line);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    assert!(test.text("ledger.jsonl").contains(&format!("{line}\n")), "{}", test.text("ledger.jsonl"));
    test.certkit(&["crl"]).exits(0).says("is not a ledger entry");
}

/// JSON is Unicode, and the name of a file any bytes: the certificate must be known all the same.
#[test]
fn a_certificate_in_a_file_without_a_name_in_utf8_is_recorded() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    let odd = OsString::from_vec(b"a\xff".to_vec());
    test.program(certkit()).args(["mkcert", "a.test", "-o"]).args([&odd]).run().exits(0);
    let lines = test.text("ledger.jsonl");
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{lines}");
    test.certkit(&["list", "a.test"]).exits(0).says("a\u{fffd}.crt");
    test.certkit(&["export", "a.test", "--chain", "-o", "again.pem"]).exits(0);
    test.certkit(&["check", "again.pem"]).exits(0);
    test.certkit(&["revoke", "a.test"]).exits(0);
    test.certkit(&["check", "again.pem"]).exits(1).says("revoked");
}
