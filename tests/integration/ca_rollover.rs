//! A new root beside the old one, an intermediate added later, and a root whose key is on another machine.

use crate::ca_renewed::{Judges, join, next, run_printed, said};
use crate::harness::Test;

/// The files that a roll-over put aside.
fn old(test: &Test, stem: &str, ending: &str) -> Vec<String> {
    let prefix = format!("{stem}.old-");
    test.names().into_iter().filter(|name| name.starts_with(&prefix) && name.ends_with(ending)).collect()
}

/// Certificate and intermediates of the folder as a server sends them.
fn chain(test: &Test, base: &str) -> String {
    let file = format!("{base}.pem");
    join(test, &file, &[&format!("{base}.crt"), "ca-bundle.ca"]);
    file
}

#[test]
fn chains_of_a_new_root_hold_for_clients_of_either() {
    let Some(judges) = Judges::new() else { return };
    for intermediate in [&[][..], &["--intermediate"]] {
        let test = Test::new();
        test.certkit(&[&["mkca", "Our team", "--permit", "test"], intermediate].concat()).exits(0);
        test.certkit(&["mkcert", "a.test"]).exits(0);
        let before = if intermediate.is_empty() { "server.crt".to_owned() } else { chain(&test, "server") };
        let old_root = test.text("ca.crt");

        let ran = test.certkit(&["mkca", "--rollover", "--format", "json"]).exits(0);
        let [install, mkcert] = next(&ran).try_into().unwrap();
        assert_eq!(install, "certkit trust install ca.crt");
        run_printed(&test, &mkcert).exits(0);
        let [kept] = old(&test, "ca", ".crt").try_into().unwrap();
        assert_eq!(test.text(&kept), old_root);
        let fix = format!("certkit trust uninstall {kept}");
        assert!(said(&ran).contains(&("note".into(), "trust_store".into(), fix)), "{}", ran.all());
        let key = kept.replace(".crt", ".key");
        assert_eq!(test.mode(&key), 0o600);
        // Another key and name, but called the same otherwise, and with the same limits.
        let name = judges.field(&test, "ca.crt", &["-subject"]);
        assert!(name.contains("Our team"), "{name}");
        assert_ne!(name, judges.field(&test, &kept, &["-subject"]));
        assert!(judges.field(&test, "ca.crt", &["-ext", "nameConstraints"]).contains("DNS:test"));

        test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
        let after = chain(&test, "b");
        join(&test, "both.crt", &["ca.crt", &kept]);
        for roots in ["ca.crt", &kept, "both.crt"] {
            judges.take(&test, roots, &after, "b.key", "b.test");
        }
        for roots in [&kept[..], "both.crt"] {
            judges.take(&test, roots, &before, "server.key", "a.test");
        }
        judges.refuse(&test, "ca.crt", &before, "server.key", "a.test");
        // merge keeps what clients of the old root need.
        test.certkit(&["merge", "b.crt", "ca-bundle.ca", "-o", "merged.pem"]).exits(0);
        assert_eq!(test.text("merged.pem"), test.text(&after));

        // What the old CA issued is renewed by the new one, and its list can still be made.
        test.certkit(&["renew", "server.crt"]).exits(0);
        let renewed = chain(&test, "server");
        for roots in ["ca.crt", &kept, "both.crt"] {
            judges.take(&test, roots, &renewed, "server.key", "a.test");
        }
        test.certkit(&["crl", "--ca", &kept]).exits(0).says(&kept.replace(".crt", ".crl"));
    }
}

#[test]
fn a_second_roll_over_works_as_the_first() {
    let Some(judges) = Judges::new() else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkca", "--rollover"]).exits(0);
    let second = test.text("ca.crt");
    test.certkit(&["mkca", "--rollover"]).exits(0);
    assert_eq!(old(&test, "ca", ".crt").len(), 2);
    assert_eq!(old(&test, "intermediate", ".key").len(), 2);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    let chain = chain(&test, "server");
    test.write("second.crt", second);
    for roots in ["ca.crt", "second.crt"] {
        judges.take(&test, roots, &chain, "server.key", "a.test");
    }
    // A roll-over of a CA that is renewed afterwards stays one.
    test.certkit(&["renew", "ca.crt", "intermediate.crt"]).exits(0);
    for roots in ["ca.crt", "second.crt"] {
        judges.take(&test, roots, &chain, "server.key", "a.test");
    }
}

#[test]
fn due_certificates_of_the_old_root_are_renewed_by_the_new_one() {
    let Some(judges) = Judges::new() else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    for name in ["a", "b"] {
        test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
    }
    test.certkit(&["revoke", "b.crt"]).exits(0);
    test.certkit(&["mkca", "--rollover"]).exits(0);
    let revoked = test.text("b.crt");
    test.certkit(&["mkcert", "a.test", "-o", "a", "--if-needed"]).exits(0).says("nothing to do");
    test.certkit(&["renew", "--if-within", "100%"]).exits(0).says("a.crt");
    assert_eq!(test.text("b.crt"), revoked);
    judges.take(&test, "ca.crt", "a.crt", "a.key", "a.test");
}

#[test]
fn a_root_that_allows_no_ca_below_it_says_so() {
    let (Some(judges), Some(openssl)) = (Judges::new(), crate::peers::peer("openssl")) else { return };
    let test = Test::new();
    let make = ["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", "ca.key", "-out", "ca.crt"];
    let rest = [
        "-subj",
        "/CN=Old",
        "-days",
        "900",
        "-addext",
        "basicConstraints=critical,CA:TRUE,pathlen:0",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ];
    // The default configuration has basicConstraints too.
    test.write("o.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
    test.run(&openssl, &[&make[..], &rest, &["-config", "o.cnf"]].concat()).exits(0);
    let before = test.files();
    let fix = "certkit mkca --rollover --intermediate";
    test.certkit(&["mkca", "--intermediate"]).exits(2).says("path_length").says(fix);
    assert_eq!(test.files(), before);
    // The same for an intermediate whose key is elsewhere, also in another folder.
    test.certkit(&["csr", "Team", "-o", "team.csr"]).exits(0);
    let sign = ["sign", "team.csr", "--profile", "ca", "--ca", "ca.crt"];
    test.certkit(&sign).exits(1).says("path_length").says(fix);
    for file in ["ca.crt", "ca.key"] {
        test.write(&format!("old one/{file}"), test.text(file));
    }
    let sign = ["sign", "team.csr", "--profile", "ca", "--ca", "old one/ca.crt"];
    let elsewhere = "certkit mkca -o 'old one' --rollover --intermediate";
    test.certkit(&sign).exits(1).says(elsewhere);
    run_printed(&test, elsewhere).exits(0);
    test.certkit(&[&sign[..], &["--ca-key", "old one/ca.key"]].concat()).exits(0);
    run_printed(&test, fix).exits(0).says("path_length");
    assert!(!test.path("ca.cross.crt").exists());
    test.certkit(&["mkcert", "a.test"]).exits(0);
    judges.take(&test, "ca.crt", &chain(&test, "server"), "server.key", "a.test");
}

#[test]
fn an_intermediate_is_added_to_a_root() {
    let Some(judges) = Judges::new() else { return };
    let test = Test::new();
    test.certkit(&["mkca", "Team", "--permit", "test"]).exits(0);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    let root = (test.text("ca.crt"), test.text("ca.key"));
    let ran = test.certkit(&["mkca", "--intermediate", "--format", "json"]).exits(0);
    assert_eq!((test.text("ca.crt"), test.text("ca.key")), root);
    let [mkcert] = next(&ran).try_into().unwrap();
    run_printed(&test, &mkcert).exits(0);
    join(&test, "b.pem", &["server-2.crt", "ca-bundle.ca"]);
    judges.take(&test, "ca.crt", "b.pem", "server-2.key", "www.test");
    let name = judges.field(&test, "intermediate.crt", &["-subject"]);
    assert!(name.contains("Team intermediate CA"), "{name}");
    // Not every client holds the root's limits against what is below.
    assert!(judges.field(&test, "intermediate.crt", &["-ext", "nameConstraints"]).contains("DNS:test"));
    // What the root issued itself is renewed by the intermediate.
    test.certkit(&["renew", "server.crt"]).exits(0);
    join(&test, "a.pem", &["server.crt", "ca-bundle.ca"]);
    judges.take(&test, "ca.crt", "a.pem", "server.key", "a.test");
    // There is one now.
    let before = test.files();
    test.certkit(&["mkca", "--intermediate"]).exits(2).says("output_exists");
    assert_eq!(test.files(), before);
}

#[test]
fn a_root_on_another_machine() {
    let Some(judges) = Judges::new() else { return };
    let (offline, test) = (Test::new(), Test::new());
    offline.certkit(&["mkca", "Team", "--permit", "test"]).exits(0);
    test.write("ca.crt", offline.text("ca.crt"));
    test.certkit(&["mkca", "--intermediate"]).exits(2).says("certkit mkca --intermediate --csr");

    let mut serial = String::new();
    for round in 0..2 {
        let ran = test.certkit(&["mkca", "--intermediate", "--csr", "--format", "json"]).exits(0);
        let [sign, take] = next(&ran).try_into().unwrap();
        let key = test.text("intermediate.key");
        offline.write("intermediate.csr", test.text("intermediate.csr"));
        let _ = std::fs::remove_file(offline.path("intermediate.crt"));
        run_printed(&offline, &sign).exits(0);
        test.write("incoming/intermediate.crt", offline.text("intermediate.crt"));
        let take = take.replace("--take intermediate.crt", "--take incoming/intermediate.crt");
        run_printed(&test, &take).exits(0);
        assert_eq!(test.text("intermediate.key"), key);
        let new = judges.field(&test, "intermediate.crt", &["-serial"]);
        assert_ne!(new, serial);
        serial = new;
        test.certkit(&["mkcert", "a.test", "--force"]).exits(0);
        judges.take(&test, "ca.crt", &chain(&test, "server"), "server.key", "a.test");
        // The second time it is the renewal of the first: the old one is kept.
        assert_eq!(test.path("intermediate.crt.bak").exists(), round == 1);
    }
    assert!(judges.field(&test, "intermediate.crt", &["-ext", "nameConstraints"]).contains("DNS:test"));
    assert!(!test.path("ca.key").exists());

    // A certificate of another key or another root is not taken, nor one that is not a CA's.
    let before = test.files();
    let take = |file: &str| test.certkit(&["mkca", "--intermediate", "--take", file]);
    offline.certkit(&["mkca", "--intermediate", "-o", "other"]).exits(0);
    let other = offline.path("other/intermediate.crt").display().to_string();
    take(&other).exits(2).says("unknown_issuer");
    std::fs::rename(offline.path("intermediate.crt"), offline.path("first.crt")).unwrap();
    offline.certkit(&["mkca", "--intermediate"]).exits(0);
    take(&offline.path("intermediate.crt").display().to_string()).exits(2).says("key_mismatch");
    take("server.crt").exits(2);
    take("missing.crt").exits(2).says("not_found");
    assert_eq!(test.files(), before);
}
