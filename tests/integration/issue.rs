//! `mkca` and `mkcert`: what they write, and whether the strictest clients take it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::harness::Test;
use crate::peers::{Chromium, peer, python, script};
use crate::process::{Process, free_port};

/// The text of a certificate's fields and extensions as openssl prints it, one space for each run of white space.
fn text_of(test: &Test, openssl: &Path, file: &str) -> String {
    let printed = test.run(openssl, &["x509", "-in", file, "-noout", "-text"]).exits(0).stdout();
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One field of a certificate, such as `-subject`.
fn field(test: &Test, openssl: &Path, file: &str, which: &[&str]) -> String {
    test.run(openssl, &[&["x509", "-in", file, "-noout"], which].concat()).exits(0).stdout().trim().to_owned()
}

#[test]
fn the_five_files_of_the_openssl_way() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0).says("certkit mkcert");
    test.certkit(&["mkcert", "www.mysite.com", "--csr"]).exits(0);
    assert_eq!(test.names(), ["ca.crt", "ca.key", "ledger.jsonl", "server.crt", "server.csr", "server.key"]);

    test.run(&openssl, &["verify", "-x509_strict", "-CAfile", "ca.crt", "server.crt"]).exits(0).says("OK");
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-verify_hostname", "www.mysite.com", "-CAfile", "ca.crt", "server.crt"],
    )
    .exits(0);
    assert_eq!(field(&test, &openssl, "server.crt", &["-subject"]), "subject=CN = www.mysite.com");
    let names = field(&test, &openssl, "server.crt", &["-ext", "subjectAltName"]);
    assert!(names.ends_with("DNS:www.mysite.com"), "{names}");

    // The request is signed by the key, names the same name, and all three hold one public key.
    test.run(&openssl, &["req", "-in", "server.csr", "-noout", "-verify"]).exits(0).says("verify OK");
    test.run(&openssl, &["req", "-in", "server.csr", "-noout", "-text"])
        .exits(0)
        .says("CN = www.mysite.com")
        .says("DNS:www.mysite.com");
    let of_key = test.run(&openssl, &["pkey", "-in", "server.key", "-pubout"]).exits(0).stdout();
    let of_certificate = field(&test, &openssl, "server.crt", &["-pubkey"]);
    let of_request = test.run(&openssl, &["req", "-in", "server.csr", "-noout", "-pubkey"]).exits(0).stdout();
    assert_eq!(of_key.trim(), of_certificate);
    assert_eq!(of_key, of_request);
}

#[test]
fn gnutls_takes_the_chain() {
    let Some(certtool) = peer("certtool") else { return };
    for name in ["www.mysite.com", "127.0.0.1"] {
        let test = Test::with_certificate(name);
        let chain = test.text("server.crt") + &test.text("ca.crt");
        test.program(&certtool)
            .args(["--verify-chain"])
            .stdin(chain)
            .run()
            .exits(0)
            .says("The certificate is trusted");
        let which = if name == "127.0.0.1" {
            "--verify-hostname=127.0.0.1"
        } else {
            "--verify-hostname=www.mysite.com"
        };
        test.run(&certtool, &["--verify", "--load-ca-certificate=ca.crt", "--infile=server.crt", which])
            .exits(0)
            .says("The certificate is trusted");
    }
}

#[test]
fn a_strict_python_client_takes_it() {
    let Some(python) = python(&["ssl"]) else { return };
    let handshake = script("handshake.py");
    let handshake = handshake.to_str().unwrap();
    for name in ["www.mysite.com", "127.0.0.1", "::1"] {
        let test = Test::with_certificate(name);
        test.run(&python, &[handshake, "ca.crt", "server.crt", "server.key", name]).exits(0).says("taken:");
        test.run(&python, &[handshake, "ca.crt", "server.crt", "server.key", "other.example"])
            .exits(1)
            .says("certificate verify failed");
    }
}

#[test]
fn chromium_takes_it_under_its_name_only() {
    let Some(openssl) = peer("openssl") else { return };
    for name in ["www.mysite.com", "127.0.0.1"] {
        let test = Test::with_certificate(name);
        let Some(chromium) = Chromium::trusting(&test, &test.path("ca.crt")) else { return };
        let port = free_port();
        let accept = format!("127.0.0.1:{port}");
        let server = ["s_server", "-www", "-accept", &accept, "-cert", "server.crt", "-key", "server.key"];
        let mut process = Process::start(&test, test.program(&openssl).args(server));
        process.wait_for(accept.parse().unwrap());
        chromium.load(&format!("https://{name}:{port}/"), name).exits(0).says("s_server -www");
        chromium
            .load(&format!("https://other.example:{port}/"), "other.example")
            .keeps_quiet_about("s_server -www")
            .says("ERR_CERT_COMMON_NAME_INVALID");
    }
}

#[test]
fn an_address_becomes_an_address_entry() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("127.0.0.1");
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-verify_ip", "127.0.0.1", "-CAfile", "ca.crt", "server.crt"],
    )
    .exits(0);
    assert_eq!(field(&test, &openssl, "server.crt", &["-subject"]), "subject=CN = 127.0.0.1");
    let names = field(&test, &openssl, "server.crt", &["-ext", "subjectAltName"]);
    assert!(names.ends_with("IP Address:127.0.0.1") && !names.contains("DNS:"), "{names}");
}

#[test]
fn every_name_stands_in_the_certificate() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&[
        "mkcert",
        "test.example",
        "*.test.example",
        "localhost",
        "10.1.2.3",
        "::1",
        "me@test.example",
        "https://test.example/app",
    ])
    .exits(0);
    let names = field(&test, &openssl, "server.crt", &["-ext", "subjectAltName"]);
    let names: BTreeSet<_> = names.lines().last().unwrap().split(", ").map(str::trim).collect();
    let wanted = [
        "DNS:test.example",
        "DNS:*.test.example",
        "DNS:localhost",
        "IP Address:10.1.2.3",
        "IP Address:0:0:0:0:0:0:0:1",
        "email:me@test.example",
        "URI:https://test.example/app",
    ];
    assert_eq!(names, BTreeSet::from(wanted));
    assert_eq!(field(&test, &openssl, "server.crt", &["-subject"]), "subject=CN = test.example");
}

#[test]
fn a_name_too_long_for_the_cn_stands_in_the_san_alone() {
    let Some(openssl) = peer("openssl") else { return };
    let name = format!("{}.{}.example", "a".repeat(40), "b".repeat(40));
    let test = Test::with_certificate(&name);
    let text = text_of(&test, &openssl, "server.crt");
    assert!(!text.contains(&format!("CN = {name}")), "{text}");
    assert!(text.contains(&format!("DNS:{name}")), "{text}");
    // RFC 5280 section 4.1.2.6: without a subject the names must be critical.
    if field(&test, &openssl, "server.crt", &["-subject"]) == "subject=" {
        assert!(text.contains("Subject Alternative Name: critical"), "{text}");
    }
    test.run(&openssl, &["verify", "-x509_strict", "-CAfile", "ca.crt", "server.crt"]).exits(0);
}

#[test]
fn kinds_of_keys() {
    let Some(openssl) = peer("openssl") else { return };
    let kinds = [
        (
            "p256",
            "ASN1 OID: prime256v1",
            "Signature Algorithm: ecdsa-with-SHA256",
            "Digital Signature X509v3",
        ),
        ("p384", "ASN1 OID: secp384r1", "Signature Algorithm: ecdsa-with-SHA384", "Digital Signature X509v3"),
        (
            "rsa2048",
            "Public-Key: (2048 bit)",
            "Signature Algorithm: sha256WithRSAEncryption",
            "Digital Signature, Key Encipherment X509v3",
        ),
        (
            "rsa3072",
            "Public-Key: (3072 bit)",
            "Signature Algorithm: sha256WithRSAEncryption",
            "Digital Signature, Key Encipherment X509v3",
        ),
    ];
    for (kind, key, signature, usage) in kinds {
        let test = Test::new();
        test.certkit(&["mkca", "-k", kind]).exits(0).keeps_quiet_about("browser_unsupported");
        test.certkit(&["mkcert", "test.example", "-k", kind, "--csr"]).exits(0);
        let text = text_of(&test, &openssl, "server.crt");
        for wanted in [key, signature, &format!("X509v3 Key Usage: critical {usage}")] {
            assert!(text.contains(wanted), "{kind}: no {wanted:?} in {text}");
        }
        test.run(&openssl, &["verify", "-x509_strict", "-CAfile", "ca.crt", "server.crt"]).exits(0);
        test.run(&openssl, &["pkey", "-in", "server.key", "-noout", "-check"]).exits(0);
        test.run(&openssl, &["req", "-in", "server.csr", "-noout", "-verify"]).exits(0).says("verify OK");
        if let Some(certtool) = peer("certtool") {
            let args = ["--verify", "--load-ca-certificate=ca.crt", "--infile=server.crt"];
            test.run(&certtool, &args).exits(0);
        }
    }
}

#[test]
fn kinds_that_browsers_refuse_are_warned_about() {
    let Some(openssl) = peer("openssl") else { return };
    for kind in ["ed25519", "p521"] {
        let test = Test::new();
        test.certkit(&["mkca"]).exits(0);
        test.certkit(&["mkcert", "test.example", "-k", kind]).exits(0).says("browser_unsupported");
        test.run(&openssl, &["verify", "-x509_strict", "-CAfile", "ca.crt", "server.crt"]).exits(0);
        test.run(&openssl, &["pkey", "-in", "server.key", "-noout"]).exits(0);
    }
}

#[test]
fn the_profile_of_ca_and_certificate() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("test.example");
    let ca = text_of(&test, &openssl, "ca.crt");
    for wanted in [
        "Version: 3 (0x2)",
        "X509v3 Basic Constraints: critical CA:TRUE X509v3",
        "X509v3 Key Usage: critical Certificate Sign, CRL Sign",
        "CN = ",
    ] {
        assert!(ca.contains(wanted), "no {wanted:?} in {ca}");
    }
    assert!(!ca.contains("Extended Key Usage"), "{ca}");
    assert!(ca.contains("tester@"), "a CA must be told apart in a trust store: {ca}");

    let leaf = text_of(&test, &openssl, "server.crt");
    for wanted in [
        "Version: 3 (0x2)",
        "X509v3 Key Usage: critical Digital Signature X509v3",
        "X509v3 Extended Key Usage: TLS Web Server Authentication",
        "CA:FALSE",
    ] {
        assert!(leaf.contains(wanted), "no {wanted:?} in {leaf}");
    }
    assert!(!leaf.contains("Client Authentication"), "{leaf}");
    assert!(!leaf.contains("X509v3 Authority Key Identifier: critical"), "{leaf}");

    // SKI and AKI are there, and the leaf's AKI is the CA's SKI: the key identifier and nothing else.
    let last_line = |file: &str, which: &str| {
        field(&test, &openssl, file, &["-ext", which]).lines().last().unwrap().trim().to_owned()
    };
    let identifier = last_line("ca.crt", "subjectKeyIdentifier");
    assert_eq!(last_line("server.crt", "authorityKeyIdentifier").trim_start_matches("keyid:"), identifier);
    assert_ne!(last_line("server.crt", "subjectKeyIdentifier"), identifier);
    assert_eq!(last_line("ca.crt", "authorityKeyIdentifier").trim_start_matches("keyid:"), identifier);
}

#[test]
fn serial_numbers_are_long_random_and_positive() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let mut serials = vec![field(&test, &openssl, "ca.crt", &["-serial"])];
    for base in ["one", "two", "three"] {
        test.certkit(&["mkcert", "test.example", "-o", base]).exits(0);
        serials.push(field(&test, &openssl, &format!("{base}.crt"), &["-serial"]));
    }
    for serial in &serials {
        let digits = serial.strip_prefix("serial=").unwrap();
        assert!(!digits.starts_with('-'), "{serial}");
        // 16 bytes; leading zero bytes may be missing, ten of them in a row will not be.
        assert!((12..=34).contains(&digits.len()), "{serial}");
    }
    assert_eq!(serials.iter().collect::<BTreeSet<_>>().len(), serials.len(), "{serials:?}");
}

#[test]
fn times() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("test.example");
    let day = 24 * 60 * 60;
    let ends_within = |file: &str, seconds: i64| {
        let seconds = seconds.to_string();
        !test.run(&openssl, &["x509", "-in", file, "-noout", "-checkend", &seconds]).succeeded()
    };
    assert!(!ends_within("server.crt", 396 * day) && ends_within("server.crt", 397 * day));
    assert!(!ends_within("ca.crt", 3649 * day) && ends_within("ca.crt", 3650 * day));
    // Clocks of other machines may be a few minutes behind.
    let attime = |minutes: i64| {
        let now = test.run("date", &["+%s"]).stdout().trim().parse::<i64>().unwrap();
        let at = (now - minutes * 60).to_string();
        test.run(&openssl, &["verify", "-attime", &at, "-CAfile", "ca.crt", "server.crt"])
    };
    attime(4).exits(0);
    attime(7).exits(2).says("not yet valid");
}

#[test]
fn a_certificate_never_outlives_its_ca() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--days", "30"]).exits(0);
    test.certkit(&["mkcert", "test.example"]).exits(0).says("CA");
    assert_eq!(
        field(&test, &openssl, "server.crt", &["-enddate"]),
        field(&test, &openssl, "ca.crt", &["-enddate"])
    );
    // Of many it is said once.
    test.write("names.txt", "a.test\nb.test\n");
    let made = test.certkit(&["mkcert", "--from", "names.txt", "-o", "many"]).exits(0);
    assert_eq!(made.all().matches("together with its CA").count(), 1, "{}", made.all());
    assert_eq!(
        field(&test, &openssl, "many/b.test.crt", &["-enddate"]),
        field(&test, &openssl, "ca.crt", &["-enddate"])
    );
}

#[test]
fn long_validity_is_warned_about_then_refused() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "a.example", "-o", "a", "--days", "398"])
        .exits(0)
        .keeps_quiet_about("validity_too_long");
    test.certkit(&["mkcert", "b.example", "-o", "b", "--days", "399"]).exits(0).says("validity_too_long");
    let before = test.files();
    test.certkit(&["mkcert", "c.example", "-o", "c", "--days", "826"])
        .exits(2)
        .says("validity_too_long")
        .says("825");
    assert_eq!(test.files(), before);
    test.certkit(&["mkcert", "c.example", "-o", "c", "--days", "826", "--force"]).exits(0);
}

#[test]
fn an_intermediate_signs_where_there_is_one() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    assert_eq!(test.names(), ["ca.crt", "ca.key", "intermediate.crt", "intermediate.key", "ledger.jsonl"]);
    test.certkit(&["mkcert", "test.example"]).exits(0).says("certkit merge server.crt ca-bundle.ca");
    assert_eq!(test.text("ca-bundle.ca"), test.text("intermediate.crt"));
    assert_eq!((test.mode("server.key"), test.mode("intermediate.key")), (0o600, 0o600));
    let verify = ["verify", "-x509_strict", "-CAfile", "ca.crt"];
    test.run(&openssl, &[&verify[..], &["-untrusted", "ca-bundle.ca", "server.crt"]].concat()).exits(0);
    test.run(&openssl, &[&verify[..], &["server.crt"]].concat()).exits(2);
    assert!(text_of(&test, &openssl, "ca.crt").contains("critical CA:TRUE X509v3"));
    assert!(text_of(&test, &openssl, "intermediate.crt").contains("critical CA:TRUE, pathlen:0"));
}

#[test]
fn a_client_certificate() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "me@test.example", "--client", "-o", "me"]).exits(0);
    let text = text_of(&test, &openssl, "me.crt");
    assert!(text.contains("Extended Key Usage: TLS Web Client Authentication"), "{text}");
    assert!(!text.contains("Server Authentication"), "{text}");
    test.run(&openssl, &["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.crt", "me.crt"])
        .exits(0);
}

#[test]
fn a_ca_for_some_names_only() {
    let Some(openssl) = peer("openssl") else { return };
    for intermediate in [&[][..], &["--intermediate"]] {
        let test = Test::new();
        let args = [&["mkca", "--permit", "test", "--permit", "10.0.0.0/8"], intermediate].concat();
        test.certkit(&args).exits(0);
        test.certkit(&["mkcert", "www.test", "10.1.2.3"]).exits(0);
        let text = text_of(&test, &openssl, "ca.crt");
        assert!(text.contains("X509v3 Name Constraints: critical Permitted: DNS:test"), "{text}");
        assert!(text.contains("IP:10.0.0.0/255.0.0.0"), "{text}");
        let mut verify = vec!["verify", "-x509_strict", "-CAfile", "ca.crt"];
        if !intermediate.is_empty() {
            verify.extend(["-untrusted", "ca-bundle.ca"]);
            assert!(text_of(&test, &openssl, "intermediate.crt").contains("Name Constraints: critical"));
        }
        verify.push("server.crt");
        test.run(&openssl, &verify).exits(0);
        let before = test.files();
        test.certkit(&["mkcert", "www.example", "-o", "other"]).exits(2).says("name_constraint");
        test.certkit(&["mkcert", "192.0.2.1", "-o", "other"]).exits(2).says("name_constraint");
        assert_eq!(test.files(), before);
    }
}

#[test]
fn keys_are_private_whatever_the_umask() {
    let test = Test::new();
    let run = |args: &[&str]| {
        test.program(crate::harness::certkit()).args(args).umask("000").run().exits(0);
    };
    run(&["mkca", "--intermediate"]);
    run(&["mkcert", "test.example", "--csr"]);
    for key in ["ca.key", "intermediate.key", "server.key"] {
        assert_eq!(test.mode(key), 0o600, "{key}");
    }
    for public in ["ca.crt", "intermediate.crt", "server.crt", "server.csr", "ca-bundle.ca"] {
        assert_eq!(test.mode(public) & 0o133, 0, "{public} may be written by others");
    }
}

#[test]
fn nothing_is_overwritten() {
    let test = Test::with_certificate("test.example");
    let before = test.files();
    test.certkit(&["mkca"]).exits(2).says("output_exists").says("--force");
    test.certkit(&["mkcert", "test.example"]).exits(2).says("output_exists").says("--force");
    assert_eq!(test.files(), before);

    let (old_key, old_ca_key) = (test.text("server.key"), test.text("ca.key"));
    test.certkit(&["mkcert", "test.example", "--force"]).exits(0);
    assert_ne!(test.text("server.key"), old_key);
    assert_eq!(test.text("server.key.bak"), old_key);
    assert_eq!(test.mode("server.key.bak"), 0o600);
    test.certkit(&["mkca", "--force"]).exits(0);
    assert_eq!(test.text("ca.key.bak"), old_ca_key);
    assert_ne!(test.text("ca.key"), old_ca_key);
}

#[test]
fn all_files_or_none() {
    for in_the_way in ["server.crt", "server.csr", "server.key"] {
        let test = Test::new();
        test.certkit(&["mkca"]).exits(0);
        test.write(in_the_way, "mine\n");
        let before = test.files();
        test.certkit(&["mkcert", "test.example", "--csr"]).exits(2).says(in_the_way);
        assert_eq!(test.files(), before);
    }
    let test = Test::new();
    test.write("intermediate.key", "mine\n");
    let before = test.files();
    test.certkit(&["mkca", "--intermediate"]).exits(2).says("intermediate.key");
    assert_eq!(test.files(), before);
}

#[test]
fn where_the_ca_is_looked_for() {
    let test = Test::new();
    test.certkit(&["mkcert", "test.example"]).exits(2).says("ca_not_found").says("certkit mkca");
    assert_eq!(test.names(), [""; 0]);

    // From the least to the most wanted place; each new one wins over those before.
    test.certkit(&["mkca", "Global", "--global"]).exits(0);
    assert!(test.home().join("data/certkit/ca.key").is_file());
    let issuer = |base: &str| test.certkit(&["check", &format!("{base}.crt"), "--format", "json"]).stdout();
    test.certkit(&["mkcert", "test.example", "-o", "one"]).exits(0);
    assert!(issuer("one").contains("Global"));
    test.certkit(&["mkca", "Here"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-o", "two"]).exits(0);
    assert!(issuer("two").contains("Here"));
    test.certkit(&["mkca", "Folder", "-o", "folder"]).exits(0);
    let folder = test.path("folder");
    test.program(crate::harness::certkit())
        .args(["mkcert", "test.example", "-o", "three"])
        .env("CERTKIT_CA_DIR", folder)
        .run()
        .exits(0);
    assert!(issuer("three").contains("Folder"));
    test.certkit(&["mkca", "Given", "-o", "given"]).exits(0);
    let given = ["mkcert", "test.example", "-o", "four", "--ca", "given/ca.crt", "--ca-key", "given/ca.key"];
    test.certkit(&given).exits(0);
    assert!(issuer("four").contains("Given"));
}

#[test]
fn a_ca_whose_key_does_not_fit_signs_nothing() {
    let test = Test::new();
    test.certkit(&["mkca", "-o", "a"]).exits(0);
    test.certkit(&["mkca", "-o", "b"]).exits(0);
    let before = test.files();
    test.certkit(&["mkcert", "test.example", "--ca", "a/ca.crt", "--ca-key", "b/ca.key"])
        .exits(2)
        .says("key_mismatch");
    assert_eq!(test.files(), before);
}

#[test]
fn what_is_no_name() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let before = test.files();
    for name in
        ["", "not a name", "a..b", "*.*.example", "a.*.example", "-a.example", "a_b\n.example", "999.1.1.1"]
    {
        test.certkit(&["mkcert", "--", name]).exits(2).says("invalid_name");
    }
    assert_eq!(test.files(), before);
}
