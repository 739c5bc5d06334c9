//! What a revocation reaches: every certificate of a compromised key, the one that is named by serial number, name or
//! key; and that the ledger's revocations are asked.

use std::fs;

use serde_json::Value;

use crate::harness::{Ran, Test};
use crate::peers::peer;

/// Lines of the ledger.
pub(crate) fn ledger(test: &Test) -> Vec<Value> {
    test.text("ledger.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Serial numbers of revoked certificates in the ledger.
fn revoked(test: &Test) -> Vec<String> {
    let events = ledger(test).into_iter().filter(|event| event["event"] == "revoked");
    events.map(|event| event["serial"].as_str().unwrap().to_owned()).collect()
}

fn serial(test: &Test, file: &str) -> String {
    let blocks = certkit::internals::pem::scan(test.text(file).as_bytes());
    certkit::internals::x509::Certificate::from_der(blocks.blocks[0].der.to_vec()).unwrap().serial_hex()
}

/// Whether openssl takes a certificate with the list ca.crl.
fn verify(test: &Test, file: &str) -> Ran {
    let openssl = peer("openssl").unwrap();
    test.run(openssl, &["verify", "-crl_check", "-CAfile", "ca.crt", "-CRLfile", "ca.crl", file])
}

/// Lines as the first version wrote them, which do not say which key a certificate has.
fn as_first_version(test: &Test) {
    let lines = ledger(test).into_iter().map(|mut event| {
        for new in ["key_sha256", "key_file", "other_files", "requested_by", "certificate"] {
            event.as_object_mut().unwrap().remove(new);
        }
        event.to_string() + "\n"
    });
    let text: String = lines.collect();
    test.write("ledger.jsonl", text);
}

#[test]
fn a_compromised_key_is_revoked_in_every_certificate() {
    if peer("openssl").is_none() {
        return;
    }
    let test = Test::with_certificate("s.example");
    fs::copy(test.path("server.crt"), test.path("v1.crt")).unwrap();
    test.certkit(&["mkcert", "s.example", "-o", "other"]).exits(0);
    test.certkit(&["renew", "server.crt"]).exits(0);
    let said =
        test.certkit(&["revoke", "server.crt", "--reason", "keyCompromise", "--format", "json"]).exits(0);
    let report = said.result();
    assert_eq!(report["revocation"]["serial"], serial(&test, "server.crt").as_str());
    assert_eq!(report["revocations"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["revocations"][1]["serial"], serial(&test, "v1.crt").as_str());
    assert_eq!(report["still_valid"][0]["serial"], serial(&test, "other.crt").as_str());
    // The other one has a key of its own: it stays, and is named.
    said.says("stays valid").says(&serial(&test, "other.crt"));
    test.certkit(&["crl"]).exits(0).says("2 certificates revoked");
    for file in ["server.crt", "v1.crt"] {
        verify(&test, file).exits(2).says("certificate revoked");
    }
    verify(&test, "other.crt").exits(0);
    // Nothing new the second time.
    let before = test.files();
    test.certkit(&["revoke", "v1.crt", "--reason", "keyCompromise"]).exits(0).says("already revoked");
    assert_eq!(test.files(), before);
}

#[test]
fn certificates_of_the_same_names_are_revoked_when_asked() {
    let test = Test::with_certificate("a.test");
    for (names, base) in [(&["a.test"][..], "b"), (&["a.test", "www.a.test"], "c")] {
        test.certkit(&[&["mkcert"][..], names, &["-o", base]].concat()).exits(0);
    }
    test.certkit(&["revoke", "server.crt"])
        .exits(0)
        .says(&serial(&test, "b.crt"))
        .says(&serial(&test, "c.crt"));
    assert_eq!(revoked(&test), [serial(&test, "server.crt")]);
    test.certkit(&["revoke", "server.crt", "--same-names"])
        .exits(0)
        .says("already revoked")
        .says(&serial(&test, "c.crt"));
    assert_eq!(revoked(&test), [serial(&test, "server.crt"), serial(&test, "b.crt")]);
}

#[test]
fn named_by_serial_number_name_or_key_when_the_file_is_gone() {
    let test = Test::with_certificate("a.test");
    for base in ["b", "c", "d"] {
        test.certkit(&["mkcert", "b.test", &format!("{base}.test"), "-o", base]).exits(0);
    }
    let serials: Vec<_> = ["server.crt", "b.crt", "c.crt", "d.crt"].map(|file| serial(&test, file)).into();
    for file in ["server.crt", "b.crt", "c.crt", "d.crt"] {
        fs::remove_file(test.path(file)).unwrap();
    }
    // By its only name, in any case.
    test.certkit(&["revoke", "A.test"]).exits(0).says(&serials[0]);
    test.certkit(&["revoke", "a.test"]).exits(2).says("expired or revoked");
    // Several have the name: nothing is guessed.
    let before = test.files();
    let several = test.certkit(&["revoke", "b.test"]).exits(2).says("3 valid certificates for `b.test`");
    for serial in &serials[1..] {
        assert!(several.all().contains(serial.as_str()));
    }
    test.certkit(&["revoke", "nobody.test"]).exits(2).says("not_found");
    test.certkit(&["revoke", "abcdef"]).exits(2).says("not_found");
    test.certkit(&["revoke"]).exits(2);
    assert_eq!(test.files(), before);
    // By serial number, as openssl and browsers show it.
    let pairs: Vec<_> = serials[1].as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
    test.certkit(&["revoke", &pairs.join(":").to_uppercase()]).exits(0).says(&serials[1]);
    test.certkit(&["revoke", &format!("0x{}", serials[2])]).exits(0).says(&serials[2]);
    assert_eq!(revoked(&test), serials[..3]);
    // By key: the private one, the public one, or a certificate.
    test.certkit(&["revoke", "--key", "a.key"]).exits(2).says("not_found");
    test.certkit(&["revoke", "--key", "d.key", "--reason", "superseded"]).exits(0).says(&serials[3]);
    test.certkit(&["revoke", "--key", "d.key"]).exits(2).says("no valid certificate of the key");
    test.certkit(&["mkcert", "e.test", "-o", "e"]).exits(0);
    test.certkit(&["mkcert", "f.test", "-o", "f", "--key", "e.key"]).exits(0);
    test.certkit(&["revoke", "--key", "e.crt"]).exits(0).says("e.test").says("f.test");
    test.certkit(&["mkcert", "g.test", "-o", "g1"]).exits(0);
    test.certkit(&["mkcert", "g.test", "-o", "g2"]).exits(0);
    test.certkit(&["revoke", "g.test", "--all"]).exits(0);
    assert_eq!(revoked(&test).len(), 8);
    // A person is known by the common name as well.
    test.certkit(&["mkcert", "--client", "Alice Smith", "alice@h.test", "-o", "alice"]).exits(0);
    test.certkit(&["revoke", "alice smith"]).exits(0).says("alice@h.test");
    assert_eq!(revoked(&test).len(), 9);
}

#[test]
fn a_file_called_like_another_certificate_is_not_guessed_at() {
    let test = Test::with_certificate("a.test");
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
    fs::rename(test.path("b.crt"), test.path("a.test")).unwrap();
    test.certkit(&["revoke", "a.test"]).exits(2).says("certkit revoke ./a.test");
    assert!(revoked(&test).is_empty());
    test.certkit(&["revoke", "./a.test"]).exits(0).says("b.test");
    assert_eq!(revoked(&test), [serial(&test, "a.test")]);
}

#[test]
fn lines_of_the_first_version_are_asked_by_their_files() {
    let test = Test::with_certificate("a.test");
    test.certkit(&["mkcert", "b.test", "-o", "b", "--key", "server.key"]).exits(0);
    test.certkit(&["mkcert", "c.test", "-o", "c"]).exits(0);
    test.certkit(&["mkcert", "d.test", "-o", "d", "--key", "server.key"]).exits(0);
    let (b, c, d) = (serial(&test, "b.crt"), serial(&test, "c.crt"), serial(&test, "d.crt"));
    fs::remove_file(test.path("d.crt")).unwrap();
    as_first_version(&test);
    // The key of d.test is not known any more: it is named, not revoked.
    test.certkit(&["revoke", "server.crt", "--reason", "keyCompromise"])
        .exits(0)
        .says("does not say which key")
        .says(&d)
        .keeps_quiet_about(&c);
    assert_eq!(revoked(&test), [serial(&test, "server.crt"), b]);
    test.certkit(&["revoke", &d]).exits(0);
    assert_eq!(revoked(&test).len(), 3);
}

#[test]
fn revocations_are_asked() {
    let test = Test::with_certificate("a.test");
    test.certkit(&["check", "server.crt", "--host", "a.test"]).exits(0);
    let old = test.text("server.key");
    test.certkit(&["revoke", "server.crt", "--reason", "keyCompromise"]).exits(0);
    // The ledger says so, before there is a list.
    test.certkit(&["check", "server.crt", "--host", "a.test"]).exits(1).says("revoked").says("ledger.jsonl");
    test.certkit(&["check", "server.crt", "--host", "a.test", "--roots", "ca.crt"]).exits(1).says("revoked");
    test.certkit(&["crl"]).exits(0);
    // The list says so, when the ledger is gone; and only once when both do.
    let said = test.certkit(&["check", "server.crt", "--crl", "ca.crl"]).exits(1);
    assert_eq!(said.all().matches("[revoked]").count(), 1, "{}", said.all());
    fs::rename(test.path("ledger.jsonl"), test.path("away")).unwrap();
    test.certkit(&["check", "server.crt", "--host", "a.test"]).exits(1).says("revoked").says("ca.crl");
    fs::rename(test.path("away"), test.path("ledger.jsonl")).unwrap();
    // A revoked certificate is replaced, and its key with it.
    test.certkit(&["renew", "server.crt"]).exits(2).says("revoked");
    test.certkit(&["mkcert", "a.test", "--if-needed"]).exits(0).keeps_quiet_about("nothing to do");
    assert_ne!(test.text("server.key"), old);
    test.certkit(&["check", "server.crt", "--host", "a.test", "--key", "server.key"]).exits(0);
    // So is a compromised key that waits for its certificate.
    test.certkit(&["revoke", "server.crt", "--reason", "keyCompromise"]).exits(0);
    fs::remove_file(test.path("server.crt")).unwrap();
    let old = test.text("server.key");
    test.certkit(&["mkcert", "a.test", "--if-needed"]).exits(0);
    assert_ne!(test.text("server.key"), old);
    // No other certificate is issued for such a key either.
    test.certkit(&["mkcert", "c.test", "-o", "c", "--key", "server.key.bak"])
        .exits(2)
        .says("others may know");
    test.certkit(&["csr", "c.test", "--key", "server.key.bak", "-o", "c.csr"]).exits(0);
    test.certkit(&["sign", "c.csr"]).exits(1).says("others may know");
    test.certkit(&["mkcert", "c.test", "-o", "c", "--key", "server.key"]).exits(0);
    // The same for many.
    test.write("names", "b.test\n");
    let bulk = ["mkcert", "--from", "names", "-o", "many", "--if-needed"];
    test.certkit(&bulk).exits(0);
    test.certkit(&["revoke", "many/b.test.crt"]).exits(0);
    test.certkit(&bulk).exits(0).says("1 certificate");
    test.certkit(&bulk).exits(0).says("1 need no renewal");
}

#[test]
fn a_revoked_intermediate_issues_no_more() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    let root = ["--ca", "ca.crt", "--ca-key", "ca.key"];
    test.certkit(&[&["revoke", "intermediate.crt", "--reason", "caCompromise"][..], &root].concat()).exits(0);
    let before = test.files();
    test.certkit(&["csr", "c.test", "-o", "c.csr"]).exits(0);
    test.write("names", "d.test\n");
    for args in [
        &["mkcert", "b.test", "-o", "b"][..],
        &["sign", "c.csr"],
        &["renew", "server.crt"],
        &["mkcert", "--from", "names", "-o", "many"],
    ] {
        test.certkit(args).exits(2).says("was revoked").says("mkca --intermediate");
    }
    assert_eq!(test.text("ledger.jsonl").as_bytes(), before[std::path::Path::new("ledger.jsonl")].1);
    // The root's list alone is enough, as where an offline root revoked it.
    test.certkit(&[&["crl"][..], &root].concat()).exits(0);
    fs::remove_file(test.path("ledger.jsonl")).unwrap();
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(2).says("was revoked");
    // Its certificates are judged by it, and it may still say what it revoked.
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "-o", "chain.pem"]);
    test.certkit(&["check", "chain.pem", "--roots", "ca.crt"]).exits(1).says("revoked");
    test.certkit(&["revoke", "server.crt"]).exits(0);
    test.certkit(&["crl"]).exits(0);
    // What the error says to do.
    fs::create_dir(test.path("away")).unwrap();
    for file in ["intermediate.crt", "intermediate.key"] {
        fs::rename(test.path(file), test.path("away").join(file)).unwrap();
    }
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "b.test", "-o", "b", "--force"]).exits(0);
    test.certkit(&["check", "b.crt", "--roots", "intermediate.crt"]).exits(0);
}
