//! `key`: made, shown, encrypted, decrypted and compared, beside openssl and GnuTLS.

use crate::harness::{Test, certkit};
use crate::peers::peer;

const KINDS: [&str; 5] = ["p256", "p384", "p521", "ed25519", "rsa2048"];

#[test]
fn new_keys_are_private_and_openssl_reads_them() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    for kind in KINDS {
        let file = format!("{kind}.key");
        let ran = test.program(certkit()).args(["key", "new", "-k", kind, "-o", &file]).umask("000").run();
        ran.exits(0).says("keep it secret");
        assert_eq!(test.mode(&file), 0o600);
        test.run(&openssl, &["pkey", "-in", &file, "-noout", "-check"]).exits(0).says("valid");
    }
    test.certkit(&["key", "new"]).exits(0).says("server.key");
    test.certkit(&["key", "new"]).exits(2).says("output_exists");
    test.certkit(&["key", "new", "--force"]).exits(0);
    assert!(test.path("server.key.bak").exists());
    let text = test.certkit(&["key", "new", "-o", "-"]).exits(0).stdout();
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{text}");
}

#[test]
fn encrypted_keys_are_read_by_openssl_and_gnutls_and_come_back() {
    let (Some(openssl), Some(certtool)) = (peer("openssl"), peer("certtool")) else { return };
    let test = Test::new();
    test.write("pw", "correct horse\n");
    for kind in KINDS {
        test.certkit(&["key", "new", "-k", kind, "-o", "open.key", "--force"]).exits(0);
        let args = ["key", "encrypt", "open.key", "-o", "locked.key", "--password-file", "pw", "--force"];
        test.certkit(&args).exits(0).says("rm open.key");
        assert_eq!(test.mode("locked.key"), 0o600);
        assert!(test.text("locked.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let public = test.run(&openssl, &["pkey", "-in", "open.key", "-pubout"]).exits(0).stdout();
        let again =
            test.run(&openssl, &["pkey", "-in", "locked.key", "-passin", "file:pw", "-pubout"]).exits(0);
        assert_eq!(again.stdout(), public, "{kind}");
        test.run(&certtool, &["--key-info", "--infile", "locked.key", "--password", "correct horse"])
            .exits(0);
        test.certkit(&["key", "decrypt", "locked.key", "-o", "back.key", "--password-file", "pw", "--force"])
            .exits(0);
        assert_eq!(test.text("back.key"), test.text("open.key"), "{kind}");
        assert_eq!(test.mode("back.key"), 0o600);
    }
    test.certkit(&["key", "new", "--encrypt", "--password-file", "pw", "-o", "born.key"]).exits(0);
    test.run(&openssl, &["pkey", "-in", "born.key", "-passin", "file:pw", "-noout"]).exits(0);
}

#[test]
fn passwords_that_are_missing_wrong_or_changed() {
    let test = Test::new();
    test.write("pw", "correct horse\n");
    test.write("new", "battery staple\n");
    test.certkit(&["key", "new"]).exits(0);
    test.certkit(&["key", "encrypt", "server.key", "-o", "x.key"]).exits(2).says("password_needed");
    test.certkit(&["key", "encrypt", "server.key", "-o", "locked.key", "--password-file", "pw"]).exits(0);
    test.certkit(&["key", "decrypt", "locked.key", "--password-file", "new"]).exits(2).says("wrong_password");
    test.certkit(&["key", "decrypt", "locked.key"]).exits(2).says("--password-file FILE");
    let again = ["key", "encrypt", "locked.key", "-o", "changed.key", "--password-file", "pw"];
    test.certkit(&again).exits(2).says("--new-password-file");
    test.certkit(&[&again[..], &["--new-password-file", "new"]].concat()).exits(0);
    let ran = test
        .program(certkit())
        .args(["key", "decrypt", "changed.key"])
        .env("CERTKIT_PASSWORD", "battery staple")
        .run()
        .exits(0);
    assert_eq!(ran.stdout(), test.text("server.key"));
    // From standard input, and to it.
    let ran = test
        .program(certkit())
        .args(["key", "decrypt", "-", "--password-file", "new"])
        .stdin(test.text("changed.key"))
        .run()
        .exits(0);
    assert_eq!(ran.stdout(), test.text("server.key"));
}

#[test]
fn a_password_is_asked_for_twice_on_a_terminal() {
    let Some(script) = peer("script") else { return };
    let test = Test::new();
    let program = certkit().display().to_string();
    let typed = |keys: &str| {
        // A terminal takes keys before it is asked; echo is switched off before the question.
        let line = format!("{program} key new --encrypt -o new.key --force");
        test.program(&script).args(["-qec", &line, "typescript"]).stdin(keys).run()
    };
    typed("one\ntwo\n").exits(2).says("differ");
    assert!(!test.path("new.key").exists());
    typed("secret words\nsecret words\n").exits(0);
    test.write("pw", "secret words");
    test.certkit(&["key", "decrypt", "new.key", "--password-file", "pw"]).exits(0);
}

#[test]
fn which_files_belong_to_a_key() {
    let test = Test::with_chain("test.example");
    test.certkit(&["mkcert", "other.example", "--csr", "-o", "other"]).exits(0);
    test.certkit(&["key", "match", "server.key", "server.crt", "chain.pem"])
        .exits(0)
        .says("matches server.crt");
    test.certkit(&["key", "match", "other.key", "other.crt", "other.csr"])
        .exits(0)
        .says("certificate request");
    let mixed = ["key", "match", "server.key", "server.crt", "other.crt", "other.csr", "other.key"];
    test.certkit(&mixed)
        .exits(1)
        .says("matches server.crt")
        .says("does not match other.crt")
        .says("does not match other.csr")
        .says("does not match other.key");
    let report = test.certkit(&[&mixed[..], &["--format", "json"]].concat()).exits(1).report();
    assert_eq!((&report["schema"], &report["fits"]), (&1.into(), &false.into()));
    let fits: Vec<_> =
        report["files"].as_array().unwrap().iter().map(|file| file["fits"].as_bool().unwrap()).collect();
    assert_eq!(fits, [true, false, false, false]);
    assert_eq!(report["files"][0]["kind"], "certificate");
    assert_eq!(report["errors"][0]["code"], "key_mismatch");
    assert_eq!(report["key"]["file"], "server.key");
    test.certkit(&["key", "match", "server.crt", "server.crt"]).exits(2).says("not a private key");
    test.certkit(&["key", "match", "server.key", "missing.crt"]).exits(2).says("not_found");
}

#[test]
fn show_says_the_kind_and_nothing_secret() {
    let test = Test::with_certificate("test.example");
    test.write("both.pem", test.text("server.crt") + &test.text("server.key"));
    let report = test.certkit(&["key", "show", "both.pem", "--format", "json"]).exits(0).report();
    assert_eq!(report["items"].as_array().unwrap().len(), 1);
    assert_eq!(report["items"][0]["key"]["curve"], "P-256");
    test.certkit(&["key", "show", "server.key"]).exits(0).says("public key sha256");
    test.certkit(&["key", "show", "server.crt"]).exits(2).says("no_private_key");
}

#[test]
fn the_open_copy_of_an_encrypted_key_is_named() {
    let test = Test::new();
    test.write("pw", "secret\n");
    test.certkit(&["key", "new", "-o", "a.key"]).exits(0);
    let encrypt = ["key", "encrypt", "./a.key", "-o", "a.key", "--force", "--password-file", "pw"];
    // An older backup is not the open copy, and may be the only one of its key.
    test.write("a.key.bak", "older\n");
    let open = test.text("a.key");
    test.certkit(&encrypt).exits(0).says("rm a.key.bak.2 ");
    assert_eq!(test.text("a.key.bak.2"), open);
    let stdin = ["key", "encrypt", "-", "-o", "b.key", "--password-file", "pw"];
    test.program(certkit()).args(stdin).stdin(open).run().exits(0).keeps_quiet_about("rm ");
}
