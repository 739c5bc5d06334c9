//! The ledger as memory: `list`, `export`, a ledger in another place or none.

use std::fs;

use crate::harness::{Test, certkit};
use crate::peers::without_override;

#[test]
fn what_the_ledger_lists() {
    let test = Test::new();
    test.certkit(&["list"]).exits(2).says("ca_not_found");
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test", "www.a.test"]).exits(0);
    test.certkit(&["mkcert", "b.test", "-o", "b", "--days", "20"]).exits(0);
    test.certkit(&["mkcert", "c.test", "-o", "c"]).exits(0);
    test.certkit(&["revoke", "c.crt", "--reason", "superseded"]).exits(0);
    test.certkit(&["renew", "server.crt"]).exits(0);
    let listed =
        |args: &[&str]| test.certkit(&[&["list", "--format", "json"][..], args].concat()).exits(0).result();
    let all = listed(&[]);
    // Root and intermediate are in it too; the first to expire is on top.
    let certificates = all["certificates"].as_array().unwrap();
    assert_eq!((certificates.len(), &all["hidden_revoked"]), (5, &1.into()), "{all}");
    assert_eq!(certificates[0]["names"], serde_json::json!(["b.test"]));
    assert_eq!((&certificates[1]["replaced"], &certificates[2]["replaced"]), (&true.into(), &false.into()));
    assert_eq!(certificates[2]["requested_by"], "renew");
    assert_eq!(listed(&["--expiring", "30d"])["certificates"].as_array().unwrap().len(), 1);
    let revoked = listed(&["--revoked"]);
    assert_eq!(revoked["certificates"][0]["reason"], "superseded");
    assert_eq!(listed(&["--all"])["certificates"].as_array().unwrap().len(), 6);
    assert_eq!(listed(&["www.A.test"])["certificates"].as_array().unwrap().len(), 2);
    assert_eq!(listed(&["--ca", "ca.crt"])["certificates"].as_array().unwrap().len(), 2);
    // Without any key.
    fs::remove_file(test.path("ca.key")).unwrap();
    fs::remove_file(test.path("intermediate.key")).unwrap();
    let text = test.certkit(&["list"]).exits(0);
    let text = text.says("5 certificates; 1 revoked").says("██████████     19 d").says("b.test").stdout();
    assert!(!text.contains('\u{1b}'), "colour in a pipe: {text:?}");
    test.certkit(&["list", "--color", "always"]).exits(0).says("\u{1b}[");
    test.certkit(&["list", "c.test"]).exits(0).says("superseded").says("c.key").says("mkcert");
    test.certkit(&["list", "nobody.test"]).exits(2).says("not_found");
    let narrow = test.program(certkit()).args(["list"]).env("COLUMNS", "60").run().exits(0).stdout();
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
}

#[test]
fn a_lost_certificate_is_brought_back() {
    let test = Test::with_chain("a.test");
    let (certificate, chain) = (test.text("server.crt"), test.text("chain.pem"));
    fs::remove_file(test.path("server.crt")).unwrap();
    fs::remove_file(test.path("chain.pem")).unwrap();
    assert_eq!(test.certkit(&["export", "a.test"]).exits(0).stdout(), certificate);
    test.certkit(&["export", "a.test", "-o", "server.crt"]).exits(0).says("server.key");
    assert_eq!(test.text("server.crt"), certificate);
    test.certkit(&["export", "a.test", "--chain", "-o", "chain.pem"]).exits(0);
    assert_eq!(test.text("chain.pem"), chain);
    test.certkit(&["check", "chain.pem", "--host", "a.test", "--key", "server.key", "--roots", "ca.crt"])
        .exits(0);
    // A file that is there stays, and nothing is guessed.
    test.write("mine", "mine");
    test.certkit(&["export", "a.test", "-o", "mine"]).exits(2).says("output_exists");
    test.certkit(&["export", "a.test", "-o", "mine", "--force"]).exits(0);
    test.certkit(&["mkcert", "a.test", "-o", "b"]).exits(0);
    let several = test.certkit(&["export", "a.test"]).exits(2).says("2 valid certificates").stderr();
    let serial = several
        .lines()
        .find_map(|line| line.trim().split_once(" (a.test").map(|(serial, _)| serial))
        .unwrap();
    assert_eq!(test.certkit(&["export", serial]).exits(0).stdout(), certificate);
    test.certkit(&["revoke", serial]).exits(0);
    test.certkit(&["export", serial]).exits(0).says("was revoked");
    test.certkit(&["export", "nobody.test"]).exits(2).says("not_found");
}

/// A folder that its user may only read, as secrets are mounted.
fn read_only(test: &Test) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir(test.path("work")).unwrap();
    for (path, mode) in [
        ("ca", 0o555),
        ("work", 0o777),
        ("ca/ca.key", 0o444),
        ("ca/ca.crt", 0o444),
        ("ca/ledger.jsonl", 0o444),
    ] {
        fs::set_permissions(test.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_ca_that_may_only_be_read_issues_with_a_ledger_elsewhere_or_none() {
    let test = Test::new();
    test.certkit(&["mkca", "-o", "ca"]).exits(0);
    read_only(&test);
    let before = test.text("ca/ledger.jsonl");
    let run = |args: &[&str]| {
        let ca = ["--ca", "ca/ca.crt", "--ca-key", "ca/ca.key"];
        without_override(&test).args([certkit().as_os_str()]).args(args).args(ca).run()
    };
    let refused =
        run(&["mkcert", "a.test", "-o", "work/a"]).exits(2).says("permission").says("--ledger FILE");
    let refused = refused.says("--ledger none").keeps_quiet_about("Copy the CA");
    drop(refused);
    assert!(!test.path("work/a.crt").exists() && !test.path("work/a.key").exists());
    run(&["mkcert", "a.test", "-o", "work/a", "--ledger", "none"]).exits(0);
    run(&["mkcert", "b.test", "-o", "work/b", "--ledger", "work/ledger"]).exits(0);
    assert_eq!(test.text("work/ledger").lines().count(), 1);
    run(&["revoke", "b.test", "--ledger", "work/ledger"])
        .exits(0)
        .says("certkit crl")
        .says("--ledger work/ledger");
    run(&["crl", "-o", "work/ca.crl", "--ledger", "work/ledger"]).exits(0).says("1 certificate ");
    run(&["renew", "work/a.crt", "--ledger", "none"]).exits(0);
    // What only a ledger can say is refused without one.
    for args in
        [&["revoke", "work/a.crt", "--ledger", "none"][..], &["crl", "-o", "x.crl", "--ledger", "none"]]
    {
        run(args).exits(2).says("nothing is recorded");
    }
    test.certkit(&["list", "--ca", "ca/ca.crt", "--ledger", "work/ledger", "--revoked"])
        .exits(0)
        .says("b.test");
    assert_eq!(test.text("ca/ledger.jsonl"), before);
}

#[test]
fn a_group_that_shares_the_key_shares_the_ledger() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    fs::set_permissions(test.path("ca.key"), fs::Permissions::from_mode(0o640)).unwrap();
    test.certkit(&["mkcert", "a.test"]).exits(0);
    assert_eq!(test.mode("ledger.jsonl"), 0o660);
    let group = |file: &str| fs::metadata(test.path(file)).unwrap().gid();
    assert_eq!(group("ledger.jsonl"), group("ca.key"));
}
