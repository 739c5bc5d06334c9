//! `convert`: every pair of forms, read back by the peers that such files are made for.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::harness::{Test, certkit};
use crate::peers::peer;

const FORMS: [&str; 7] = ["pem", "der", "p12", "p7b", "pkcs8", "pkcs1", "sec1"];

/// A folder with a key, its certificate and an intermediate, and a password in `pw`.
fn folder(kind: &str) -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", kind]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    test.write("pw", "correct horse\n");
    test
}

/// Converts with the password in `pw`.
fn convert(test: &Test, args: &[&str]) -> crate::harness::Ran {
    test.certkit(&[&["convert"], args, &["--password-file", "pw", "--force"]].concat())
}

/// The contents of the blocks of a kind, in order.
fn blocks(text: &str, label: &str) -> Vec<Vec<u8>> {
    let (begin, end) = (format!("-----BEGIN {label}-----\n"), format!("-----END {label}-----"));
    text.split(&begin)
        .skip(1)
        .map(|rest| STANDARD.decode(rest.split(&end).next().unwrap().replace('\n', "")).unwrap())
        .collect()
}

/// What openssl finds in a file of a form: certificates, and the public key of its private key.
fn read_back(test: &Test, openssl: &Path, file: &str, form: &str) -> (Vec<Vec<u8>>, Option<String>) {
    let text = match form {
        "p12" => {
            let args = ["pkcs12", "-in", file, "-passin", "file:pw", "-nodes"];
            let ran = test.run(openssl, &args);
            // Triple DES is among openssl's "legacy" ciphers.
            let ran =
                if ran.succeeded() { ran } else { test.run(openssl, &[&args[..], &["-legacy"]].concat()) };
            ran.exits(0).stdout()
        }
        "p7b" => test.run(openssl, &["pkcs7", "-in", file, "-print_certs"]).exits(0).stdout(),
        "der" => {
            let certificate = test.run(openssl, &["x509", "-inform", "DER", "-in", file]);
            if certificate.succeeded() {
                certificate.stdout()
            } else {
                test.run(openssl, &["pkey", "-inform", "DER", "-in", file]).exits(0).stdout()
            }
        }
        _ => test.text(file),
    };
    let has_key = text.contains("PRIVATE KEY-----");
    test.write("read-back.pem", &text);
    let public = || test.run(openssl, &["pkey", "-in", "read-back.pem", "-pubout"]).exits(0).stdout();
    (blocks(&text, "CERTIFICATE"), has_key.then(public))
}

/// Every file that `convert` can make of `inputs`, and whether it holds what it should.
fn every_pair(kind: &str) {
    let Some(openssl) = peer("openssl") else { return };
    let test = folder(kind);
    let old_form = if kind == "rsa2048" { "pkcs1" } else { "sec1" };
    let certificates = blocks(&test.text("chain.pem"), "CERTIFICATE");
    let public = test.run(&openssl, &["pkey", "-in", "server.key", "-pubout"]).exits(0).stdout();
    // Inputs in every form, with how many certificates and whether a key is in them.
    let mut inputs = vec![("server.key", 0, true), ("server.crt", 1, false), ("chain.pem", 2, false)];
    for (args, made) in [
        (&["server.key", "-o", "key.der"][..], ("key.der", 0, true)),
        (&["server.key", "--to", old_form, "-o", "old.key"], ("old.key", 0, true)),
        (&["old.key", "--to", "der", "-o", "old.der"], ("old.der", 0, true)),
        (&["server.crt", "-o", "server.der"], ("server.der", 1, false)),
        (&["chain.pem", "-o", "chain.p7b"], ("chain.p7b", 2, false)),
        (&["chain.pem", "-o", "trust.p12"], ("trust.p12", 2, false)),
        (&["chain.pem", "--key", "server.key", "-o", "both.pem"], ("both.pem", 2, true)),
        (&["chain.pem", "--key", "old.key", "-o", "both.p12"], ("both.p12", 2, true)),
        (&["server.key", "--chain", "chain.pem", "-o", "old.pfx", "--legacy"], ("old.pfx", 2, true)),
    ] {
        convert(&test, args).exits(0);
        inputs.push(made);
    }
    let mut tried = 0;
    for (input, count, has_key) in inputs {
        for form in FORMS {
            let output = format!("{input}.{form}");
            let is_key_form = matches!(form, "pkcs8" | "pkcs1" | "sec1");
            let possible = match form {
                "pem" => true,
                "p12" => true,
                "der" => count + usize::from(has_key) == 1,
                "p7b" => count > 0,
                "pkcs8" => has_key,
                form => has_key && form == old_form,
            };
            let ran = convert(&test, &[input, "--to", form, "-o", &output]);
            if !possible {
                ran.exits(2).says("error").says("fix:");
                assert!(!test.path(&output).exists(), "{output}");
                continue;
            }
            ran.exits(0);
            let (found, key) = read_back(&test, &openssl, &output, form);
            let wanted = if is_key_form { &[][..] } else { &certificates[..count] };
            assert_eq!(found, wanted, "{input} to {form}");
            assert_eq!(key, (has_key && form != "p7b").then(|| public.clone()), "{input} to {form}");
            assert_eq!(test.mode(&output), if key.is_some() { 0o600 } else { 0o644 }, "{output}");
            tried += 1;
        }
    }
    assert!(tried > 45, "only {tried} pairs were possible");
}

#[test]
fn every_pair_with_an_elliptic_key() {
    every_pair("p256");
}

#[test]
fn every_pair_with_an_rsa_key() {
    every_pair("rsa2048");
}

#[test]
fn ed25519_is_written_so_that_openssl_reads_it() {
    let Some(openssl) = peer("openssl") else { return };
    let test = folder("ed25519");
    convert(&test, &["chain.pem", "--key", "server.key", "-o", "both.p12"]).exits(0);
    let (found, key) = read_back(&test, &openssl, "both.p12", "p12");
    assert_eq!((found.len(), key.is_some()), (2, true));
    convert(&test, &["server.key", "--to", "sec1"]).exits(2).says("--to pkcs8");
}

#[test]
fn the_labels_of_keys() {
    let test = folder("rsa2048");
    for (form, label) in [("pkcs1", "RSA PRIVATE KEY"), ("pkcs8", "PRIVATE KEY")] {
        let text = convert(&test, &["server.key", "--to", form]).exits(0).stdout();
        assert!(text.starts_with(&format!("-----BEGIN {label}-----\n")), "{text}");
    }
    let test = folder("p384");
    let text = convert(&test, &["server.key", "--to", "sec1"]).exits(0).stdout();
    assert!(text.starts_with("-----BEGIN EC PRIVATE KEY-----\n"), "{text}");
}

#[test]
fn java_reads_key_stores_and_trust_stores() {
    let Some(keytool) = peer("keytool") else { return };
    let test = folder("p256");
    for more in [&[][..], &["--legacy"]] {
        convert(&test, &[&["chain.pem", "--key", "server.key", "-o", "key.p12"], more].concat()).exits(0);
        test.run(&keytool, &["-list", "-v", "-keystore", "key.p12", "-storepass:file", "pw"])
            .exits(0)
            .says("PrivateKeyEntry")
            .says("Alias name: test.example")
            .says("Certificate chain length: 2");
        convert(&test, &[&["chain.pem", "--chain", "ca.crt", "-o", "trust.p12"], more].concat()).exits(0);
        let listed =
            test.run(&keytool, &["-list", "-keystore", "trust.p12", "-storepass:file", "pw"]).exits(0);
        assert_eq!(listed.stdout().matches("trustedCertEntry").count(), 3, "{}", listed.stdout());
    }
    // And the other way: what keytool makes.
    let made = ["-genkeypair", "-alias", "Shop", "-keyalg", "RSA", "-dname", "CN=shop.example"];
    let store = ["-keystore", "java.p12", "-storepass:file", "pw", "-keypass:file", "pw"];
    test.run(&keytool, &[&made[..], &store].concat()).exits(0);
    convert(&test, &["java.p12", "-o", "again.pfx", "--legacy"]).exits(0).says("under the name shop");
    test.run(&keytool, &["-list", "-keystore", "again.pfx", "-storepass:file", "pw"])
        .exits(0)
        .says("shop, ")
        .says("PrivateKeyEntry");
}

#[test]
fn nss_reads_pkcs12() {
    let (Some(certutil), Some(pk12util)) = (peer("certutil"), peer("pk12util")) else { return };
    let test = folder("rsa2048");
    std::fs::create_dir(test.path("db")).unwrap();
    test.run(&certutil, &["-N", "-d", "sql:db", "--empty-password"]).exits(0);
    for (file, more) in [("modern.p12", &[][..]), ("legacy.p12", &["--legacy"])] {
        convert(&test, &[&["chain.pem", "--key", "server.key", "-o", file], more].concat()).exits(0);
        test.run(&pk12util, &["-i", file, "-d", "sql:db", "-w", "pw"]).exits(0);
        test.run(&certutil, &["-K", "-d", "sql:db"]).exits(0).says("test.example");
        test.run(&certutil, &["-L", "-d", "sql:db"]).exits(0).says("test.example").says("u,u,u");
        test.run(&certutil, &["-F", "-d", "sql:db", "-n", "test.example"]).exits(0);
    }
}

#[test]
fn gnutls_reads_pkcs12_and_pkcs7() {
    let Some(certtool) = peer("certtool") else { return };
    let test = folder("p256");
    for more in [&[][..], &["--legacy"]] {
        convert(&test, &[&["chain.pem", "--key", "server.key", "-o", "both.p12"], more].concat()).exits(0);
        let args = ["--p12-info", "--inder", "--infile", "both.p12", "--password", "correct horse"];
        let info = test.run(&certtool, &args).exits(0).all();
        assert_eq!(info.matches("BEGIN CERTIFICATE").count(), 2, "{info}");
        assert!(info.contains("PRIVATE KEY-----"), "{info}");
    }
    convert(&test, &["chain.pem", "-o", "chain.p7b"]).exits(0);
    let info = test.run(&certtool, &["--p7-info", "--infile", "chain.p7b"]).exits(0).stdout();
    assert!(info.contains("Number of certificates: 2"), "{info}");
}

#[test]
fn names_are_kept_in_pkcs12_and_told_elsewhere() {
    let Some(openssl) = peer("openssl") else { return };
    let test = folder("p256");
    let made = ["pkcs12", "-export", "-in", "chain.pem", "-inkey", "server.key", "-name", "Grüße aus Köln"];
    test.run(&openssl, &[&made[..], &["-passout", "file:pw", "-out", "named.p12"]].concat()).exits(0);
    convert(&test, &["named.p12", "-o", "again.p12"]).exits(0).says("Grüße aus Köln");
    let info = test.run(&openssl, &["pkcs12", "-in", "again.p12", "-passin", "file:pw", "-nodes"]).exits(0);
    // Once for the key and once for the certificate; openssl shows UTF-8 as it is or escaped.
    assert_eq!(info.stdout().matches("friendlyName").count(), 2, "{}", info.stdout());
    assert_eq!(info.stdout().matches("localKeyID").count(), 2, "{}", info.stdout());
    let report = convert(&test, &["again.p12", "-o", "again.pem", "--format", "json"]).exits(0).report();
    let told = report["warnings"].as_array().unwrap();
    assert!(
        told.iter().any(|one| one["code"] == "left_out" && one["message"].as_str().unwrap().contains("Köln")),
        "{report}"
    );
}

#[test]
fn nothing_is_dropped_in_silence() {
    let test = folder("p256");
    test.certkit(&["mkcert", "other.example", "--csr", "-o", "other"]).exits(0);
    test.write("all.pem", test.text("chain.pem") + &test.text("server.key") + &test.text("other.csr"));
    convert(&test, &["all.pem", "-o", "all.p7b"])
        .exits(0)
        .says("left out: the private key")
        .says("left out: the certificate request other.example");
    convert(&test, &["all.pem", "-o", "all.p12"]).exits(0).says("left out: the certificate request");
    convert(&test, &["all.pem", "-o", "all.key"]).exits(0).says("left out: the certificate test.example");
    convert(&test, &["all.pem", "-o", "all.der"]).exits(2).says("--to p7b");
    convert(&test, &["all.pem", "-o", "new.pem"]).exits(0).keeps_quiet_about("left out");
    assert_eq!(test.text("new.pem"), test.text("all.pem"));
}

#[test]
fn a_key_that_does_not_fit_is_an_answer() {
    let test = folder("p256");
    test.certkit(&["key", "new", "-o", "stranger.key"]).exits(0);
    convert(&test, &["chain.pem", "--key", "stranger.key", "-o", "x.p12"]).exits(1).says("key_mismatch");
    assert!(!test.path("x.p12").exists());
}

#[test]
fn passwords_of_old_and_new() {
    let test = folder("p256");
    test.write("new", "battery staple\n");
    convert(&test, &["chain.pem", "--key", "server.key", "-o", "old.p12"]).exits(0);
    convert(&test, &["old.p12", "-o", "new.p12", "--new-password-file", "new"]).exits(0);
    test.certkit(&["convert", "new.p12", "--password-file", "pw"]).exits(2).says("wrong_password");
    test.certkit(&["convert", "new.p12", "--password-file", "new", "-o", "open.pem"])
        .exits(0)
        .says("the private key in the new file is not encrypted");
    test.certkit(&["convert", "chain.pem", "-o", "none.p12"]).exits(2).says("password_needed");
    test.program(certkit())
        .args(["convert", "chain.pem", "-o", "some.p12"])
        .env("CERTKIT_PASSWORD", "correct horse")
        .run()
        .exits(0);
    test.write("empty", "\n");
    test.certkit(&["convert", "chain.pem", "-o", "x.p12", "--password-file", "empty"])
        .exits(2)
        .says("is empty");
}

#[test]
fn encrypted_keys_stay_encrypted() {
    let Some(openssl) = peer("openssl") else { return };
    let test = folder("rsa2048");
    test.run(
        &openssl,
        &["rsa", "-traditional", "-aes128", "-passout", "file:pw", "-in", "server.key", "-out", "old.key"],
    )
    .exits(0);
    test.certkit(&["key", "encrypt", "server.key", "-o", "new.key", "--password-file", "pw"]).exits(0);
    for input in ["old.key", "new.key"] {
        for (form, armour) in [("pem", "PEM"), ("der", "DER")] {
            convert(&test, &[input, "--to", form, "-o", "out"]).exits(0).says("encrypted");
            test.run(&openssl, &["pkey", "-inform", armour, "-in", "out", "-passin", "file:pw", "-noout"])
                .exits(0);
            test.run(&openssl, &["pkey", "-inform", armour, "-in", "out", "-passin", "pass:wrong", "-noout"])
                .exits(1);
        }
        convert(&test, &[input, "--to", "pkcs1"])
            .exits(0)
            .says("BEGIN RSA PRIVATE KEY")
            .says("is not encrypted");
    }
}

#[test]
fn standard_input_and_output() {
    let test = folder("p256");
    let der = convert(&test, &["server.crt", "--to", "der", "-o", "-"]).exits(0).stdout_bytes().to_vec();
    assert_eq!(der, blocks(&test.text("server.crt"), "CERTIFICATE")[0]);
    let ran = test.program(certkit()).args(["convert", "-", "-o", "-"]).stdin(&der).run().exits(0);
    assert_eq!(ran.stdout(), test.text("server.crt"));
    convert(&test, &["server.crt", "--format", "json"]).exits(2).says("invalid_setting");
    test.program(certkit())
        .args(["convert", "-", "--to", "p12", "--password-file", "-"])
        .stdin(&der)
        .run()
        .exits(2)
        .says("cannot be both");
}

#[test]
fn nothing_binary_or_secret_meets_a_terminal() {
    let Some(script) = peer("script") else { return };
    let test = folder("p256");
    let program = certkit().display().to_string();
    let on_terminal = |line: &str| test.run(&script, &["-qec", &format!("{program} {line}"), "typescript"]);
    on_terminal("convert server.crt --to der").exits(2).says("binary");
    on_terminal("convert server.crt --to der -o -").exits(2).says("binary");
    on_terminal("convert server.key --to pkcs8").exits(2).says("would be shown").keeps_quiet_about("BEGIN");
    on_terminal("convert server.key").exits(2).says("would be shown").keeps_quiet_about("BEGIN");
    on_terminal("convert server.key -o -").exits(0).says("BEGIN PRIVATE KEY");
    on_terminal("convert server.crt").exits(0).says("BEGIN CERTIFICATE");
}

#[test]
fn the_form_follows_the_ending() {
    let test = folder("p256");
    for ending in ["cer", "crl", "txt", ""] {
        convert(&test, &["server.crt", "-o", &format!("out.{ending}")]).exits(2).says("--to");
    }
    convert(&test, &["server.crt", "-o", "out.jks"]).exits(2).says("out.p12");
    convert(&test, &["server.crt", "-o", "out.PFX"]).exits(0).says("PKCS#12");
    convert(&test, &["server.crt", "-o", "x.pem", "--legacy"]).exits(2).says("--to p12");
}

#[test]
fn the_shape_of_its_json() {
    let test = folder("p256");
    let args = ["chain.pem", "--key", "server.key", "-o", "site.p12", "--format", "json"];
    let report = convert(&test, &args).exits(0).report();
    assert_eq!(report["schema"], 1);
    assert_eq!((report["output"].as_str(), report["form"].as_str()), (Some("site.p12"), Some("p12")));
    let kinds: Vec<_> =
        report["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["private_key", "certificate", "certificate"]);
    assert_eq!(report["items"][0]["name"], "test.example");
    assert_eq!(report["items"][0]["encrypted"], true);
    assert_eq!(report["errors"], serde_json::json!([]));
}
