//! `renew` beside real files: what holds the old certificate is renewed as one with it, or named.

use std::path::Path;

use certkit::internals::container::{BlockKind, read};
use certkit::internals::x509::{Certificate, PrivateKey};

use crate::harness::{Ran, Test, certkit};

/// The first certificate of a file in any form; PKCS#12 has the password `secret`.
fn certificate(test: &Test, file: &str) -> Certificate {
    let contents = read(&std::fs::read(test.path(file)).unwrap(), Some("secret"));
    let block = contents.blocks.iter().find(|block| block.kind == BlockKind::Certificate).unwrap();
    Certificate::from_der(block.der.to_vec()).unwrap()
}

fn serial(test: &Test, file: &str) -> String {
    certificate(test, file).serial_hex()
}

fn with_password(test: &Test, args: &[&str]) -> Ran {
    test.program(certkit()).args(args).env("CERTKIT_PASSWORD", "secret").run()
}

/// The command that fixes the finding of this code.
fn fix(ran: &Ran, code: &str) -> String {
    let report = ran.envelope();
    let finding =
        report["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == code).unwrap();
    finding["commands"][0].as_str().unwrap().to_owned()
}

#[test]
fn every_file_that_holds_the_certificate_is_renewed_as_one() {
    let test = Test::new();
    test.write("pw", "secret\n");
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test", "--bundle", "pem", "--p12", "--p12-password-file", "pw"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    test.certkit(&["convert", "chain.pem", "-o", "chain.p7b"]).exits(0);
    let windows = format!("# for the mail server\r\n{}", test.text("chain.pem").replace('\n', "\r\n"));
    test.write("windows.pem", &windows);
    test.write("copy.crt", test.text("server.crt"));
    test.write("server.crt.bak", test.text("server.crt"));
    test.write("other.txt", "not a certificate\n");
    let old = serial(&test, "server.crt");
    let (key, bundle) = (test.text("server.key"), test.text("server.pem"));
    assert!(bundle.ends_with(&key) && test.mode("server.pem") == 0o600);

    let plan = test.certkit(&["renew", "server.crt", "--dry-run", "--key-password-file", "pw"]).exits(0);
    plan.says("server.crt  would be renewed, with server.fullchain.pem").says("windows.pem");
    assert_eq!(serial(&test, "server.crt"), old);

    let ran = test.certkit(&["renew", "server.crt", "--key-password-file", "pw"]).exits(0);
    ran.says("certkit renew copy.crt");
    let new = serial(&test, "server.crt");
    assert_ne!(new, old);
    for file in ["server.fullchain.pem", "server.pem", "server.p12", "chain.pem", "chain.p7b", "windows.pem"]
    {
        assert_eq!(serial(&test, file), new, "{file}");
    }
    for file in ["copy.crt", "server.crt.bak"] {
        assert_eq!(serial(&test, file), old, "{file}");
    }
    assert_eq!((test.text("server.key"), test.mode("server.pem")), (key.clone(), 0o600));
    assert!(test.text("server.pem").ends_with(&key));
    assert!(test.text("windows.pem").starts_with("# for the mail server\r\n"));
    assert!(!test.text("windows.pem").replace("\r\n", "").contains('\n'));
    test.certkit(&[
        "check",
        "server.fullchain.pem",
        "--host",
        "a.test",
        "--key",
        "server.key",
        "--roots",
        "ca.crt",
    ])
    .exits(0);
    test.certkit(&["check", "chain.pem", "--host", "a.test", "--roots", "ca.crt"]).exits(0);
    // Nothing was put aside: the key is in the new files.
    assert!(
        !test.names().iter().any(|name| name.starts_with("server.pem.") || name.starts_with("server.p12."))
    );

    // The next one knows the same files from the ledger.
    test.certkit(&["renew", "--if-within", "100%", "--key-password-file", "pw"]).exits(0);
    let newest = serial(&test, "server.crt");
    assert_ne!(newest, new);
    assert_eq!(serial(&test, "chain.p7b"), newest);
}

#[test]
fn a_file_that_cannot_be_written_again_is_named() {
    let test = Test::new();
    test.write("pw", "secret\n");
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test", "--p12", "--p12-password-file", "pw"]).exits(0);
    let (old, p12) = (serial(&test, "server.crt"), std::fs::read(test.path("server.p12")).unwrap());
    let hook = "printf '%s|%s' \"$CERTKIT_RENEWED\" \"$CERTKIT_NOT_RENEWED\" > seen";
    let ran = test.certkit(&["renew", "server.crt", "--exec", hook, "--format", "json"]).exits(2);
    let ran = ran.says("old_certificate").says("server.p12");
    assert_ne!(serial(&test, "server.crt"), old);
    assert_eq!(serial(&test, "server.fullchain.pem"), serial(&test, "server.crt"));
    assert_eq!(std::fs::read(test.path("server.p12")).unwrap(), p12);
    assert_eq!(test.text("seen"), "server.crt|server.p12");
    let renewed = ran.report();
    assert_eq!(renewed["certificates"][0]["left"][0], "server.p12", "{renewed}");

    // What it says to run puts the new certificate there.
    let command = fix(&ran, "old_certificate");
    let words: Vec<_> = command.split(' ').skip(1).collect();
    with_password(&test, &words).exits(0);
    assert_eq!(serial(&test, "server.p12"), serial(&test, "server.crt"));
}

/// Each file is named once: named by the user too, and with a password that is not its own.
#[test]
fn a_container_is_named_once() {
    let test = Test::new();
    test.write("pw", "secret\n");
    test.write("wrong", "battery\n");
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "a.test", "--p12", "--p12-password-file", "pw"]).exits(0);
    for (password, code) in
        [(&[][..], 2), (&["--key-password-file", "wrong"], 2), (&["--key-password-file", "pw"], 0)]
    {
        let made =
            ["convert", "server.crt", "--key", "server.key", "--to", "p12", "-o", "server.p12", "--force"];
        with_password(&test, &made).exits(0);
        for dry_run in [&["--dry-run"][..], &[]] {
            let args = ["renew", "server.p12", "server.crt", "--format", "json"];
            let ran = test.certkit(&[&args[..], password, dry_run].concat());
            // Before anything is changed nothing holds an old certificate.
            let ran = ran.exits(if dry_run.is_empty() { code } else { 0 });
            let findings = ran.envelope()["findings"].as_array().unwrap().clone();
            assert_eq!(findings.len(), usize::from(dry_run.is_empty() && code == 2), "{findings:?}");
        }
    }
    assert_eq!(serial(&test, "server.p12"), serial(&test, "server.crt"));
    let ran =
        test.certkit(&["renew", "server.crt", "--key-password-file", "wrong", "--format", "json"]).exits(2);
    let ran = ran.says("`server.p12` still holds the old certificate").says("the password is wrong");
    let command = fix(&ran, "old_certificate");
    let words: Vec<_> = command.split(' ').skip(1).collect();
    with_password(&test, &words).exits(0);
    assert_eq!(serial(&test, "server.p12"), serial(&test, "server.crt"));

    // Alone it is not renewed.
    test.certkit(&["renew", "server.p12"]).exits(2).says("not_pem").says("certkit convert server.p12");
    with_password(&test, &["renew", "server.p12"]).exits(2).says("not_pem");
}

#[test]
fn all_or_none_of_the_files() {
    let test = Test::with_chain("a.test");
    let before = test.files();
    // A folder cannot be read as a file: it is as if the ledger's file were gone.
    std::fs::remove_file(test.path("server.fullchain.pem")).unwrap();
    std::fs::create_dir(test.path("server.fullchain.pem")).unwrap();
    test.certkit(&["renew", "server.crt"]).exits(0);
    assert_ne!(test.files()[Path::new("chain.pem")], before[Path::new("chain.pem")]);
}

#[test]
fn a_key_that_is_elsewhere_stays() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    // The request comes from another machine.
    let other = Test::new();
    other.certkit(&["csr", "foreign.test", "-o", "foreign.csr"]).exits(0);
    test.write("foreign.csr", other.text("foreign.csr"));
    test.certkit(&["sign", "foreign.csr"]).exits(0);
    test.certkit(&["mkcert", "own.test", "-o", "own"]).exits(0);
    // Moved, and the ledger does not know where to: it is found by what it is.
    test.certkit(&["mkcert", "moved.test", "-o", "moved"]).exits(0);
    std::fs::rename(test.path("moved.key"), test.path("private.pem")).unwrap();
    let public = |file: &str| certificate(&test, file).spki_sha256();
    let before: Vec<_> = ["foreign.crt", "own.crt", "moved.crt"].map(public).to_vec();
    let old_own = test.text("own.key");

    let ran = test.certkit(&["renew", "--rekey", "--if-within", "100%"]).exits(0);
    ran.says("its private key is not here");
    assert!(
        !test.names().contains(&"foreign.key".to_owned()) && !test.names().contains(&"moved.key".to_owned())
    );
    let after: Vec<_> = ["foreign.crt", "own.crt", "moved.crt"].map(public).to_vec();
    assert!(before[0] == after[0] && before[1] != after[1] && before[2] != after[2]);
    assert_eq!((test.text("own.key.bak"), test.mode("own.key")), (old_own, 0o600));
    for (certificate, key) in [("own.crt", "own.key"), ("moved.crt", "private.pem")] {
        test.certkit(&["key", "match", key, certificate]).exits(0);
    }

    // Somebody else's key beside it is not in the way of a new one.
    test.write("foreign.key", test.text("own.key"));
    let before = test.files();
    test.certkit(&["renew", "foreign.crt", "--rekey"]).exits(2).says("key_mismatch");
    assert_eq!(test.files(), before);
}

#[test]
fn an_encrypted_key_stays_encrypted() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.write("pw", "secret\n");
    test.certkit(&["key", "new", "-o", "a.key", "--encrypt", "--password-file", "pw"]).exits(0);
    test.certkit(&["mkcert", "a.test", "-o", "a", "--key", "a.key", "--key-password-file", "pw"]).exits(0);
    let before = test.files();
    // Named: nothing is done without the password.
    test.certkit(&["renew", "a.crt", "--rekey"]).exits(2).says("key_encrypted").says("--key-password-file");
    assert_eq!(test.files(), before);
    // By a timer: the certificate must not expire.
    let old = serial(&test, "a.crt");
    test.certkit(&["renew", "--rekey", "--if-within", "100%"])
        .exits(2)
        .says("certkit renew")
        .says("a.crt --rekey");
    assert_ne!(serial(&test, "a.crt"), old);
    assert_eq!(test.text("a.key").as_bytes(), before[Path::new("a.key")].1);

    test.certkit(&["renew", "a.crt", "--rekey", "--key-password-file", "pw"]).exits(0);
    assert_eq!(test.text("a.key.bak").as_bytes(), before[Path::new("a.key")].1);
    assert!(test.text("a.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let check = ["check", "a.crt", "--host", "a.test", "--roots", "ca.crt", "--key", "a.key"];
    with_password(&test, &check).exits(0);
}

#[test]
fn a_dry_run_says_what_is_due_and_changes_nothing() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "long.test", "-o", "long"]).exits(0);
    test.certkit(&["mkcert", "short.test", "-o", "short", "--days", "30"]).exits(0);
    let before = test.files();
    let args = ["renew", "--if-within", "60d", "--dry-run", "--exec", "touch hook", "--rekey"];
    test.certkit(&args).exits(0).says("long.crt  not due before").says("short.crt  would be renewed, with");
    let report = test.certkit(&[&args[..], &["--format", "json"]].concat()).exits(0).report();
    let states: Vec<_> =
        report["certificates"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["not_due", "due"]);
    assert_eq!((report["checked"].as_u64(), report["renewed"].as_array().unwrap().len()), (Some(2), 0));
    assert_eq!(test.files(), before);
}

/// A file behind a link is written where it is, and holders are not written twice.
#[test]
fn named_twice_renewed_once() {
    let test = Test::with_chain("a.test");
    let issued = || test.text("ledger.jsonl").matches("\"issued\"").count();
    let before = issued();
    test.certkit(&["renew", "server.crt", "chain.pem", "./server.crt"]).exits(0);
    assert_eq!(issued(), before + 1);
    assert_eq!(serial(&test, "chain.pem"), serial(&test, "server.crt"));
}

#[test]
fn certificates_that_share_a_file_are_both_renewed_in_it() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    for name in ["a", "b"] {
        test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
    }
    let all = ["a.crt", "a.key", "b.crt", "b.key"].map(|name| test.text(name)).concat();
    test.write("all.pem", &all);
    test.certkit(&["renew", "a.crt", "b.crt"]).exits(0);
    let shared = test.text("all.pem");
    assert!(shared.contains(&test.text("a.crt")) && shared.contains(&test.text("b.crt")), "{shared}");
    // With new keys, which are nowhere else.
    for name in ["a.key", "b.key"] {
        std::fs::remove_file(test.path(name)).unwrap();
    }
    test.certkit(&["renew", "a.crt", "b.crt", "--rekey"]).exits(0);
    let contents = read(&std::fs::read(test.path("all.pem")).unwrap(), None);
    let keys = contents.blocks.iter().filter(|block| block.is_private_key());
    let keys: Vec<_> = keys.map(|block| PrivateKey::from_der(block.der.clone()).unwrap()).collect();
    assert_eq!(keys.len(), 2, "{}", test.text("all.pem"));
    for name in ["a.crt", "b.crt"] {
        assert!(test.text("all.pem").contains(&test.text(name)), "{name}");
        let spki = certificate(&test, name).spki;
        assert!(keys.iter().any(|key| key.spki() == spki), "the key of {name}");
    }
}

#[test]
fn what_holds_more_than_certificates_is_named_and_not_written() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "a.test", "-o", "a"]).exits(0);
    let indented =
        |name: &str| test.text(name).lines().map(|line| format!("    {line}\n")).collect::<String>();
    let yaml = format!("password: hunter2\nchain: |\n{}{}", indented("a.crt"), indented("ca.crt"));
    test.write("chain.yaml", &yaml);
    test.certkit(&["renew", "a.crt"]).exits(2).says("chain.yaml");
    assert_eq!(test.text("chain.yaml"), yaml);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_renewed() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    for name in ["a", "b", "c"] {
        test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
    }
    let before = test.text("a.crt");
    test.write("b.crt", "garbage");
    std::fs::remove_file(test.path("c.crt")).unwrap();
    test.certkit(&["renew", "--if-within", "1000d"]).exits(2).says("b.crt").keeps_quiet_about("c.crt");
    assert_ne!(test.text("a.crt"), before);
}

#[test]
fn who_could_read_a_file_can_read_the_renewed_one() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "a.test", "-o", "a"]).exits(0);
    let path = test.path("a.crt");
    let is_root = chown(&path, Some(65534), Some(65534)).is_ok();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    test.program("sh").args(["-c", "umask 077; exec \"$0\" renew a.crt"]).args([certkit()]).run().exits(0);
    assert_eq!(test.mode("a.crt"), 0o644);
    let meta = std::fs::metadata(&path).unwrap();
    assert!(!is_root || (meta.uid(), meta.gid()) == (65534, 65534));
}
