//! Several CAs of one folder: a revocation reaches all of them, their lists go on in one file, and what a renewal or a
//! roll-over keeps.

use std::path::Path;

use crate::ca_renewed::{next, run_printed};
use crate::ca_revocation::ledger;
use crate::harness::{Ran, Test};
use crate::peers::peer;

/// The one file that a roll-over put aside.
fn old(test: &Test, stem: &str, ending: &str) -> String {
    let prefix = format!("{stem}.old-");
    let is_it = |name: &String| name.starts_with(&prefix) && name.ends_with(ending);
    test.names().into_iter().find(is_it).unwrap_or_else(|| panic!("no {prefix}*{ending}"))
}

#[track_caller]
fn failed(ran: Ran) -> Ran {
    assert!(!ran.succeeded(), "{}", ran.all());
    ran
}

/// What openssl says of a certificate against the lists of files, which come from one folder.
fn judged(test: &Test, openssl: &Path, roots: &str, lists: &str, untrusted: &str, certificate: &str) -> Ran {
    let args =
        ["verify", "-CAfile", roots, "-CRLfile", lists, "-crl_check", "-untrusted", untrusted, certificate];
    test.run(openssl, &args)
}

#[test]
fn the_compromise_of_a_key_reaches_every_ca() {
    let Some(openssl) = peer("openssl") else { return };
    for second in ["--rollover", "--intermediate"] {
        let test = Test::new();
        test.certkit(&["mkca"]).exits(0);
        test.certkit(&["mkcert", "s.example", "-o", "s"]).exits(0);
        let first = test.text("s.crt");
        test.certkit(&["mkca", second]).exits(0);
        test.certkit(&["renew", "s.crt"]).exits(0);
        test.write("first.crt", first);

        let ran =
            test.certkit(&["revoke", "s.crt", "--reason", "keyCompromise", "--format", "json"]).exits(0);
        let revoked: Vec<_> = ledger(&test).into_iter().filter(|event| event["event"] == "revoked").collect();
        assert_eq!(revoked.len(), 2, "{second}: {}", ran.all());
        assert_ne!(revoked[0]["ca"], revoked[1]["ca"], "each is of its own CA");
        let commands = next(&ran);
        assert_eq!(commands.len(), 2, "{commands:?}");
        for command in &commands {
            run_printed(&test, command).exits(0);
        }
        let (root, list) = match second {
            "--rollover" => (old(&test, "ca", ".crt"), old(&test, "ca", ".crl")),
            _ => ("ca.crt".to_owned(), "ca.crl".to_owned()),
        };
        judged(&test, &openssl, &root, &list, &root, "first.crt").exits(2).says("certificate revoked");
        // Each list has what its own CA issued.
        let own = if second == "--rollover" { "ca" } else { "intermediate" };
        let (roots, untrusted) = ("ca.crt", format!("{own}.crt"));
        judged(&test, &openssl, roots, &format!("{own}.crl"), &untrusted, "s.crt")
            .exits(2)
            .says("certificate revoked");
    }
}

#[test]
fn one_certificate_of_the_family_is_named_or_revoked_by_any_of_its_cas() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "s.example", "-o", "s"]).exits(0);
    test.certkit(&["mkca", "--rollover"]).exits(0);
    test.certkit(&["mkcert", "s.example", "-o", "t"]).exits(0);
    // Another key with the same name: it is named.
    test.certkit(&["revoke", "t.crt"]).exits(0).says("1 certificate with the same name or key stays valid");
    let ran = test.certkit(&["revoke", "s.crt", "--format", "json"]).exits(0);
    let [list] = next(&ran).try_into().unwrap();
    assert!(list.contains(&old(&test, "ca", ".crt")), "{list}");
    run_printed(&test, &list).exits(0).says("1 certificate revoked");
    // Its key may be somewhere else.
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "s.example", "-o", "s"]).exits(0);
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    std::fs::rename(test.path("ca.key"), test.path("away.key")).unwrap();
    let ran = test.certkit(&["revoke", "s.crt"]).exits(0).says("its key is not here").says("certkit crl");
    assert!(!ran.all().contains("--ca ca.crt"), "{}", ran.all());
}

#[test]
fn no_ca_of_the_family_takes_a_compromised_key() {
    for second in ["--intermediate", "--rollover"] {
        let test = Test::new();
        test.certkit(&["mkca"]).exits(0);
        test.certkit(&["mkcert", "s.test", "-o", "s", "--csr"]).exits(0);
        test.certkit(&["revoke", "s.crt", "--reason", "keyCompromise"]).exits(0);
        test.certkit(&["mkca", second]).exits(0);
        let (certificate, key) = (test.text("s.crt"), test.text("s.key"));
        for args in
            [&["mkcert", "s.test", "--key", "s.key", "-o", "x"][..], &["sign", "s.csr", "-o", "x.crt"]]
        {
            failed(test.certkit(args)).says("others may know the key");
        }
        test.certkit(&["mkcert", "s.test", "-o", "s", "--if-needed"])
            .exits(0)
            .keeps_quiet_about("nothing to do");
        assert!(test.text("s.crt") != certificate && test.text("s.key") != key, "{second}");

        // A key that waits for its certificate, and many at once.
        test.write("s.crt", certificate);
        test.write("s.key", &key);
        std::fs::remove_file(test.path("s.crt")).unwrap();
        test.certkit(&["mkcert", "s.test", "-o", "s", "--if-needed"]).exits(0);
        assert_ne!(test.text("s.key"), key, "{second}");
        test.write("names", "s.test\n");
        test.write("certs/s.test.key", &key);
        test.certkit(&["mkcert", "--from", "names", "-o", "certs", "--if-needed"]).exits(0);
        assert_ne!(test.text("certs/s.test.key"), key, "{second}");
    }
}

#[test]
fn lists_go_on_after_a_roll_over() {
    let Some(openssl) = peer("openssl") else { return };
    for (intermediate, own) in [(&[][..], "ca"), (&["--intermediate"], "intermediate")] {
        let test = Test::new();
        test.certkit(&[&["mkca"], intermediate].concat()).exits(0);
        for name in ["c", "d"] {
            test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
        }
        test.certkit(&["revoke", "c.crt"]).exits(0);
        test.certkit(&["crl"]).exits(0);
        let ran = test.certkit(&["mkca", "--rollover", "--format", "json"]).exits(0);
        let list = next(&ran).into_iter().find(|line| line.contains("crl")).unwrap();
        assert_eq!(list, "certkit crl");
        run_printed(&test, &list).exits(0);
        // Revoked by the old CA, which goes on in the same file.
        test.certkit(&["revoke", "d.crt"]).exits(0);
        test.certkit(&["crl"]).exits(0);
        let (root, issuer) = (old(&test, "ca", ".crt"), old(&test, own, ".crt"));
        for name in ["c.crt", "d.crt"] {
            judged(&test, &openssl, &root, &format!("{own}.crl"), &issuer, name)
                .exits(2)
                .says("certificate revoked");
        }
        test.certkit(&["mkcert", "e.test", "-o", "e"]).exits(0);
        judged(&test, &openssl, "ca.crt", &format!("{own}.crl"), &format!("{own}.crt"), "e.crt").exits(0);
    }
}

#[test]
fn a_list_that_is_replaced_by_force_is_kept() {
    let (test, other) = (Test::with_certificate("a.test"), Test::with_certificate("b.test"));
    other.certkit(&["crl"]).exits(0);
    test.write("ca.crl", other.text("ca.crl"));
    test.certkit(&["crl"]).exits(2).says("output_exists");
    test.certkit(&["crl", "--force"]).exits(0);
    assert_eq!(test.text("ca.crl.bak"), other.text("ca.crl"));
    assert_ne!(test.text("ca.crl"), other.text("ca.crl"));
}

#[test]
fn an_encrypted_intermediate_is_followed_by_an_encrypted_one() {
    let test = Test::new();
    test.write("password", "secret\n");
    test.certkit(&["mkca", "--intermediate", "--encrypt", "--password-file", "password"]).exits(0);
    // Somebody took the password from the root's key alone.
    test.certkit(&["key", "decrypt", "ca.key", "--password-file", "password", "-o", "open.key"]).exits(0);
    std::fs::rename(test.path("open.key"), test.path("ca.key")).unwrap();
    assert!(!test.text("ca.key").contains("ENCRYPTED"));
    test.certkit(&["mkca", "--rollover", "--password-file", "password"]).exits(0);
    assert!(test.text("intermediate.key").contains("ENCRYPTED"), "{}", test.text("intermediate.key"));
}

/// A root and a leaf that openssl made, with these extensions of the root's and the leaf's.
fn foreign(test: &Test, openssl: &Path, root: &str, leaf: &str) {
    let config = format!(
        "[req]\ndistinguished_name = dn\n[dn]\n[root]\nbasicConstraints = critical,CA:TRUE\n\
         keyUsage = critical,keyCertSign,cRLSign\n{root}\n[leaf]\nsubjectAltName = DNS:f.test\n{leaf}\n"
    );
    test.write("o.cnf", config);
    let key = ["-nodes", "-newkey", "rsa:2048", "-config", "o.cnf"];
    let make =
        ["req", "-x509", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Foreign", "-days", "900"];
    test.run(openssl, &[&make[..], &key, &["-extensions", "root"]].concat()).exits(0);
    let ask = ["req", "-keyout", "f.key", "-out", "f.csr", "-subj", "/CN=f.test"];
    test.run(openssl, &[&ask[..], &key].concat()).exits(0);
    let sign = ["x509", "-req", "-in", "f.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "77"];
    let rest = ["-out", "f.crt", "-days", "90", "-extfile", "o.cnf", "-extensions", "leaf"];
    test.run(openssl, &[&sign[..], &rest].concat()).exits(0);
}

#[test]
fn a_root_without_a_key_identifier_is_renewed_without_one() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let none = "authorityKeyIdentifier = none";
    foreign(&test, &openssl, &format!("subjectKeyIdentifier = none\n{none}"), none);
    test.certkit(&["renew", "ca.crt"]).exits(0);
    let text = test.run(&openssl, &["x509", "-in", "ca.crt", "-noout", "-text"]).exits(0);
    text.keeps_quiet_about("Subject Key Identifier").keeps_quiet_about("Authority Key Identifier");
    test.run(&openssl, &["verify", "-CAfile", "ca.crt", "f.crt"]).exits(0);
}

#[test]
fn a_root_that_is_named_by_its_serial_number_stays() {
    let Some(openssl) = peer("openssl") else { return };
    let by_serial = "authorityKeyIdentifier = keyid,issuer:always";
    let plain = "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid";
    let own = format!("subjectKeyIdentifier = hash\n{by_serial}");
    for (root, leaf, named) in [(plain, by_serial, "f.crt"), (&own, "", "ca.crt")] {
        let test = Test::new();
        foreign(&test, &openssl, root, leaf);
        let before = test.files();
        let ran =
            failed(test.certkit(&["renew", "ca.crt"])).says("key_identifier").says("certkit mkca --rollover");
        ran.says(&format!("`{named}` names its issuer by the serial number"));
        assert_eq!(test.files(), before);
        test.run(&openssl, &["verify", "-CAfile", "ca.crt", "f.crt"]).exits(0);
        run_printed(&test, "certkit mkca --rollover").exits(0);
    }
}
