//! `csr` and `sign`: requests that other programs make, and what becomes of them.

use std::path::PathBuf;

use crate::harness::Test;
use crate::peers::{peer, python, script};

/// A test with a CA.
fn with_ca() -> Test {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test
}

/// The certificate is right in openssl's eyes, has this request's key, and is no CA.
fn is_right(test: &Test, openssl: &PathBuf, request: &str, certificate: &str) -> String {
    test.run(openssl, &["verify", "-x509_strict", "-CAfile", "ca.crt", certificate]).exits(0);
    let of_request = test.run(openssl, &["req", "-in", request, "-noout", "-pubkey"]).exits(0).stdout();
    let of_certificate =
        test.run(openssl, &["x509", "-in", certificate, "-noout", "-pubkey"]).exits(0).stdout();
    assert_eq!(of_request, of_certificate, "{request}");
    let text = test.run(openssl, &["x509", "-in", certificate, "-noout", "-text"]).exits(0).stdout();
    assert!(text.contains("CA:FALSE") && !text.contains("Certificate Sign"), "{text}");
    text
}

#[test]
fn requests_of_openssl() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_ca();
    let san = "subjectAltName=DNS:www.test.example,IP:10.1.2.3,email:me@test.example";
    let kinds: [(&str, &[&str]); 5] = [
        ("p256", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("p384", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha256"]),
        ("rsa", &["-newkey", "rsa:2048"]),
        ("sha1", &["-newkey", "rsa:2048", "-sha1"]),
        ("pss", &["-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1"]),
    ];
    for (kind, args) in kinds {
        let request = format!("{kind}.csr");
        let common =
            ["req", "-new", "-nodes", "-subj", "/C=DE/O=Team/OU=A/OU=B/CN=www.test.example", "-addext", san];
        let files = ["-keyout", "new.key", "-out", &request];
        test.run(&openssl, &[&common[..], args, &files].concat()).exits(0);
        test.certkit(&["sign", &request]).exits(0).says("www.test.example");
        let text = is_right(&test, &openssl, &request, &format!("{kind}.crt"));
        for wanted in ["OU = A, OU = B", "DNS:www.test.example, IP Address:10.1.2.3, email:me@test.example"] {
            assert!(text.contains(wanted), "{kind}: no {wanted:?} in {text}");
        }
    }
    // DER, and standard input to standard output.
    test.run(&openssl, &["req", "-in", "p256.csr", "-outform", "DER", "-out", "der.csr"]).exits(0);
    test.certkit(&["sign", "der.csr"]).exits(0);
    let program = test.program(crate::harness::certkit()).args(["sign", "-"]);
    let signed = program.stdin(test.text("p256.csr")).run().exits(0).stdout();
    assert!(signed.starts_with("-----BEGIN CERTIFICATE-----"), "{signed}");
    assert_eq!(test.text("ledger.jsonl").lines().count(), 8);
}

#[test]
fn requests_of_gnutls_and_java() {
    let (Some(openssl), Some(certtool), Some(keytool)) = (peer("openssl"), peer("certtool"), peer("keytool"))
    else {
        return;
    };
    let test = with_ca();
    test.write("template", "cn = www.test.example\ndns_name = www.test.example\ndns_name = b.test.example\n");
    test.run(&certtool, &["--generate-privkey", "--key-type=ecdsa", "--outfile=g.key"]).exits(0);
    let args = ["--generate-request", "--load-privkey=g.key", "--template=template", "--outfile=g.csr"];
    test.run(&certtool, &args).exits(0);
    test.certkit(&["sign", "g.csr"]).exits(0);
    let text = is_right(&test, &openssl, "g.csr", "g.crt");
    assert!(text.contains("DNS:www.test.example, DNS:b.test.example"), "{text}");
    test.run(&certtool, &["--verify", "--load-ca-certificate=ca.crt", "--infile=g.crt"]).exits(0);

    let store = ["-keystore", "j.p12", "-storepass", "changeit", "-alias", "j"];
    let make =
        ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=www.test.example, O=Team"];
    test.run(&keytool, &[&make[..], &store].concat()).exits(0);
    let ask = ["-certreq", "-file", "j.csr", "-ext", "san=dns:www.test.example,ip:10.1.2.3"];
    test.run(&keytool, &[&ask[..], &store].concat()).exits(0);
    test.certkit(&["sign", "j.csr"]).exits(0);
    let text = is_right(&test, &openssl, "j.csr", "j.crt");
    assert!(text.contains("DNS:www.test.example, IP Address:10.1.2.3"), "{text}");
    // And Java takes the answer to its request.
    let ca = [
        "-importcert",
        "-noprompt",
        "-file",
        "ca.crt",
        "-keystore",
        "j.p12",
        "-storepass",
        "changeit",
        "-alias",
        "ca",
    ];
    test.run(&keytool, &ca).exits(0);
    test.run(&keytool, &[&["-importcert", "-noprompt", "-file", "j.crt"][..], &store].concat())
        .exits(0)
        .says("installed in keystore");
}

#[test]
fn requests_of_pyca_with_all_that_may_be_odd() {
    let (Some(openssl), Some(python)) = (peer("openssl"), python(&["cryptography.x509.verification"])) else {
        return;
    };
    let test = with_ca();
    let pyca = script("pyca.py").display().to_string();
    for kind in ["plain", "p256-sha384", "p384-sha256", "p521", "ed25519", "rsa-pss", "odd", "ca"] {
        let (request, certificate) = (format!("a-{kind}.csr"), format!("a-{kind}.crt"));
        test.run(&python, &[&pyca, "csr", kind, &request]).exits(0);
        let ran = test.certkit(&["sign", &request]).exits(0);
        let ran = if kind == "ca" { ran.says("was not granted") } else { ran };
        drop(if ["p521", "ed25519"].contains(&kind) { ran.says("browser_unsupported") } else { ran });
        let text = is_right(&test, &openssl, &request, &certificate);
        assert!(text.contains("O = Team, CN = www.test.example"), "{text}");
        assert!(!text.contains("Any Extended") && !text.contains("TLS Feature"), "{text}");
        test.run(&python, &[&pyca, "read", &certificate]).exits(0).says("www.test.example");
    }
}

#[test]
fn a_request_with_a_name_in_the_cn_only_gets_an_offer() {
    let (Some(openssl), Some(python)) = (peer("openssl"), python(&["cryptography.x509.verification"])) else {
        return;
    };
    let test = with_ca();
    test.run(&python, &[script("pyca.py").to_str().unwrap(), "csr", "cn-only", "old.csr"]).exits(0);
    let before = test.files();
    test.certkit(&["sign", "old.csr"])
        .exits(1)
        .says("no_san")
        .says("certkit sign old.csr --san www.test.example");
    assert_eq!(test.files(), before);
    test.certkit(&["sign", "old.csr", "--san", "www.test.example"]).exits(0);
    let text = is_right(&test, &openssl, "old.csr", "old.crt");
    assert!(text.contains("DNS:www.test.example"), "{text}");
    // A client is known by its subject as well.
    test.certkit(&["sign", "old.csr", "--profile", "client", "-o", "client.crt"]).exits(0);
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.crt", "client.crt"],
    )
    .exits(0);
}

#[test]
fn what_is_not_signed() {
    let (Some(openssl), Some(python)) = (peer("openssl"), python(&["cryptography.x509.verification"])) else {
        return;
    };
    let test = with_ca();
    let pyca = script("pyca.py").display().to_string();
    for kind in ["rsa1024", "secp256k1", "plain"] {
        test.run(&python, &[&pyca, "csr", kind, &format!("{kind}.csr")]).exits(0);
    }
    // A key that signs by RSA-PSS alone proves that it is there, but hardly any client takes it.
    let make = [
        "req",
        "-new",
        "-nodes",
        "-newkey",
        "rsa-pss",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-keyout",
        "pss.key",
    ];
    let rest = [
        "-subj",
        "/CN=a.test",
        "-addext",
        "subjectAltName=DNS:a.test",
        "-sigopt",
        "rsa_pss_saltlen:-1",
        "-out",
        "pss.csr",
    ];
    test.run(&openssl, &[&make[..], &rest].concat()).exits(0);
    // One letter of a name is changed: the signature is another request's.
    test.run(&openssl, &["req", "-in", "plain.csr", "-outform", "DER", "-out", "changed.csr"]).exits(0);
    let mut der = std::fs::read(test.path("changed.csr")).unwrap();
    let at = der.windows(4).rposition(|window| window == b"www.").unwrap();
    der[at] = b'x';
    test.write("changed.csr", der);
    test.write("two.csr", test.text("plain.csr") + &test.text("plain.csr"));
    test.certkit(&["mkca", "-o", "two", "--intermediate"]).exits(0);
    let before = test.files();
    test.certkit(&["sign", "rsa1024.csr"]).exits(1).says("weak_key");
    test.certkit(&["sign", "secp256k1.csr"]).exits(1).says("weak_signature");
    test.certkit(&["sign", "pss.csr"]).exits(1).says("weak_key");
    test.certkit(&["sign", "changed.csr"]).exits(1).says("bad_signature");
    test.certkit(&["sign", "two.csr"]).exits(2).says("not_a_request");
    test.certkit(&["sign", "ca.crt"]).exits(2).says("not_a_request");
    test.certkit(&["sign", "nothing.csr"]).exits(2).says("not_found");
    test.certkit(&["sign", "plain.csr", "--san", "no name"]).exits(2).says("invalid_name");
    let below = ["--profile", "ca", "--ca", "two/intermediate.crt"];
    test.certkit(&[&["sign", "plain.csr"][..], &below].concat()).exits(1).says("path_length");
    test.certkit(&["sign", "plain.csr", "-o", "ca.crt"]).exits(2).says("output_exists");
    test.certkit(&["sign", "plain.csr", "-o", "-", "--format", "json"]).exits(2).says("invalid_setting");
    assert_eq!(test.files(), before);
}

#[test]
fn a_ca_below_ours_is_made_on_request_only() {
    let (Some(openssl), Some(python)) = (peer("openssl"), python(&["cryptography.x509.verification"])) else {
        return;
    };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.run(&python, &[script("pyca.py").to_str().unwrap(), "csr", "ca", "team.csr"]).exits(0);
    let root = ["--ca", "ca.crt", "--ca-key", "ca.key"];
    test.certkit(&[&["sign", "team.csr", "--profile", "ca"][..], &root].concat()).exits(0);
    let below = ["mkcert", "a.test", "-o", "below", "--ca", "team.crt", "--ca-key", "team.csr.key"];
    test.certkit(&below).exits(0);
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-CAfile", "ca.crt", "-untrusted", "team.crt", "below.crt"],
    )
    .exits(0);
}

#[test]
fn a_request_and_its_way_back() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_ca();
    for kind in ["p256", "p384", "p521", "ed25519", "rsa2048"] {
        let (request, certificate) = (format!("{kind}.csr"), format!("{kind}.crt"));
        let args = ["csr", "www.test.example", "10.1.2.3", "-k", kind, "-o", &request];
        test.certkit(&args).exits(0).says(&format!("certkit sign {request}"));
        assert_eq!(test.mode(&format!("{kind}.key")), 0o600);
        test.run(&openssl, &["req", "-in", &request, "-noout", "-verify"]).exits(0).says("verify OK");
        test.certkit(&["sign", &request]).exits(0);
        is_right(&test, &openssl, &request, &certificate);
    }
    // With a key that is there already, and a subject of one's own.
    let subject = "C=DE,O=Team,OU=A,OU=B";
    test.certkit(&["csr", "www.test.example", "--key", "p256.key", "--subject", subject, "-o", "own.csr"])
        .exits(0);
    assert!(!test.path("own.key").exists());
    test.run(&openssl, &["req", "-in", "own.csr", "-noout", "-subject"])
        .exits(0)
        .says("C = DE, O = Team, OU = A, OU = B, CN = www.test.example");
    let before = test.files();
    test.certkit(&["csr", "www.test.example", "-o", "own.csr", "-k", "p384"]).exits(2).says("output_exists");
    test.certkit(&["csr", "no name", "-o", "x.csr"]).exits(2).says("invalid_name");
    test.certkit(&["csr", "a.test", "--subject", "C=Germany", "-o", "x.csr"])
        .exits(2)
        .says("two capital letters");
    assert_eq!(test.files(), before);
}
