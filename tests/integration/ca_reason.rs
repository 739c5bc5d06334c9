//! A certificate that was revoked for another reason before its key turned out to be compromised.

use std::fs;

use crate::ca_revocation::ledger;
use crate::harness::Test;
use crate::peers::peer;

/// Reasons of the revocations in the ledger.
fn reasons(test: &Test) -> Vec<String> {
    let events = ledger(test).into_iter().filter(|event| event["event"] == "revoked");
    events.map(|event| event["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_reason_changes_when_the_key_turns_out_to_be_compromised() {
    let test = Test::with_certificate("a.test");
    fs::copy(test.path("server.crt"), test.path("v1.crt")).unwrap();
    test.certkit(&["renew", "server.crt"]).exits(0);
    test.certkit(&["mkcert", "b.test", "-o", "b", "--key", "server.key"]).exits(0);
    // One by one for other reasons; one is still valid.
    test.certkit(&["revoke", "v1.crt", "--reason", "superseded"]).exits(0);
    test.certkit(&["revoke", "b.crt"]).exits(0);
    test.certkit(&["crl"]).exits(0).says("2 certificates revoked");
    let ran = test.certkit(&["revoke", "b.crt", "--reason", "keyCompromise", "--format", "json"]).exits(0);
    let report = ran.keeps_quiet_about("already revoked").result();
    let revocations = report["revocations"].as_array().unwrap();
    assert_eq!(revocations.len(), 3, "{report}");
    assert!(revocations.iter().all(|one| one["reason"] == "keyCompromise"), "{report}");
    assert_eq!(revocations.iter().filter(|one| one["already"] == true).count(), 2, "{report}");
    assert_eq!(reasons(&test)[2..], ["keyCompromise"; 3]);
    // Everywhere the new reason is known.
    let list = test.certkit(&["list", "--revoked", "--format", "json"]).exits(0);
    assert_eq!(list.all().matches("\"keyCompromise\"").count(), 3, "{}", list.all());
    test.certkit(&["crl"]).exits(0).says("3 certificates revoked");
    if let Some(openssl) = peer("openssl") {
        let shown = test.run(openssl, &["crl", "-in", "ca.crl", "-noout", "-text"]).exits(0);
        assert_eq!(shown.all().matches("Key Compromise").count(), 3, "{}", shown.all());
        assert!(!shown.all().contains("Superseded"), "{}", shown.all());
    }
    // No other certificate is issued for the key.
    let key = "server.key";
    test.certkit(&["mkcert", "c.test", "-o", "c", "--key", key]).exits(2).says("others may know");
    test.certkit(&["csr", "c.test", "--key", key, "-o", "c.csr"]).exits(0);
    test.certkit(&["sign", "c.csr"]).exits(1).says("others may know");
    // Once is enough, and it does not change back.
    let before = test.files();
    for reason in ["keyCompromise", "superseded"] {
        test.certkit(&["revoke", "b.crt", "--reason", reason])
            .exits(0)
            .says("already revoked")
            .says("(keyCompromise)");
    }
    assert_eq!(test.files(), before);
}

#[test]
fn a_compromise_is_entered_by_serial_number_name_and_key() {
    for by in ["serial", "name", "key"] {
        let test = Test::with_certificate("a.test");
        let serial = ledger(&test).last().unwrap()["serial"].as_str().unwrap().to_owned();
        test.certkit(&["revoke", "server.crt", "--reason", "superseded"]).exits(0);
        fs::remove_file(test.path("server.crt")).unwrap();
        let named = match by {
            "serial" => vec![serial.as_str()],
            "name" => vec!["a.test"],
            _ => vec!["--key", "server.key"],
        };
        let revoke = [&["revoke", "--reason"][..], &["keyCompromise"], &named].concat();
        test.certkit(&revoke).exits(0).says("is revoked (keyCompromise").says("before: superseded");
        assert_eq!(reasons(&test), ["superseded", "keyCompromise"], "{by}");
        // A key that waits for its certificate is replaced as well.
        let old = test.text("server.key");
        test.certkit(&["mkcert", "a.test", "--if-needed"]).exits(0);
        assert_ne!(test.text("server.key"), old, "{by}");
        // A certificate of another key is meant by the name from now on.
        let certificate = test.text("server.crt");
        test.certkit(&["revoke", "a.test", "--reason", "keyCompromise"]).exits(0);
        assert_eq!(reasons(&test).len(), 3, "{by}");
        test.certkit(&["renew", "server.crt"]).exits(2).says("revoked");
        assert_eq!(test.text("server.crt"), certificate);
    }
}
